use super::*;

/// Says which of the texts are not understood so.
fn all(intent: Intent, texts: &[&str]) {
    let understander = Understander::shipped().unwrap();
    let wrong: Vec<_> = texts
        .iter()
        .map(|text| (*text, understander.understand(text)))
        .filter(|(_, found)| found.intent != intent)
        .map(|(text, found)| (text, found.intent, found.intent_confidence))
        .collect();
    assert!(wrong.is_empty(), "not {intent:?}: {wrong:?}");
}

fn severities(severity: Option<Severity>, texts: &[&str]) {
    let understander = Understander::shipped().unwrap();
    for text in texts {
        assert_eq!(understander.understand(text).severity, severity, "{text}");
    }
}

#[test]
fn naming_a_human_is_not_asking_for_one() {
    all(
        Intent::AskHuman,
        &["帮忙转一下人工", "直接给我找位工程师", "我要和真人讲话", "可以換真人嗎", "I need a real human"],
    );
    all(
        Intent::Question,
        &[
            "不用转人工,就想知道怎么续费",
            "先别转客服,我只问快照怎么收费",
            "我们的呼叫中心按 9 转人工怎么设置",
            "自建机器人转人工的接口怎么调",
        ],
    );
    all(Intent::Contact, &["转人工要收费吗", "人工客服周六在不在", "客服热线是多少"]);
    all(Intent::Resolved, &["不用找人了,已经好了"]);
    let understander = Understander::shipped().unwrap();
    for text in ["算了不用转了,我接着问你吧", "不转人工了", "取消转人工吧"] {
        assert_ne!(understander.understand(text).intent, Intent::AskHuman, "{text}");
    }
}

#[test]
fn naming_an_outage_is_not_having_one() {
    all(
        Intent::Question,
        &[
            "怎么预防服务器宕机",
            "要是主库挂了会自动切换吗",
            "想提前了解宕机以后怎么恢复",
            "What if the whole zone goes down?",
        ],
    );
    all(
        Intent::UrgentOutage,
        &["现在整个网站都宕了,谁也进不来", "生产全部瘫痪了!!", "全站打不開了,所有客戶都進不來"],
    );
    severities(Some(Severity::P0), &["生产库被人删了,业务全停", "everything in production is down"]);
    severities(Some(Severity::P1), &["紧急:部分用户付不了款", "有一台后端一直健康检查失败,别的正常"]);
    severities(Some(Severity::P2), &["测试环境的数据库连不上,不急", "怎么预防宕机", "那收费呢"]);
    severities(None, &["转人工", "你好", "没用", "查一下我的工单", "版本 5.7", "我要投诉"]);
}

#[test]
fn verdicts_courtesies_and_goodbyes() {
    all(Intent::Resolved, &["哦好了,可以用了", "搞定,谢谢", "嗯就是这个,解决了"]);
    all(
        Intent::Unresolved,
        &["照做了还是不行", "没用,看不懂", "依然没有解决", "不行,还是看不到", "都試過,唔得"],
    );
    all(Intent::Thanks, &["好的,谢谢啊", "好吧,那谢谢", "唔該晒你"]);
    all(Intent::Bye, &["没有别的事了,结束会话吧", "先这样吧,回头聊"]);
    all(Intent::Rate, &["五星好评!", "打 4 分"]);
    all(Intent::EraseData, &["把我的聊天记录都删掉", "忘掉我刚说的手机号"]);
}

#[test]
fn a_fragment_or_a_babble_is_a_question() {
    all(
        Intent::Question,
        &["那 Windows 呢", "那七层的呢", "怎么收费", "还有别的办法吗", "叽哩哇啦噗噗怎么嘭", "呜噜呜噜嘶嘶"],
    );
    all(Intent::Chitchat, &["😂😂😂", "🤣", ""]);
}

#[test]
fn any_text_is_understood() {
    let understander = Understander::shipped().unwrap();
    for text in ["\0", "￾", "-", "?", "\u{200d}", "i-", "…", "💥💥", "a".repeat(100_000).as_str(), "\n\n"]
    {
        let found = understander.understand(text);
        assert!((0.0..=1.0).contains(&found.intent_confidence), "{text:.20}: {found:?}");
    }
}

#[test]
fn a_negation_reaches_its_clause_and_no_further() {
    let cues = shipped_cues().unwrap();
    let person = cues.class("person").unwrap();
    let negated = |text: &str| {
        let form = Form::of(text);
        cues.find(&form)
            .iter()
            .filter(|cue| cue.classes.contains(&person))
            .map(|cue| cue.negated)
            .collect::<Vec<_>>()
    };
    assert_eq!(negated("不用转人工"), [true]);
    assert_eq!(negated("不行,转人工"), [false]);
    assert_eq!(negated("人工智能"), [false; 0]);
}

#[test]
fn phrases_of_an_outage_ring_and_guards_keep_them_from_it() {
    all(
        Intent::UrgentOutage,
        &["机房着火了", "官网现在打不开了,所有客户都进不来", "不是演练,业务全部瘫痪", "听着,系统全部不可用"],
    );
    all(
        Intent::Question,
        &[
            "如何预防宕机",
            "宕机怎么赔偿",
            "上次宕机的原因",
            "下周要做宕机演练",
            "如果宕机",
            "如果全站打不开了怎么办",
            "线上全挂了一般先看什么",
        ],
    );
    severities(Some(Severity::P0), &["整个平台挂了,马上转人工"]);
}

#[test]
fn a_wish_for_a_human_stays_one_in_an_outage() {
    all(Intent::AskHuman, &["整个平台挂了,马上转人工"]);
}

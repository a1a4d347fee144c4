//! What is said about a hand-off that is under way: that it shall not be, or how long it takes.

use super::form::Form;

/// What calls something off where it stands before or after [`TRANSFER`].
const OFF: &[&str] = &[
    "不用",
    "不要",
    "不必",
    "不需要",
    "无需",
    "用不着",
    "先别",
    "别",
    "先不",
    "不找",
    "不叫",
    "不接",
    "不排",
    "取消",
    "撤销",
    "停止",
    "甭",
    "cancel",
    "no need",
    "don't",
    "dont",
    "never mind",
    "nevermind",
];
/// A hand-off, or those who take it.
const TRANSFER: &[&str] = &[
    "转",
    "人工",
    "真人",
    "客服",
    "排队",
    "排了",
    "排",
    "等人",
    "找人",
    "叫人",
    "接人",
    "工程师",
    "坐席",
    "座席",
    "transfer",
    "agent",
    "human",
    "queue",
    "handoff",
];
/// Called off by itself: what is left of the queue is nothing else.
const WHOLE: &[&str] = &[
    "不等了",
    "不排了",
    "不用等了",
    "不用排了",
    "不转了",
    "别转",
    "不用转",
    "不转",
    "不排队",
    "还是问你",
    "不找人",
];
/// Characters of such a clause at most.
const SHORT: usize = 10;
/// Signs that it is wished for all the same, or that it is the bot that is called off.
const STILL: &[&str] = &[
    "机器人",
    "bot",
    "智能",
    "不要再",
    "别再",
    "不要推",
    "为什么",
    "怎么不",
    "咋不",
    "能不能",
    "可不可以",
    "不能",
    "不给",
    "不让",
    "转不",
    "要不要",
    "还不",
    "怎么还",
    "没人",
    "废话",
    "敷衍",
    "ai",
    "不行",
    "不想跟",
    "不想和",
    "别问",
    "不用问",
    "不会转",
    "啰嗦",
];
/// Words after which it is a wish again: "不用机器人，直接人工".
const WISH: &[&str] = &[
    "要",
    "我要",
    "直接",
    "给我",
    "帮我转",
    "请",
    "转人工吧",
    "还是转",
    "叫",
    "换",
    "赶紧",
    "快转",
    "马上转",
    "just",
    "get me",
];
/// Units between the calling off and what is called off.
const REACH: usize = 6;

/// Whether a message takes a hand-off back ("算了不用转了", "取消转人工"), and does not ask for one.
pub fn cancels_handoff(text: &str) -> bool {
    let form = Form::of(text);
    let clauses = clauses(&form);
    if clauses.iter().any(|clause| STILL.iter().any(|word| clause.contains(word))) {
        return false;
    }
    let called_off: Vec<bool> = clauses.iter().map(|clause| calls_off(clause)).collect();
    let wished = clauses.iter().zip(&called_off).any(|(clause, off)| {
        !off && TRANSFER.iter().any(|word| clause.contains(word))
            && WISH.iter().any(|word| clause.contains(word))
    });
    called_off.contains(&true) && !wished
}

/// Whether a message asks how long the queue takes ("还要等多久", "排到第几了").
pub fn wants_wait_estimate(text: &str) -> bool {
    const WAITING: &[&str] =
        &["等", "排", "轮到", "接通", "接入", "前面", "wait", "queue", "in line", "position"];
    const HOW_LONG: &[&str] = &[
        "多久",
        "多长时间",
        "多少时间",
        "几分钟",
        "几久",
        "多少人",
        "几个人",
        "几位",
        "第几",
        "几号",
        "到哪",
        "到我",
        "什么时候",
        "啥时候",
        "几时",
        "how long",
        "how many",
        "how much longer",
        "when",
        "where am i",
        "position",
    ];
    // Of a ticket, of a product: another question.
    const OTHER: &[&str] = &[
        "工单", "单子", "的单", "ticket", "case", "备案", "审核", "退款", "生效", "排查", "排除", "等于",
        "发票", "等级",
    ];
    let clauses = clauses(&Form::of(text));
    let any = |words: &[&str]| clauses.iter().any(|clause| words.iter().any(|word| clause.contains(word)));
    let length: usize = clauses.iter().map(|clause| clause.chars().count()).sum();
    length <= MOST && any(WAITING) && any(HOW_LONG) && !any(OTHER)
}

/// Characters of a message about the queue at most; a longer one has a question of its own.
const MOST: usize = 40;

/// The clauses of a message, words of letters with spaces between them.
fn clauses(form: &Form) -> Vec<String> {
    let mut clauses = vec![String::new()];
    let mut after_word = false;
    for unit in &form.units {
        match (&*unit.text, clauses.last_mut()) {
            ("|" | "?" | "!", _) | (_, None) => clauses.push(String::new()),
            (text, Some(clause)) => {
                let word = text.is_ascii();
                if word && after_word {
                    clause.push(' ');
                }
                clause.push_str(text);
                after_word = word;
            }
        }
    }
    clauses.retain(|clause| !clause.is_empty());
    clauses
}

fn calls_off(clause: &str) -> bool {
    if clause.chars().count() <= SHORT && WHOLE.iter().any(|whole| clause.contains(whole)) {
        return true;
    }
    OFF.iter().any(|off| {
        clause.match_indices(off).any(|(at, _)| {
            let after: String = clause[at + off.len()..].chars().take(REACH).collect();
            let within = if off.is_ascii() { &clause[at + off.len()..] } else { after.as_str() };
            // 特别 is no 别.
            !clause[..at].ends_with('特') && TRANSFER.iter().any(|word| within.contains(word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handoff_is_called_off_in_many_ways() {
        let off = [
            "算了不用转了,我还是自己来",
            "不转了",
            "不用人工了",
            "取消转人工",
            "先别转人工",
            "不用找人了,好了",
            "别转了",
            "不需要人工客服",
            "不排队了",
            "不等了",
            "唔使轉喇",
            "cancel the transfer",
            "no need for an agent",
            "撤销排队",
            "不用转接了谢谢",
            "不用麻煩工程師了",
        ];
        for text in off {
            assert!(cancels_handoff(text), "{text}");
        }
    }

    #[test]
    fn asking_for_a_human_is_not_calling_off() {
        let not = [
            "转人工",
            "不要机器人,转人工",
            "别再推荐文章了,人工",
            "为什么不给我转人工",
            "能不能转人工",
            "你别问了,直接找个工程师来",
            "怎么还不转人工",
            "不用机器人,直接人工",
            "别废话转人工",
            "人工客服呢",
            "怎么取消订单",
            "取消自动续费",
            "",
            "算了",
            "你解决不了就转人工",
            "特别急,转人工",
            "算了转人工吧",
            "我不懂,转人工",
        ];
        for text in not {
            assert!(!cancels_handoff(text), "{text}");
        }
    }

    #[test]
    fn the_queue_is_asked_about() {
        for text in [
            "还要等多久",
            "排到第几了",
            "前面还有几个人?",
            "什么时候轮到我",
            "how long do I have to wait",
            "仲要等幾耐",
        ] {
            assert!(wants_wait_estimate(text), "{text}");
        }
        for text in ["工单还要等多久", "备案要等多久", "怎么排查多久没响应的机器", "域名解析多久生效", "你好"]
        {
            assert!(!wants_wait_estimate(text), "{text}");
        }
    }
}

//! What users of such programs complain about, each as a test named for what broke, on a small index of its own.

use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::analyzer::Analyzer;
use crate::analyzer::words::{WordFiles, Words};
use crate::hit::Decision;
use crate::id::CaseId;
use crate::index::writer::{Change, Writer};
use crate::kb::case::Case;

use super::explain::{Field, Way};
use super::search::{Context, Engine, Found};

/// An index in a folder of its own, which lives as long as this.
struct Index {
    folder: TempDir,
    words: Words,
    engine: Engine,
}

fn case(id: &str, title: &str, body: &str) -> Case {
    let Value::Object(record) = json!({"id": id, "title": title, "body": body}) else { unreachable!() };
    Case::parse(record, "test").expect("a good case")
}

fn index(cases: Vec<Case>, words: Words) -> Index {
    let folder = TempDir::new().expect("a folder");
    let mut writer = Writer::open(folder.path(), "test").expect("a writer");
    let mut changes = cases.into_iter().map(|case| Change::Put(Box::new(case)));
    writer.write(&Analyzer::new(words.clone()), &mut changes, 1, &|_| ()).expect("written");
    writer.commit(1).expect("committed");
    writer.merge().expect("merged");
    let engine = Engine::open(folder.path(), words.clone()).expect("opened");
    Index { folder, words, engine }
}

/// Other cases, so that words are rare and common as they are in earnest.
fn background() -> Vec<Case> {
    let things =
        ["云服务器", "云数据库", "对象存储", "域名", "证书", "专有网络", "防火墙", "快照", "镜像", "账单"];
    let verbs =
        ["创建", "删除", "续费", "升级", "迁移", "备份", "监控", "授权", "查看", "导出", "重启", "绑定"];
    let mut cases = Vec::new();
    for (i, thing) in things.iter().enumerate() {
        for (j, verb) in verbs.iter().enumerate() {
            let title = format!("如何{verb}{thing}");
            let body =
                format!("登录控制台，在{thing}列表中选择目标，单击{verb}，按提示完成操作。编号 {i}{j}。");
            cases.push(case(&format!("other-{i}-{j}"), &title, &body));
        }
    }
    cases
}

fn example_words() -> Words {
    Words::parse(WordFiles {
        terms: "上海交通大学\n负载均衡\n数云台\n安全组",
        synonyms: "云服务器 = 云主机 = ecs\n登不上 > 无法登录\n带宽 = bandwidth",
        stop: include_str!("../../kb/words/stop.txt"),
        products: "",
    })
}

/// The cases that most tests ask about, among others.
fn example() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut cases = background();
        cases.extend([
            case("sensor", "传感器-温度-TH01 离线怎么处理", "检查供电后重新上电。"),
            case("sensor-2", "传感器-湿度-TH02 离线怎么处理", "检查网关后重新配对。"),
            case("ppr", "报错 PPR-9087 如何解决", "升级驱动到最新版本。"),
            case("ppr-2", "报错 PPR-9088 如何解决", "联系技术支持。"),
            case("ora", "ORA-00942 表或视图不存在", "检查对象所属用户与权限。"),
            case("proxy", "kube-proxy 启动失败", "检查 iptables 模块是否加载。"),
            case("instance", "调用 RunInstances 返回 InvalidParameter.Format", "检查参数格式。"),
            case("sjtu", "上海交通大学校园网无法访问云服务器", "校园网出口封禁了端口，更换端口。"),
            case("shanghai", "上海地域无法访问云服务器", "检查安全组。上海可用区维护时请等待。"),
            case("traffic", "交通行业云服务器方案", "交通行业使用专属资源。"),
            case("login", "云服务器无法登录", "检查安全组是否放行 22 端口，再检查 sshd 是否运行。"),
            case("bandwidth", "公网带宽跑满怎么办", "在监控中查看流量来源，必要时升级带宽。"),
        ]);
        for n in 0..24 {
            let title = format!("负载均衡常见问题之{n}");
            cases.push(case(&format!("slb-{n}"), &title, "负载均衡健康检查失败时检查后端端口。"));
        }
        index(cases, example_words())
    })
}

impl Index {
    fn ask(&self, text: &str) -> Found {
        self.engine.search(text, &Context::default(), 10).expect("searched")
    }

    fn ids(&self, text: &str) -> Vec<String> {
        self.ask(text).hits.iter().map(|hit| hit.id.to_string()).collect()
    }

    fn first(&self, text: &str) -> String {
        self.ids(text).first().cloned().unwrap_or_default()
    }
}

#[test]
fn identifiers_were_not_found() {
    let index = example();
    for (text, wanted) in [
        ("传感器-温度-TH01", "sensor"),
        ("传感器-温度-th01 离线", "sensor"),
        ("传感器温度TH01离线", "sensor"),
        ("PPR-9087", "ppr"),
        ("ppr9087", "ppr"),
        ("ppr 9087", "ppr"),
        ("Ppr\u{2011}9087 怎么办", "ppr"),
        ("ＰＰＲ－９０８７", "ppr"),
        ("ora-00942", "ora"),
        ("ORA00942", "ora"),
        ("kube proxy 启动失败", "proxy"),
        ("KubeProxy 起不来", "proxy"),
        ("invalidparameter.format", "instance"),
        ("runinstances 报错", "instance"),
        ("kubeproxy", "proxy"),
    ] {
        assert_eq!(index.first(text), wanted, "{text}: {:?}", index.ids(text));
    }
}

#[test]
fn a_name_was_split_and_no_dictionary_mended_it() {
    assert_eq!(example().first("上海交通大学"), "sjtu", "{:?}", example().ids("上海交通大学"));
    let cases = || {
        let mut cases = background();
        cases.push(case("name", "数云台登录失败", "重置密码。"));
        cases.extend((0..9).map(|n| {
            case(&format!("parts-{n}"), "数台云服务器登录失败", "数台机器登录云端失败时检查网络，台数不限。")
        }));
        cases
    };
    let mended = index(cases(), example_words());
    assert_eq!(mended.first("数云台登录失败"), "name", "{:?}", mended.ids("数云台登录失败"));
    assert_eq!(mended.first("数云台"), "name");
}

#[test]
fn all_of_shanghai_and_all_traffic_came_before_the_university() {
    for text in ["上海交通大学无法访问", "上海交通大学 云服务器", "上海交通大学"] {
        let ids = example().ids(text);
        assert_eq!(ids.first().map(String::as_str), Some("sjtu"), "{text}: {ids:?}");
    }
}

#[test]
fn politeness_killed_the_hit() {
    let index = example();
    for text in ["云服务器无法登录", "PPR-9087", "公网带宽跑满"] {
        let plain = index.first(text);
        for polite in [
            format!("你好，请问一下{text}怎么办？谢谢！"),
            format!("您好，麻烦帮我看看{text}呢，辛苦了"),
            format!("老师，{text}，急急急，在线等"),
        ] {
            assert_eq!(index.first(&polite), plain, "{polite}: {:?}", index.ids(&polite));
        }
    }
}

#[test]
fn there_were_no_synonyms() {
    assert_eq!(example().first("云主机登不上"), "login", "{:?}", example().ids("云主机登不上"));
    assert_eq!(example().first("ECS 无法登录"), "login");
    assert_eq!(example().first("bandwidth 跑满"), "bandwidth");
    assert_eq!(example().first("雲伺服器無法登錄"), "login");
}

#[test]
fn words_typed_by_their_sound_were_not_found() {
    for text in ["负载均横", "负载均横健康检查失败"] {
        let first = example().first(text);
        assert!(first.starts_with("slb-"), "{text}: {:?}", example().ids(text));
    }
}

#[test]
fn nobody_saw_which_words_matched() {
    let engine = &example().engine;
    let explain =
        |text: &str, id: &str| engine.explain(text, &CaseId::parse(id).expect("an id")).expect("explained");
    let login = explain("云主机登不上 PPR-9087", "login");
    let by = |typed: &str| login.matches.iter().filter(|m| m.typed == typed).collect::<Vec<_>>();
    let host = by("云主机");
    assert_eq!((host[0].found.as_str(), host[0].way), ("云服务器", Way::Synonym), "{login:?}");
    assert_eq!(host[0].fields, [Field::Title]);
    assert!(by("登不上").iter().any(|m| m.found == "无法登录" && m.way == Way::Synonym), "{login:?}");
    assert_eq!(login.missing, ["ppr-9087"], "{login:?}");

    let slb = explain("负载均横健康检查", "slb-3");
    let sound = slb.matches.iter().find(|m| m.way == Way::Sound).expect("found by sound");
    assert!("负载均横".contains(&sound.typed) && "负载均衡".contains(&sound.found), "{slb:?}");
    assert!(slb.matches.iter().any(|m| m.typed == "健康检查" || m.typed == "检查"), "{slb:?}");

    let ppr = explain("ppr9087 instances", "ppr");
    assert_eq!(ppr.matches.len(), 1, "{ppr:?}");
    let only = &ppr.matches[0];
    assert_eq!((only.typed.as_str(), only.way, &*only.fields), ("ppr9087", Way::Itself, &[Field::Title][..]));
    assert_eq!(ppr.missing, ["instances"], "{ppr:?}");

    let nothing = explain("云服务器无法登录", "no such case");
    assert!(nothing.matches.is_empty() && !nothing.missing.is_empty());
}

#[test]
fn one_question_was_answered_differently_three_times() {
    let index = example();
    let reopened = Engine::open(index.folder.path(), index.words.clone()).expect("opened again");
    let texts = ["云主机登不上", "PPR-9087", "负载均横 健康检查", "如何备份", "今天天气怎么样"];
    let print = |found: Found| format!("{:?} {:?} {:?}", found.decision, found.confidence, found.hits);
    for text in texts {
        let answer = print(index.ask(text));
        for _ in 0..3 {
            assert_eq!(print(index.ask(text)), answer);
            assert_eq!(print(reopened.search(text, &Context::default(), 10).expect("searched")), answer);
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| print(index.ask(text)))).collect();
            for thread in threads {
                assert_eq!(thread.join().expect("no panic"), answer, "{text}");
            }
        });
    }
}

#[test]
fn strange_questions_broke_it() {
    let index = example();
    for text in ["？？？", "\u{301}", "的了吗", "👨‍👩‍👧", "\0", &"长".repeat(9000), &"ab-".repeat(2000)]
    {
        index.ask(text);
    }
    assert!(index.engine.search(" \u{3000}\n", &Context::default(), 5).is_err());
}

#[test]
fn the_passage_of_a_long_answer_is_the_part_asked_for() {
    let other = "这里讲别的事情。".repeat(40);
    let body =
        format!("## 概述\n\n{other}\n\n## 重置密码\n\n1. 停止实例。\n2. 重置密码。\n\n## 计费\n\n{other}");
    let long = case("long", "实例操作指南", &body);
    let passage = example().engine.passage("怎么重置密码", &long, 120);
    assert!(passage.text.starts_with("## 重置密码\n\n1. 停止实例。\n2. 重置密码。"), "{}", passage.text);
    assert!(passage.cut_before && passage.cut_after);
}

/// Depends on the learned confidence.
#[test]
fn off_topic_questions_were_answered_with_a_source() {
    let index = example();
    let answered: Vec<&str> = [
        "今天天气怎么样",
        "帮我写一首关于秋天的诗",
        "红烧肉怎么做",
        "明天股票会涨吗",
        "who won the world cup",
    ]
    .into_iter()
    .filter(|text| index.ask(text).decision == Decision::Answer)
    .collect();
    assert!(answered.is_empty(), "answered: {answered:?}");
}

/// Depends on the learned confidence.
#[test]
fn no_match_was_said_with_the_right_text_retrieved() {
    let index = example();
    let texts =
        ["云服务器无法登录", "报错 PPR-9087 如何解决", "ORA-00942 表或视图不存在", "公网带宽跑满怎么办"];
    let print = |text, found: Found| {
        format!("{text}: {:?} {} {:?}", found.decision, found.confidence, found.hits.first())
    };
    let missed: Vec<String> = texts
        .into_iter()
        .map(|text| (text, index.ask(text)))
        .filter(|(_, found)| !matches!(found.decision, Decision::Answer | Decision::Choose))
        .map(|(text, found)| print(text, found))
        .collect();
    assert!(missed.is_empty(), "missed: {missed:#?}");
}

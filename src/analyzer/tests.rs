//! What must hold for any text, and the identifiers and scripts that other programs lose.

use std::collections::HashSet;

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::identifier::{MAX_TOKEN, stem};
use super::words::{WordFiles, Words};
use super::*;

fn shared() -> &'static Analyzer {
    static ANALYZER: std::sync::OnceLock<Analyzer> = std::sync::OnceLock::new();
    ANALYZER.get_or_init(|| {
        Analyzer::new(Words::parse(WordFiles {
            terms: "上海交通大学\n传感器", ..WordFiles::default()
        }))
    })
}

fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    shared().terms(text, &mut |term| terms.push(term.text.to_owned()));
    terms
}

fn has(text: &str, wanted: &[&str]) {
    let terms = terms(text);
    for term in wanted {
        assert!(terms.iter().any(|t| t == term), "{text}: {term} is not in {terms:?}");
    }
}

/// Every letter and digit must be in a term: plain English words as their stem, anything else character by character.
fn lost(text: &str) -> Option<String> {
    let folded = normalize::fold(text);
    let terms = terms(text);
    let chars: HashSet<char> = terms.iter().flat_map(|t| t.chars()).collect();
    let words: HashSet<&str> = terms.iter().map(String::as_str).collect();
    script::runs(&folded).find_map(|run| {
        let word = &folded[run.start..run.end];
        match run.script {
            Script::Ascii if word.len() > MAX_TOKEN => None,
            // The humps of the text are gone here, the whole is still there.
            Script::Ascii => {
                (!words.contains(word) && !words.contains(&*stem(word))).then(|| word.to_owned())
            }
            _ => word.chars().find(|c| c.is_alphanumeric() && !chars.contains(c)).map(String::from),
        }
    })
}

#[test]
fn identifiers_are_kept_whole_and_found_by_their_parts() {
    has("传感器-温度-TH01 掉线", &["传感器-温度-th01", "传感器", "温度", "th01", "掉线"]);
    has("PPR-9087", &["ppr-9087", "ppr9087", "9087"]);
    has("ppr9087", &["ppr9087"]);
    has("ＰＰＲ－９０８７", &["ppr-9087", "ppr9087"]);
    has("PPR\u{2011}9087 PPR\u{2013}9088", &["ppr-9087", "ppr9087", "ppr-9088"]);
    has("kube-proxy", &["kube-proxy", &stem("kubeproxy"), "kube"]);
    has("实例i-bp1a2b3c无法启动", &["i-bp1a2b3c", "bp1a2b3c", "实例", "启动"]);
    has("ORA-00942: table or view does not exist", &["ora-00942", "ora00942", "00942"]);
    has("InvalidParameter.Format", &["invalidparameter.format", &stem("invalidparameter"), "format"]);
    has("ping 192.168.1.1。", &["192.168.1.1", "192"]);
    has("升级到v1.24.3后", &["v1.24.3", "24"]);
    has("调用RunInstances报错", &[&stem("runinstances"), "run", &stem("instances")]);
    has("max_connections", &["max_connections", "max", &stem("connections")]);
}

#[test]
fn identifiers_typed_without_humps_or_hyphens_meet_those_that_have_them() {
    for (typed, written) in [
        ("runinstances", "RunInstances"),
        ("kubeproxy", "kube-proxy"),
        ("kubeproxy", "KubeProxy"),
        ("invalidparameter", "InvalidParameter.Format"),
        ("ora00942", "ORA-00942"),
    ] {
        let written_terms = terms(written);
        assert!(terms(typed).iter().any(|t| written_terms[..3].contains(t)), "{typed}: {written_terms:?}");
    }
}

#[test]
fn a_name_of_the_dictionary_is_one_term() {
    has("上海交通大学的服务器", &["上海交通大学"]);
}

#[test]
fn text_that_nobody_sees_does_not_tear_words() {
    assert_eq!(terms("云\u{200b}服务\u{feff}器"), terms("云服务器"));
    assert_eq!(terms("kube\u{ad}proxy"), terms("kubeproxy"));
}

#[test]
fn other_scripts_are_cut_into_words() {
    has("Привет мир", &["привет", "мир"]);
    has("لا يمكن الاتصال بالخادم", &["لا", "يمكن", "الاتصال", "بالخادم"]);
    has("서버에 접속할 수 없습니다", &["서버에", "접속할"]);
    has("サーバーに接続できない", &["サーバー", "に"]);
    for text in [
        "ÜBER Straße café",
        "เชื่อมต่อเซิร์ฟเวอร์ไม่ได้",
        "सर्वर से कनेक्ट नहीं",
        "服务器👨‍👩‍👧挂了🔥",
        "e\u{301}\u{301}a",
        "\u{301}",
    ] {
        assert_eq!(lost(text), None, "{text}");
    }
}

#[test]
fn very_long_tokens_are_left_out_and_what_is_around_them_stays() {
    let text = format!("密钥 {} 无效 {}", "Ab9".repeat(5000), "字".repeat(5000));
    has(&text, &["密钥", "无效"]);
    assert!(terms(&text).iter().all(|t| t.len() <= MAX_TOKEN));
    has(&format!("{}-PPR-9087", "x".repeat(100)), &["ppr", "9087"]);
    let thai = "ก".repeat(10_000);
    assert_eq!(lost(&thai), None);
}

#[test]
fn positions_never_go_back_but_to_name_a_chain() {
    let mut last = 0;
    let text = "调用 RunInstances 创建 传感器-温度-TH01 时 InvalidParameter.Format";
    let positions = shared().terms(text, &mut |term| {
        assert!(term.position + 4 >= last, "{term:?} after {last}");
        last = last.max(term.position);
    });
    assert!(positions > last);
}

#[test]
fn folding_twice_is_folding_once_where_marks_are_put_together() {
    for text in ["J\u{30c}", "İ\u{323}", "Ω\u{301}", "Á\u{200b}\u{323}", "a\u{200b}\u{301}", "ＡJ\u{30c}，İ"]
    {
        let once = normalize::fold(text);
        assert_eq!(normalize::fold(&once), once, "{text}");
        assert_eq!(once, once.nfkc().collect::<String>(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn folding_is_idempotent(text in any::<String>()) {
        let once = normalize::fold(&text);
        prop_assert_eq!(normalize::fold(&once), once);
    }

    #[test]
    fn nothing_is_lost_of_any_text(text in any::<String>()) {
        prop_assert_eq!(lost(&text), None);
    }

    #[test]
    fn nothing_is_lost_of_mixed_text(text in "([a-zA-Z0-9._-]{1,9}|[一-龥]{1,6}|[ぁ-んァ-ン가-힣ก-๎ا-ي]{1,4}|[ 　，。-]|[Ａ-ｚ０-９]{1,4}){0,12}") {
        prop_assert_eq!(lost(&text), None);
    }
}

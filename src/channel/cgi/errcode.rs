//! What the errcodes of WeChat and WeCom mean for a message, after their lists of global error codes.

use std::time::Duration;

use crate::channel::{Hope, Undelivered};

/// Longest explanation of the platform that is shown, in characters.
const MAX_WORDS: usize = 160;
const MINUTE: Hope = Hope::Later(Some(Duration::from_secs(60)));
const HOUR: Hope = Hope::Later(Some(Duration::from_secs(3600)));

/// What an errcode other than 0 means.
pub fn refusal(code: i64, words: &str) -> Undelivered {
    let (hope, advice) = meaning(code);
    let words: String = words.chars().filter(|letter| !letter.is_control()).take(MAX_WORDS).collect();
    let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
    Undelivered { hope, reason: format!("the platform refused: errcode {code} ({words}){advice}") }
}

fn meaning(code: i64) -> (Hope, &'static str) {
    match code {
        -1 => (Hope::Later(None), "it is busy"),
        6000 | 45011 | 45033 => (MINUTE, "too many calls in a minute"),
        45009 => (HOUR, "the calls of today are used up"),
        40001 | 40014 | 42001 => {
            (MINUTE, "it does not take the access token: check id and secret in the settings")
        }
        40013 | 40125 | 41002 | 41004 => (Hope::Never, "check id and secret in the settings"),
        40164 => {
            let advice = "add this server's IP address to the IP whitelist (IP白名单) of the account";
            (Hope::Never, advice)
        }
        60020 => {
            let advice = "add this server's IP address to the trusted IPs (企业可信IP) of the application; the console \
                          allows that once a callback URL or trusted domain is saved";
            (Hope::Never, advice)
        }
        45015 | 95002 => (Hope::Quota, "they wrote too long ago"),
        45047 | 95001 => (Hope::Quota, "as many messages as allowed were sent since they wrote"),
        95018 => {
            let advice = "the session is with a human or has ended: in the console, let the API take the sessions of \
                          this account";
            (Hope::Quota, advice)
        }
        95013 => (Hope::Quota, "the session has ended"),
        43004 => (Hope::Never, "they do not follow the account any more"),
        40003 | 81013 | 60111 | 40096 => (Hope::Never, "this person cannot be reached from this account"),
        48001 | 48002 | 48004 | 60011 => {
            let advice = "the account may not use this call: an uncertified account can only answer directly (set its \
                          mode to passive_only)";
            (Hope::Never, advice)
        }
        40200 => (Hope::Never, "menus are for certified accounts: set its menu to text"),
        45002 => (Hope::Never, "the text is too long"),
        846_605 | 846_608 => (Hope::Never, "the platform takes no more answers to this message"),
        _ => (Hope::Never, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_says_what_to_do() {
        let cases = [
            (60020, "not allow to access from your ip", Hope::Never, "企业可信IP"),
            (45015, "response out of time limit", Hope::Quota, "too long ago"),
            (48001, "api unauthorized", Hope::Never, "passive_only"),
            (-1, "system error", Hope::Later(None), "busy"),
            (99999, "new\nthing", Hope::Never, "errcode 99999 (newthing)"),
        ];
        for (code, words, hope, contains) in cases {
            let refused = refusal(code, words);
            assert!(refused.hope == hope && refused.reason.contains(contains), "{refused:?}");
        }
        assert!(refusal(1, &"长".repeat(9999)).reason.chars().count() < 250);
    }
}

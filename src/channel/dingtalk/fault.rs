//! Refusals of DingTalk, in words that say what to set where.

use std::time::Duration;

use serde_json::Value;

use crate::channel::{Hope, Undelivered};

/// A rate limit of the API is per second; the one of an address that is called too often lasts five minutes.
const RATE_PAUSE: Duration = Duration::from_secs(10);
/// Longest code that is shown.
const MAX_CODE: usize = 80;

/// What an answer of the API says that is not 2xx: `{"code": "Forbidden.AccessDenied…", "message": …}`.
pub fn refused(status: u16, answer: &Value) -> Undelivered {
    let code = code(answer);
    let lower = code.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (hope, advice) = match () {
        () if says(&["qps", "throttl", "flowcontrol", "toomany", "90018"]) || status == 429 => {
            (Hope::Later(Some(RATE_PAUSE)), "too many calls; it is sent later")
        }
        () if says(&["ipnotinwhitelist", "ip.not", "whitelist"]) => (
            Hope::Never,
            "add this server's address to 服务器出口 IP of the application in the DingTalk developer console",
        ),
        () if says(&["forbidden", "accessdenied", "nopermission"]) || status == 403 => (
            Hope::Never,
            "grant 企业内机器人发送消息权限 under 权限管理 of the application in the DingTalk developer console, and publish it",
        ),
        () if says(&["robot"]) => {
            (Hope::Never, "check robot_code, and that the robot of the application is published")
        }
        () if says(&["staffid", "userid", "user"]) => {
            (Hope::Never, "the person has left the organisation, or the application is not visible to them")
        }
        () if says(&["conversation"]) => (Hope::Never, "the robot is no longer in the group"),
        () if status >= 500 || says(&["system", "serviceunavailable", "timeout"]) => {
            (Hope::Later(None), "DingTalk has a problem; it is sent later")
        }
        () => (Hope::Never, "DingTalk does not take it"),
    };
    Undelivered { hope, reason: format!("DingTalk answered {status}{}: {advice}", spaced(&code)) }
}

/// What is wrong where a token is refused.
pub fn unknown(status: u16, answer: &Value) -> Undelivered {
    let code = code(answer);
    if status >= 500 || status == 429 || code.to_ascii_lowercase().contains("qps") {
        return refused(status, answer);
    }
    let reason = format!(
        "DingTalk gives no access token ({status}{}): check app_key and app_secret, as 凭证与基础信息 of the application shows them",
        spaced(&code)
    );
    Undelivered { hope: Hope::Never, reason }
}

/// Whether it is the token that was refused.
pub fn is_about_token(status: u16, answer: &Value) -> bool {
    let code = code(answer).to_ascii_lowercase();
    status == 401 || code.contains("invalidauthentication") || code.contains("invalidaccesstoken")
}

/// What an address of a session or of a group's robot answers: `{"errcode": 0}`; `None`: it was taken.
pub fn errcode(answer: &Value) -> Option<i64> {
    let code = answer.get("errcode")?;
    let code = code.as_i64().or_else(|| code.as_str()?.parse().ok()).unwrap_or(-1);
    (code != 0).then_some(code)
}

fn spaced(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" {code}") }
}

/// The code as it may be shown: an answer is input too.
fn code(answer: &Value) -> String {
    let code = answer.get("code").map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    let code = code.or_else(|| errcode(answer).map(|code| code.to_string())).unwrap_or_default();
    code.chars().filter(char::is_ascii_graphic).take(MAX_CODE).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_refusal_says_what_to_do() {
        let later = Hope::Later(Some(RATE_PAUSE));
        for (status, code, hope, says) in [
            (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", later, "too many"),
            (400, "90018", later, "too many"),
            (429, "", later, "too many"),
            (403, "Forbidden.AccessDenied.IpNotInWhiteList", Hope::Never, "出口 IP"),
            (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", Hope::Never, "权限管理"),
            (400, "invalidParameter.robotCode.notExsit", Hope::Never, "robot_code"),
            (400, "staffId.notExisted", Hope::Never, "left"),
            (500, "ServiceUnavailable", Hope::Later(None), "problem"),
            (400, "x", Hope::Never, "does not take"),
        ] {
            let refused = refused(status, &json!({"code": code, "message": "hush"}));
            assert_eq!(refused.hope, hope, "{code}");
            assert!(refused.reason.contains(says) && !refused.reason.contains("hush"), "{refused}");
        }
        let wrong = unknown(400, &json!({"code": "invalidClientIdOrSecret"}));
        assert!(wrong.hope == Hope::Never && wrong.reason.contains("app_secret"), "{wrong}");
        assert_eq!(unknown(503, &Value::Null).hope, Hope::Later(None));
    }

    #[test]
    fn codes_are_read_however_they_are_written() {
        assert_eq!(errcode(&json!({"errcode": 0, "errmsg": "ok"})), None);
        assert_eq!(errcode(&json!({"errcode": "310000"})), Some(310_000));
        assert_eq!(errcode(&json!({"errcode": {}})), Some(-1));
        assert_eq!(errcode(&Value::Null), None);
        assert_eq!(code(&json!({"code": "a\n\u{1b}[31mb"})), "a[31mb");
    }
}

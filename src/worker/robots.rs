//! Alerts as notices for the robots of groups.

use std::sync::Arc;

use serde_json::Value;

use crate::answer::Catalogue;
use crate::channel::robot::{DingtalkRobot, Form, Notice, WecomRobot};
use crate::channel::{Hope, Undelivered};

use super::now_ms;

/// The sink of the robot in a DingTalk group.
pub const DINGTALK_ROBOT: &str = "dingtalk-robot";
/// The sink of the robot in a WeCom group.
pub const WECOM_ROBOT: &str = "wecom-robot";

/// Robots that hear alerts.
#[derive(Clone, Default)]
pub struct Robots {
    /// In a DingTalk group.
    pub dingtalk: Option<Arc<DingtalkRobot>>,
    /// In a WeCom group.
    pub wecom: Option<Arc<WecomRobot>>,
    /// Where the desk is, for a link.
    pub public_url: Option<String>,
}

impl Robots {
    /// Names of those that are set up.
    pub fn names(&self) -> Vec<String> {
        let there = [(DINGTALK_ROBOT, self.dingtalk.is_some()), (WECOM_ROBOT, self.wecom.is_some())];
        there.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
    }

    /// Tells a group of an alert or a clock that has run out; `body` is the JSON that webhooks get.
    ///
    /// # Errors
    /// It was not taken; the error says whether to try again.
    pub async fn tell(&self, sink: &str, body: &str) -> Result<(), Undelivered> {
        let notice = notice(body, self.public_url.as_deref());
        match (sink, self) {
            (DINGTALK_ROBOT, Self { dingtalk: Some(robot), .. }) => robot.send(&notice, now_ms()).await,
            (WECOM_ROBOT, Self { wecom: Some(robot), .. }) => robot.send(&notice, now_ms()).await,
            _ => {
                let reason =
                    format!("{sink} is not set up any more: put it back into [robots] of the settings");
                Err(Undelivered { hope: Hope::Never, reason })
            }
        }
    }
}

fn notice(body: &str, public_url: Option<&str>) -> Notice {
    let words = Catalogue::of(None);
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (title, mut lines) = match body["kind"].as_str() {
        Some("alert") => {
            let alert = &body["alert"];
            let facts = &alert["facts"];
            let level = alert["level"].to_string();
            let mut lines = vec![
                words.say("notice_incident", &[("incident", &text(&alert["incident"]))]),
                words.say("notice_role", &[("role", &text(&alert["role"]["label"]["zh"]))]),
                words.say("notice_reports", &[("reports", &facts["reports"].to_string())]),
            ];
            for (key, value) in [("notice_product", &facts["product"]), ("notice_region", &facts["region"])] {
                if let Some(value) = value.as_str() {
                    lines.push(words.say(key, &[("value", value)]));
                }
            }
            let said = facts["words"].as_array().map(Vec::as_slice).unwrap_or_default();
            lines.extend(said.iter().take(3).map(|words| format!("> {}", text(words).replace('\n', " "))));
            (words.say("notice_alert", &[("level", &level)]), lines)
        }
        _ => {
            let ticket = text(&body["ticket_id"]);
            let event =
                body["event"]["signal"].as_str().or(body["event"]["what"].as_str()).unwrap_or_default();
            (
                words.say("notice_clock", &[]),
                vec![words.say("notice_ticket", &[("ticket", &ticket), ("event", event)])],
            )
        }
    };
    if let Some(url) = public_url {
        lines.push(words.say("notice_desk", &[("url", &format!("{url}/desk"))]));
    }
    // Robots of both platforms part paragraphs by an empty line.
    Notice { text: lines.join("\n\n"), title, form: Form::Markdown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_says_what_happened_and_where_to_go() {
        let body = r#"{"kind":"alert","alert":{"incident":"i1","level":2,"role":{"code":"lead","label":{"zh":"值班主管","en":"Lead"}},
            "facts":{"product":"ecs","region":"cn-beijing","reports":3,"words":["服务器宕机了\n全部"]}}}"#;
        let told = notice(body, Some("https://kf.example.com"));
        for part in
            ["i1", "值班主管", "ecs", "cn-beijing", "3", "> 服务器宕机了 全部", "https://kf.example.com/desk"]
        {
            assert!(told.text.contains(part), "{part}: {}", told.text);
        }
        assert!(told.title.contains('2'), "{}", told.title);
    }

    #[test]
    fn anything_else_is_still_told() {
        assert!(notice(r#"{"kind":"sla","ticket_id":"T1","event":{}}"#, None).text.contains("T1"));
        assert!(!notice("no json", None).text.is_empty());
    }
}

use super::*;
use crate::channel::fake;

fn notice(form: Form) -> Notice {
    Notice { title: "P0 告警".to_owned(), text: "核心业务**中断**".to_owned(), form }
}

#[test]
fn the_signature_of_the_official_kit_is_reproduced() {
    let url = "https://oapi.dingtalk.com/robot/send?access_token=x".to_owned();
    let secret = Some("SECabcdef0123456789".to_owned().into());
    let robot = DingtalkRobot::new(url.clone().into(), secret, Caller::new(&[]).unwrap());
    assert_eq!(
        robot.address(1_760_000_000_123),
        format!("{url}&timestamp=1760000000123&sign=7ZaTB2%2B2D68jHjf3dZn6smjaAZtl1RhDsyNnlIgP3C8%3D")
    );
    assert!(!format!("{robot:?}").contains("access_token"));
}

#[tokio::test]
async fn notices_are_sent_in_both_forms() {
    let taken = (200, json!({"errcode": 0}));
    let (host, served) = fake::answering(vec![taken.clone(), taken.clone(), taken]).await;
    let caller = Caller::new(&[]).unwrap();
    let robot =
        DingtalkRobot::new(format!("http://{host}/robot/send?access_token=k").into(), None, caller.clone());
    robot.send(&notice(Form::Markdown), 0).await.unwrap();
    robot.send(&notice(Form::Text), 0).await.unwrap();
    let robot = WecomRobot::new(format!("http://{host}/cgi-bin/webhook/send?key=k").into(), caller);
    robot.send(&notice(Form::Markdown), 0).await.unwrap();
    let asked = served.await.unwrap();
    let markdown = json!({"msgtype": "markdown", "markdown": {"title": "P0 告警", "text": "### P0 告警\n\n核心业务**中断**"}});
    assert_eq!((asked[0].0.as_str(), &asked[0].2), ("/robot/send?access_token=k", &markdown));
    assert_eq!(asked[1].2["text"]["content"], "P0 告警\n核心业务**中断**");
    assert_eq!(
        asked[2].2,
        json!({"msgtype": "markdown", "markdown": {"content": "### P0 告警\n核心业务**中断**"}})
    );
}

#[tokio::test]
async fn refusals_say_what_to_change_and_hide_the_address() {
    let never = Hope::Never;
    for (errcode, errmsg, hope, says) in [
        (310_000, "keywords not in content", never, "关键词"),
        (310_000, "sign not match, more: [https://ding-doc.dingtalk.com/doc]", never, "SEC"),
        (310_000, "ip 1.2.3.4 not in whitelist", never, "IP"),
        (130_101, "send too fast, exceed 20 times per minute", Hope::Later(Some(BLOCKED)), "ten minutes"),
        (300_001, "token is not exist", never, "new one"),
    ] {
        let (host, _served) =
            fake::answering(vec![(200, json!({"errcode": errcode, "errmsg": errmsg}))]).await;
        let url = format!("http://{host}/robot/send?access_token=hush");
        let error = DingtalkRobot::new(url.into(), None, Caller::new(&[]).unwrap());
        let error = error.send(&notice(Form::Text), 0).await.unwrap_err();
        assert_eq!(error.hope, hope, "{errmsg}");
        assert!(error.reason.contains(says) && !error.reason.contains("hush"), "{error}");
    }
    let gone =
        WecomRobot::new("http://127.0.0.1:1/send?key=hush".to_owned().into(), Caller::new(&[]).unwrap());
    let error = gone.send(&notice(Form::Text), 0).await.unwrap_err();
    assert!(error.hope == Hope::Later(None) && !error.reason.contains("hush"), "{error}");
    assert!(
        matches!(wecom_fault(45_009, ""), (Hope::Later(Some(_)), _)) && wecom_fault(93_000, "").0 == never
    );
}

#[test]
fn twenty_a_minute_leave() {
    let mut limiter = Limiter::default();
    assert!((0..20).all(|at| limiter.take(at * 1000).is_ok()));
    assert_eq!(limiter.take(20_000), Err(Duration::from_secs(40)));
    assert_eq!(limiter.take(59_999), Err(Duration::from_millis(1)));
    assert_eq!((limiter.take(60_000), limiter.take(60_500)), (Ok(()), Err(Duration::from_millis(500))));
    // A clock that was set back does not block for long.
    assert_eq!(limiter.take(-10_000_000), Ok(()));
    assert_eq!((limiter.take(i64::MAX), limiter.take(i64::MIN)), (Ok(()), Ok(())));
}

#[test]
fn what_is_too_long_is_cut_between_characters() {
    let long = Notice { text: "长".repeat(6000), ..notice(Form::Text) };
    for (body, path, most) in [
        (wecom_body(&long), "/text/content", WECOM_TEXT_BYTES),
        (
            wecom_body(&Notice { form: Form::Markdown, ..long.clone() }),
            "/markdown/content",
            WECOM_MARKDOWN_BYTES,
        ),
        (dingtalk_body(&long), "/text/content", DINGTALK_BYTES),
    ] {
        let text = body.pointer(path).and_then(Value::as_str).unwrap();
        assert!(text.len() <= most && text.len() > most - 6 && text.ends_with('…'), "{}", text.len());
    }
}

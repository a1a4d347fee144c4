use super::*;
use crate::channel::fake;

fn client(host: &str) -> Client {
    let options = Options {
        app_key: "dingkey".to_owned(),
        app_secret: "hush".to_owned().into(),
        robot_code: "dingbot".to_owned(),
        api_base: format!("http://{host}"),
    };
    Client::new(options, Caller::new(&[host.to_owned()]).unwrap())
}

fn token() -> (u16, Value) {
    (200, json!({"accessToken": "T1", "expireIn": 7200}))
}

fn part() -> Part {
    Part::Text { text: "好".to_owned() }
}

fn person(user: &str) -> Target {
    Target { user: user.to_owned(), chat: None, group: false }
}

fn session(host: &str) -> Handle {
    let url = format!("http://{host}/robot/sendBySession?session=s1");
    Handle { url: Some(url), url_until: Some(100_000), ..Handle::default() }
}

#[tokio::test]
async fn a_session_is_used_while_it_lives_and_then_the_api() {
    let taken = (200, json!({"errcode": 0, "errmsg": "ok"}));
    let (host, served) = fake::answering(vec![taken, token(), (200, json!({"processQueryKey": "k"}))]).await;
    let client = client(&host);
    client.send(&person("u1"), &session(&host), &part(), 0).await.unwrap();
    client.send(&person("u1"), &session(&host), &part(), 95_000).await.unwrap();
    let asked = served.await.unwrap();
    assert_eq!(asked[0].0, "/robot/sendBySession?session=s1");
    assert_eq!(asked[1].0, "/v1.0/oauth2/accessToken");
    assert_eq!(asked[1].2, json!({"appKey": "dingkey", "appSecret": "hush"}));
    assert_eq!(asked[2].0, "/v1.0/robot/oToMessages/batchSend");
    assert!(asked[2].1.contains("x-acs-dingtalk-access-token: t1"), "{}", asked[2].1);
}

#[tokio::test]
async fn a_session_that_is_over_or_elsewhere_is_followed_by_the_api() {
    let over = (200, json!({"errcode": 300001, "errmsg": "session expired"}));
    let (host, served) = fake::answering(vec![over, token(), (200, json!({})), (200, json!({}))]).await;
    let client = client(&host);
    let group = Target { user: "u1".to_owned(), chat: Some("cid".to_owned()), group: true };
    client.send(&group, &session(&host), &part(), 0).await.unwrap();
    let elsewhere = Handle { url: Some("http://169.254.169.254/x".to_owned()), ..Handle::default() };
    client.send(&group, &elsewhere, &part(), 0).await.unwrap();
    let asked = served.await.unwrap();
    assert_eq!(
        (asked[2].0.as_str(), &asked[2].2["openConversationId"]),
        ("/v1.0/robot/groupMessages/send", &json!("cid"))
    );
    assert_eq!(asked[3].0, "/v1.0/robot/groupMessages/send");
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_anew_once() {
    let refused = (400, json!({"code": "InvalidAuthentication", "message": "不合法的access_token"}));
    let again = (200, json!({"accessToken": "T2", "expireIn": 7200}));
    let (host, served) = fake::answering(vec![token(), refused, again, (200, json!({}))]).await;
    client(&host).send(&person("u1"), &Handle::default(), &part(), 0).await.unwrap();
    assert!(served.await.unwrap()[3].1.contains("access-token: t2"));
}

#[tokio::test]
async fn what_is_not_taken_says_why() {
    let busy = (200, json!({"errcode": 130101, "errmsg": "send too fast"}));
    let (host, _served) = fake::answering(vec![busy]).await;
    let error = client(&host).send(&person("u1"), &session(&host), &part(), 0).await.unwrap_err();
    assert!(matches!(error.hope, Hope::Later(Some(_))), "{error:?}");
    for (answer, hope) in [
        ((200, json!({"invalidStaffIdList": ["u1"]})), Hope::Never),
        ((403, json!({"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied"})), Hope::Never),
        ((503, json!({"code": "ServiceUnavailable"})), Hope::Later(None)),
    ] {
        let (host, _served) = fake::answering(vec![token(), answer]).await;
        let error = client(&host).send(&person("u1"), &Handle::default(), &part(), 0).await.unwrap_err();
        assert_eq!(error.hope, hope, "{error}");
    }
    let (host, _served) = fake::answering(vec![(400, json!({"code": "invalidClientIdOrSecret"}))]).await;
    let error = client(&host).check(0).await.unwrap_err();
    assert!(error.hope == Hope::Never && !error.reason.contains("hush"), "{error}");
    let error =
        client("127.0.0.1:1").send(&person("$:LWCP"), &Handle::default(), &part(), 0).await.unwrap_err();
    assert_eq!(error.hope, Hope::Quota);
}

#[tokio::test]
async fn a_file_is_fetched_by_its_code_from_the_platform_only() {
    let (file_host, _served) = fake::answering(vec![(200, json!("PNG"))]).await;
    let place = (200, json!({"downloadUrl": format!("http://{file_host}/a.file")}));
    let (host, served) = fake::answering(vec![token(), place]).await;
    let mut client = client(&host);
    client.caller = Caller::new(&[file_host]).unwrap();
    let file = client.fetch("code1", 100, 0).await.unwrap();
    assert_eq!(file.bytes, b"\"PNG\"");
    assert_eq!(served.await.unwrap()[1].2, json!({"downloadCode": "code1", "robotCode": "dingbot"}));
    let (host, _served) =
        fake::answering(vec![token(), (200, json!({"downloadUrl": "http://10.0.0.1/a"}))]).await;
    assert!(self::client(&host).fetch("code1", 100, 0).await.is_err());
    let (host, _served) = fake::answering(vec![token(), (200, json!({}))]).await;
    assert_eq!(self::client(&host).fetch("code1", 100, 0).await.unwrap_err().hope, Hope::Never);
}

#[test]
fn the_place_where_the_platform_keeps_files_is_allowed_with_https() {
    let caller = Caller::new(&[]).unwrap();
    let host = "wukong-file-im-zjk.oss-cn-zhangjiakou.aliyuncs.com";
    assert!(caller.allowed(&format!("https://{host}/a?Signature=b")).is_ok());
    for other in [format!("http://{host}/a"), "https://anybody.oss-cn-zhangjiakou.aliyuncs.com/a".to_owned()]
    {
        assert!(caller.allowed(&other).is_err(), "{other}");
    }
}

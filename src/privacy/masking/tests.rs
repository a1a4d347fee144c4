use proptest::prelude::*;
use serde_json::json;

use super::{Kind, mask, mask_json};

/// Each text with what it becomes, and the kinds that are found.
const FOUND: &[(&str, &str, &[Kind])] = &[
    ("我的手机13800138000打不通", "我的手机138****8000打不通", &[Kind::Phone]),
    ("+86 138 0013 8000", "+86 138****8000", &[Kind::Phone]),
    ("tel:+8613900139000", "tel:+86139****9000", &[Kind::Phone]),
    ("0086-139-0013-9000。", "0086-139****9000。", &[Kind::Phone]),
    ("(+86)13900139000", "(+86)139****9000", &[Kind::Phone]),
    ("号码139-00139000", "号码139****9000", &[Kind::Phone]),
    ("**15912345678**", "**159****5678**", &[Kind::Phone]),
    ("电话１３８００１３８０００哈", "电话１３８****８０００哈", &[Kind::Phone]),
    ("138\u{200b}0013\u{200b}8000", "138****8000", &[Kind::Phone]),
    ("13800138000-13900139000", "138****8000-139****9000", &[Kind::Phone, Kind::Phone]),
    ("13800138000 13900139000", "138****8000 139****9000", &[Kind::Phone, Kind::Phone]),
    ("座机010-62345678", "座机010-****78", &[Kind::Landline]),
    ("(0755)8234567转3", "(0755)****67转3", &[Kind::Landline]),
    ("0571-8234 5678-801", "0571-****78-801", &[Kind::Landline]),
    ("+86 21 62345678", "+86 21 ****78", &[Kind::Landline]),
    ("电话02162345678", "电话021****78", &[Kind::Landline]),
    ("身份证11010519491231002X,谢谢", "身份证110****2X,谢谢", &[Kind::IdentityCard]),
    ("身份证11010519491231002x", "身份证110****2x", &[Kind::IdentityCard]),
    ("440524 19880101 0011", "440****11", &[Kind::IdentityCard]),
    ("老证件130503670401001", "老证件130****01", &[Kind::IdentityCard]),
    ("卡号6222021234567890128", "卡号6222****0128", &[Kind::BankCard]),
    ("卡 4111 1111 1111 1111 ok", "卡 4111****1111 ok", &[Kind::BankCard]),
    ("4111-1111-1111-1111", "4111****1111", &[Kind::BankCard]),
    ("银行卡 4222222222222", "银行卡 4222****2222", &[Kind::BankCard]),
    ("密码如下：Abc@1234", "密码如下：****", &[Kind::Password]),
    ("账号密码 root/Abc@1234", "账号密码 ****", &[Kind::Password]),
    ("密码是Abc(123", "密码是****", &[Kind::Password]),
    ("护照E12345678丢了", "护照E****78丢了", &[Kind::Passport]),
    ("passport no: EA1234567", "passport no: E****67", &[Kind::Passport]),
    ("发到zhang.san@example.com吧", "发到z****@example.com吧", &[Kind::Email]),
    ("ｚｈａｎｇ＠example.com", "ｚ****＠example.com", &[Kind::Email]),
    ("a@b.cn,c@d.com.cn.", "****@b.cn,****@d.com.cn.", &[Kind::Email, Kind::Email]),
    ("邮箱12345678@qq.com", "邮箱1****@qq.com", &[Kind::Email]),
    ("13800138000@139.com", "1****@139.com", &[Kind::Email]),
    ("AKIAIOSFODNN7EXAMPLE", "AKIA****MPLE", &[Kind::AccessKey]),
    ("ak是LTAI5tAbCdEfGhIjKlMn9Qxz", "ak是LTAI****9Qxz", &[Kind::AccessKey]),
    ("SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "SecretId=AKID****MPLE", &[Kind::AccessKey]),
    ("AccessKeySecret: wJalrXUtnFEMIK7MDENGbPxRfiCYKEY", "AccessKeySecret: ****", &[Kind::AccessKey]),
    (
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY",
        "aws_secret_access_key = ****",
        &[Kind::AccessKey],
    ),
    (
        "{\"access_key_secret\":\"abcDEF0123456789abcd\"}",
        "{\"access_key_secret\":\"****\"}",
        &[Kind::AccessKey],
    ),
    ("key sk-abcdefghij0123456789ABCD 报 401", "key sk-**** 报 401", &[Kind::AccessKey]),
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_****", &[Kind::AccessKey]),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "eyJ****",
        &[Kind::Token],
    ),
    ("Authorization: Bearer 8a7sd6f87asdf", "Authorization: Bearer ****", &[Kind::Token]),
    ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ****", &[Kind::Token]),
    ("access_token=ya29a0AfH6SMBx1234567", "access_token=****", &[Kind::Token]),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow\nAB==\n-----END RSA PRIVATE KEY-----\n好",
        "-----BEGIN RSA PRIVATE KEY-----****-----END RSA PRIVATE KEY-----\n好",
        &[Kind::PrivateKey],
    ),
    (
        "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQ\\nEFAASCBKcw\\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----****-----END PRIVATE KEY-----",
        &[Kind::PrivateKey],
    ),
    (
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n后面断了",
        "-----BEGIN PRIVATE KEY-----****\n后面断了",
        &[Kind::PrivateKey],
    ),
    ("密码是Abc@1234登不上", "密码是****登不上", &[Kind::Password]),
    ("密码：Ａｂｃ１２３４，帮我看看", "密码：****，帮我看看", &[Kind::Password]),
    ("root密码Abc@1234", "root密码****", &[Kind::Password]),
    ("密码123456不对", "密码****不对", &[Kind::Password]),
    ("密码改成了hunter22还是不行", "密码改成了****还是不行", &[Kind::Password]),
    ("口令为 toor", "口令为 ****", &[Kind::Password]),
    ("登录密码(root): qwe", "登录密码(root): ****", &[Kind::Password]),
    ("password=abc123&user=root", "password=****&user=root", &[Kind::Password]),
    ("pwd:a1b2, host: db1", "pwd:****, host: db1", &[Kind::Password]),
    (
        "Server=10.0.0.1;Uid=sa;Password=S3cret;Database=x",
        "Server=10.0.0.1;Uid=sa;Password=****;Database=x",
        &[Kind::Password],
    ),
    (
        "{\"user\":\"root\",\"password\": \"a b\"}",
        "{\"user\":\"root\",\"password\": \"****\"}",
        &[Kind::Password],
    ),
    (
        "{\\\"password\\\":\\\"p@ss\\\",\\\"x\\\":1}",
        "{\\\"password\\\":\\\"****\\\",\\\"x\\\":1}",
        &[Kind::Password],
    ),
    ("my password is letmein", "my password is ****", &[Kind::Password]),
    ("MYSQL_ROOT_PASSWORD=qwerty docker up", "MYSQL_ROOT_PASSWORD=**** docker up", &[Kind::Password]),
    ("redis-cli --password s3cr3t!x ping", "redis-cli --password **** ping", &[Kind::Password]),
    ("mysql -h10.0.0.1 -uroot -pAbc123 db", "mysql -h10.0.0.1 -uroot -p**** db", &[Kind::Password]),
    ("mysql://root:P@ssw0rd@10.0.0.1:3306/db", "mysql://root:****@10.0.0.1:3306/db", &[Kind::Password]),
    (
        "redis://:s3cret@r-bp1.redis.rds.aliyuncs.com:6379",
        "redis://:****@r-bp1.redis.rds.aliyuncs.com:6379",
        &[Kind::Password],
    ),
    ("root:Passw0rd@tcp(127.0.0.1:3306)/app", "root:****@tcp(127.0.0.1:3306)/app", &[Kind::Password]),
    ("https://0123456789abcdef0123@git.example.com/x", "https://****@git.example.com/x", &[Kind::Token]),
];

/// What must stay as it is.
const KEPT: &[&str] = &[
    "",
    "实例 i-bp67a1q2w3e4r5t6y7u8 连不上",
    "RequestId: 4F3A1380-0138-4000-9A3B-13800138000A",
    "RequestId 7B5F3C1E-1A2B-4C3D-8E9F-123456789012",
    "IP 192.168.1.100 和 10.0.0.1:3306, fe80::1, 8.8.8.8/24",
    "订单号 15012345678 没到账",
    "订单 4111111111111111",
    "工单号:202611200001234567",
    "账号 ID 1234567890123456",
    "错误码 0x80070005, ORA-28000, 1045, 40001",
    "时间戳 1763700000000, 2026-11-21 08:30:00, 20261121083000",
    "1763700000123456789",
    "版本 5.7.44-log, 1.13800138000, v1.2.3.4",
    "拨打 400-6455-666 或 95273、950800、+86-400-6455-666",
    "新加坡 +65-6336-0888, +1-650-940-8700",
    "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
    "密码错误怎么办,重置密码要重启吗",
    "密码是8-30位吗,密码 8 到 30 位,密码为16个字符",
    "忘记密码 MySQL5.7, 重置密码 Windows2019 和 密码 CentOS7.9",
    "password: <your_password>, password=${DB_PASSWORD}, password=xxxxxx, password=******",
    "password: authentication failed for user",
    "password = os.environ.get(1), passwd=getPassword()",
    "密码见 https://example.com/a, 密码:https://example.com/reset",
    "[重置密码](/intl.zh-CN/用户指南/重置.md)",
    "ssh root@192.168.1.10, git@github.com:a/b.git, ecs-user@host.example.com",
    "npm i react@18.2.0, logo@2x.png, nginx@sha256:0123456789abcdef",
    "image registry.example.com/a:1.2@sha256:0123456789abcdef",
    "token 过期, NextToken=abc, Bearer token authentication",
    "cd /data; pwd: /root",
    "AKIA 开头的 AccessKey ID, LTAI 是什么",
    "-----BEGIN PRIVATE KEY----- 这一行要保留吗",
    "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
    "https://help.example.com/document_detail/25429.html?spm=a2c4g.11186623",
    "110101199001011235 校验位不对",
    "4111111111111112 校验位不对",
    "110101 19901301 1234",
    "jdbc:mysql://rm-bp1.mysql.rds.aliyuncs.com:3306/db",
    "{\"TotalBytes\": \"17251167254\", \"size\":17251167254}",
    "thread 140115220821760, endTime: 4782556800000",
    "ClientToken=123e4567-e89b-12d3-a456-426655440000, PublicKeyToken=31bf3856ad364e35",
    "password={ACCESS_KEY}, conf['password'], password=conf['x'], def f(password:str, host:str)",
    "http://${username}:${password}@${host}:${port}, |Password|String|12**|, $pwd = ConvertTo-SecureString -String x",
    "PasswordPolicy1234, enter password:\\nRetype",
    "mkdir -p /data/mysql && mysqld --port 3306",
];

#[test]
fn what_is_personal_or_secret_is_covered() {
    for (text, expected, kinds) in FOUND {
        let masked = mask(text);
        let found: Vec<Kind> = masked.found.iter().map(|found| found.kind).collect();
        assert_eq!((masked.text.as_str(), found.as_slice()), (*expected, *kinds), "{text}");
        assert_eq!(mask(expected).text, *expected);
    }
}

#[test]
fn what_engineers_need_stays() {
    for text in KEPT {
        let masked = mask(text);
        assert_eq!((masked.text.as_str(), masked.found.len()), (*text, 0), "{:?}", masked.found);
    }
}

#[test]
fn ranges_are_those_of_the_original() {
    let text = "云云13800138000,密码是Abc@1234";
    let found: Vec<&str> = mask(text).found.into_iter().map(|found| &text[found.range]).collect();
    assert_eq!(found, ["13800138000", "Abc@1234"]);
}

#[test]
fn json_is_masked_within() {
    let mut value = json!({
        "phone": 13800138000u64, "password": "x", "n": 7, "ok": true, "none": null,
        "list": ["a@b.cn", {"AccessKey-Secret": ["s", 1]}], "id": "i-bp67a1q2",
    });
    assert!(mask_json(&mut value));
    let expected = json!({
        "phone": "138****8000", "password": "****", "n": 7, "ok": true, "none": null,
        "list": ["****@b.cn", {"AccessKey-Secret": ["****", "****"]}], "id": "i-bp67a1q2",
    });
    assert_eq!(value, expected);
    assert!(!mask_json(&mut value));
    assert_eq!(value, expected);
}

/// Pieces that meet in ways nobody writes.
fn pieces() -> impl Strategy<Value = String> {
    let pieces: Vec<&'static str> = FOUND
        .iter()
        .flat_map(|(text, masked, _)| [*text, *masked])
        .chain(KEPT.iter().copied())
        .chain([
            "****",
            "***",
            "*",
            " ",
            "-",
            ".",
            "@",
            ":",
            "密码",
            "是",
            "电话",
            "订单号",
            "=",
            "\"",
            "\n",
            "\\",
            "_",
            "a",
            "1",
            "(",
            ")",
            "://",
            "eyJ",
            ",",
            "&",
            "云",
            "0",
            "86",
            "+86",
            "mysql -p",
            "-----BEGIN PRIVATE KEY-----",
            "-----END",
        ])
        .collect();
    proptest::collection::vec(proptest::sample::select(pieces), 0..8).prop_map(|pieces| pieces.concat())
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let masked = mask(text);
    prop_assert_eq!(&mask(&masked.text).text, &masked.text);
    let mut end = 0;
    for found in &masked.found {
        prop_assert!(end <= found.range.start && found.range.start < found.range.end);
        prop_assert!(text.get(found.range.clone()).is_some());
        end = found.range.end;
    }
    prop_assert_eq!(masked.found.is_empty(), masked.text == text);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_can_be_masked_and_masking_again_changes_nothing(text in "\\PC*") {
        holds(&text)?;
    }

    #[test]
    fn so_can_dense_text(text in "[-a1@:. *密码(=\"\\\\_/+38０，E]{0,60}") {
        holds(&text)?;
    }

    #[test]
    fn so_can_pieces_put_together(text in pieces()) {
        holds(&text)?;
    }

    #[test]
    fn every_phone_is_found_in_chinese_text(number in 13_000_000_000u64..20_000_000_000, before in "[云服务器:，。]{0,5}") {
        let text = format!("{before}{number}登不上");
        prop_assert!(mask(&text).text.contains("****"));
    }
}

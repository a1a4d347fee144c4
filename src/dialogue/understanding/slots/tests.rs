use super::*;

fn slot(text: &str, slot: Slot) -> Option<String> {
    extract(text).remove(&slot)
}

fn each(which: Slot, wanted: &[(&str, &str)]) {
    for (text, fact) in wanted {
        assert_eq!(slot(text, which).as_deref(), Some(*fact), "{text}");
    }
}

fn none(which: Slot, texts: &[&str]) {
    for text in texts {
        assert_eq!(slot(text, which), None, "{text}");
    }
}

#[test]
fn instances_of_any_product() {
    each(
        Slot::Instance,
        &[
            ("机器 i-bp1q2w3e4r5t6y7u8i9o 起不来", "i-bp1q2w3e4r5t6y7u8i9o"),
            ("rm-2ze1x2c3v4b5n6m7,连不上", "rm-2ze1x2c3v4b5n6m7"),
            ("EIP 是 eip-bp1ab2cd3ef4gh5。", "eip-bp1ab2cd3ef4gh5"),
            ("ｖｐｃ－ｂｐ１ａｂ２ｃｄ３ｅｆ４", "vpc-bp1ab2cd3ef4"),
            ("集群 c1f2e3d4c5b6a7980a1b2c3d4", "c1f2e3d4c5b6a7980a1b2c3d4"),
        ],
    );
    none(
        Slot::Instance,
        &["cn-hangzhou", "centos-7", "先 apt-get install", "x-forwarded-for 怎么配", "2026-01-02 10:00"],
    );
}

#[test]
fn requests() {
    let id = "4C467B38-3910-447D-87BC-AC049166F216";
    each(
        Slot::Request,
        &[
            (&format!("requestId：{id}"), id),
            (&format!("请求 {id} 失败"), id),
            ("traceid 是 0a1b2c3d4e5f", "0a1b2c3d4e5f"),
        ],
    );
    assert_eq!(slot(&format!("requestId：{id}"), Slot::Instance), None);
}

#[test]
fn regions_by_code_number_and_city() {
    each(
        Slot::Region,
        &[
            ("地域：cn-shenzhen", "cn-shenzhen"),
            ("可用区 cn-beijing-h", "cn-beijing"),
            ("ap-southeast-1 的机器", "ap-southeast-1"),
            ("机器在华北2", "cn-beijing"),
            ("華北2(北京)", "cn-beijing"),
            ("华东 1 的", "cn-hangzhou"),
            ("部機喺香港", "cn-hongkong"),
            ("新加坡", "ap-southeast-1"),
            ("机器在杭州机房", "cn-hangzhou"),
            ("the region is Singapore", "ap-southeast-1"),
        ],
    );
    none(Slot::Region, &["香港公司实名认证要什么材料", "上海人说话听不懂", "cn-不存在", "我在 us"]);
}

#[test]
fn systems_with_versions() {
    each(
        Slot::System,
        &[
            ("CentOS 7.9", "CentOS 7.9"),
            ("centos7 上装 nginx", "CentOS 7"),
            ("Windows Server 2016 数据中心版", "Windows Server 2016"),
            ("windows 2012 r2", "Windows Server 2012 R2"),
            ("win10", "Windows 10"),
            ("Ubuntu２２.０４", "Ubuntu 22.04"),
            ("我係用緊 Debian 11", "Debian 11"),
            ("Alibaba Cloud Linux 3", "Alibaba Cloud Linux 3"),
            ("那 Windows 呢", "Windows"),
            ("麒麟V10", "Kylin 10"),
            ("linux 怎么改主机名", "Linux"),
        ],
    );
    none(Slot::System, &["winner 是谁", "打开控制台"]);
    assert_eq!(slot("Windows 3 台机器", Slot::System).as_deref(), Some("Windows"));
}

#[test]
fn errors_by_code_number_and_words() {
    each(
        Slot::Error,
        &[
            ("报 InvalidParameter.Size", "InvalidParameter.Size"),
            ("提示 SignatureDoesNotMatch 怎么办", "SignatureDoesNotMatch"),
            ("网站报 502", "502"),
            ("ERROR 1045 (28000)", "ERROR 1045"),
            ("pod 退出,退出码 137", "退出码 137"),
            ("提示“磁盘空间不足”", "磁盘空间不足"),
            ("ssh 报 Connection refused", "Connection refused"),
            ("错误代码0x80070005", "0x80070005"),
            ("状态码：503", "503"),
            ("ORA-12541 怎么处理", "ORA-12541"),
        ],
    );
    none(
        Slot::Error,
        &["买 500 台服务器", "充了 500 元", "WordPress 怎么搬家", "MySQL 5.7", "点“确定”没反应"],
    );
}

#[test]
fn since_when() {
    each(
        Slot::Since,
        &[
            ("昨天下午开始连不上", "昨天下午开始"),
            ("从 3 点起就不行了", "从 3 点起"),
            ("刚才突然断了", "刚才"),
            ("2 小时前改过配置", "2 小时前"),
            ("半个小时前", "半个小时前"),
            ("从昨晚十点半开始一直慢", "从昨晚十点半开始"),
            ("上周五升级过", "上周五"),
            ("今早 10:30 左右挂的", "今早 10:30 左右"),
            ("it started 2 hours ago", "2 hours ago"),
            ("down since 3pm", "since 3pm"),
            ("升级之后就报错", "升级之后"),
            ("已经宕机了,断了两个小时了", "两个小时"),
        ],
    );
    none(Slot::Since, &["每天凌晨三点备份", "24 小时都有人吗", "保留 7 天前的日志", "怎么续费", "周期任务"]);
}

#[test]
fn versions_and_editions() {
    each(
        Slot::Version,
        &[
            ("版本是 7.10", "7.10"),
            ("自己编译的 nginx 1.22", "nginx 1.22"),
            ("ACK 专有版 1.20.11", "1.20.11"),
            ("MySQL 8.0", "MySQL 8.0"),
            ("版本 8", "8"),
            ("k8s v1.26", "1.26"),
        ],
    );
    none(Slot::Version, &["CentOS 7.9", "ip 10.0.0.1", "可用性 99.95%", "延迟 3.5 秒", "等了 1.5 小时"]);
    each(
        Slot::Edition,
        &[("ACK 专有版 1.20.11", "专有版"), ("Windows Server 2016 数据中心版", "数据中心版")],
    );
}

#[test]
fn any_text_is_looked_through() {
    for text in [
        "",
        "　",
        "从",
        "号",
        "\u{0}",
        "🙏",
        "0x",
        "“",
        "-",
        "版本",
        "周",
        "since",
        "ago",
        "1点",
        "从从从",
        "İ 版本 1",
    ] {
        extract(text);
    }
    let long = "从昨天开始 i-".repeat(10_000);
    assert_eq!(slot(&long, Slot::Since).as_deref(), Some("从昨天开始"));
}

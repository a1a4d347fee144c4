//! Operations cases in Chinese out of templates and word lists: the same ones for the same count, on any machine.

// Each bench takes of it what it needs.
#![allow(dead_code)]

use serde_json::{Value, json};
use yunzhu::kb::case::Case;

const PRODUCTS: [(&str, &str); 8] = [
    ("ecs", "云服务器"),
    ("rds", "云数据库"),
    ("slb", "负载均衡"),
    ("oss", "对象存储"),
    ("cdn", "内容分发"),
    ("redis", "缓存数据库"),
    ("k8s", "容器服务"),
    ("vpc", "专有网络"),
];
const PARTS: [&str; 16] = [
    "实例",
    "磁盘",
    "快照",
    "安全组",
    "监听",
    "域名",
    "证书",
    "连接池",
    "主从复制",
    "节点",
    "镜像",
    "存储桶",
    "路由表",
    "弹性公网IP",
    "备份",
    "日志",
];
const TROUBLES: [&str; 16] = [
    "连不上",
    "启动失败",
    "响应超时",
    "空间不足",
    "权限被拒绝",
    "延迟过高",
    "频繁重启",
    "扩容后容量不变",
    "配置不生效",
    "同步中断",
    "占用率过高",
    "创建失败",
    "健康检查异常",
    "偶发丢包",
    "无法删除",
    "版本不兼容",
];
const WHEN: [&str; 8] =
    ["重启之后", "升级之后", "迁移之后", "高峰期", "修改配置后", "凌晨定时任务时", "切换主备后", "新建之后"];
const COMMANDS: [&str; 8] = [
    "systemctl status sshd",
    "df -h",
    "kubectl get pods",
    "netstat -antp",
    "show processlist",
    "curl -I",
    "journalctl -u kubelet",
    "iostat -x 1",
];
const STEPS: [&str; 8] = [
    "登录控制台,确认{part}的状态是运行中。",
    "执行 `{command}`,看输出里有没有 {code}。",
    "检查{product}的安全组和白名单是否放行了来源地址。",
    "把{part}的参数恢复为默认值,再观察十分钟。",
    "如果{trouble}仍然出现,先做快照,再重启{part}。",
    "查看监控里的曲线,对照{when}的时间点。",
    "联系{product}的值班工程师,附上错误码 {code} 和日志。",
    "确认应用使用的 SDK 版本,旧版本在{when}会报 {code}。",
];

/// A sequence of numbers that looks random (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// So many cases.
pub fn cases(count: usize) -> Vec<Case> {
    let mut draw = Draw(20_261_121);
    (0..count).map(|number| case(number, &mut draw)).collect()
}

/// So many questions about them, short and long, some with an identifier.
pub fn questions(count: usize) -> Vec<String> {
    let mut draw = Draw(7);
    let mut question = |number: usize| {
        let ((_, product), part, trouble) = (draw.of(&PRODUCTS), draw.of(&PARTS), draw.of(&TROUBLES));
        match number % 4 {
            0 => format!("{part}{trouble}"),
            1 => format!("{product}的{part}{}{trouble}怎么办", draw.of(&WHEN)),
            2 => format!("{} 报错 {} {part}", draw.of(&COMMANDS), code(draw.below(5000))),
            _ => format!(
                "你好,我们昨天{}发现{product}的{part}{trouble},重启过一次也没有用,日志里有 {},请问应该先看哪里",
                draw.of(&WHEN),
                code(draw.below(5000))
            ),
        }
    };
    (0..count).map(&mut question).collect()
}

fn case(number: usize, draw: &mut Draw) -> Case {
    let ((product, name), part, trouble) = (draw.of(&PRODUCTS), draw.of(&PARTS), draw.of(&TROUBLES));
    let (when, code) = (draw.of(&WHEN), code(draw.below(5000)));
    let steps = 3 + draw.below(6);
    let mut body = format!("### 现象\n\n{when},{name}的{part}{trouble},错误码 {code}。\n\n### 处理步骤\n\n");
    for step in 1..=steps {
        let text = draw
            .of(&STEPS)
            .replace("{part}", part)
            .replace("{command}", draw.of(&COMMANDS))
            .replace("{code}", &code)
            .replace("{product}", name)
            .replace("{trouble}", trouble)
            .replace("{when}", when);
        body.extend([step.to_string().as_str(), ". ", &text, "\n"]);
    }
    let record = json!({
        "id": format!("generated-{number}"),
        "product": product,
        "product_name": name,
        "title": format!("{when}{part}{trouble}怎么处理"),
        "questions": [format!("{name} {part} {trouble}"), format!("{trouble} {code}")],
        "document": format!("{name}{part}排查"),
        "body": body,
    });
    let Value::Object(record) = record else { unreachable!("it is written as an object above") };
    Case::parse(record, "generated").expect("a generated case has a title and a body")
}

fn code(number: usize) -> String {
    format!("E{}-{:04}", 1 + number % 9, number)
}

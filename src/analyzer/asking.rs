//! What kind of question a text asks: how, why, whether, how much, where, what, or that something is broken.

/// The words by which each kind is told; a kind is one bit, in this order.
const WORDS: [&[&str]; 8] = [
    &["如何", "怎么", "怎样", "咋", "步骤", "方法", "流程", "操作", "how to", "howto"],
    &["为什么", "为何", "为啥", "原因", "怎么回事", "why"],
    &[
        "是否",
        "能否",
        "可否",
        "能不能",
        "可不可以",
        "是不是",
        "支持",
        "可以",
        "能用",
        "有没有",
        "会不会",
        "要不要",
        "吗",
        "么",
    ],
    &["多少", "几个", "多久", "多长", "多大", "上限", "限制", "最多", "最大", "配额", "规格"],
    &["哪里", "哪儿", "在哪", "哪个", "位置", "入口", "查看"],
    &["什么是", "是什么", "啥是", "介绍", "概述", "含义", "区别", "概念", "意思"],
    &[
        "失败",
        "报错",
        "错误",
        "异常",
        "无法",
        "不能",
        "不了",
        "不上",
        "故障",
        "没反应",
        "error",
        "fail",
        "排查",
        "怎么办",
    ],
    &["收费", "费用", "价格", "计费", "多少钱", "扣费", "账单", "退款", "续费", "免费"],
];

/// The kinds of question in a text, one bit each; 0 for a bare topic.
pub fn kinds(text: &str) -> u8 {
    (0u8..)
        .zip(WORDS)
        .filter(|(_, words)| words.iter().any(|word| text.contains(word)))
        .map(|(bit, _)| 1 << bit)
        .sum()
}

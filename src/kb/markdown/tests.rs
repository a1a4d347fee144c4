//! Tests of the Markdown reader, over documents in the manner of real repositories.

use proptest::prelude::*;

use super::*;

fn cases(text: &str, path: &str) -> Vec<Case> {
    read_document(text, path).found.into_iter().map(|found| found.result.unwrap()).collect()
}

fn long(seed: &str, chars: usize) -> String {
    seed.chars().cycle().take(chars).collect()
}

#[test]
fn a_cloud_document_with_steps_is_one_case() {
    let text = "# 升级实例 {#concept_1 .concept}\n\n本文介绍如何升级。\n\n## 前提条件 {#section_a}\n\n已创建实例。\n\n## 操作步骤\n\n\
        1.  登录。![图](a.png)\n\n    ```\n    # 不是标题\n\n\n    ## 也不是\n    ```\n\n2.  升级[说明](../b.md)。\n";
    let cases = cases(text, "cn.zh-CN/用户指南/实例/升级.md");
    assert_eq!(cases.len(), 1);
    let case = &cases[0];
    assert_eq!((case.title.as_str(), case.document.as_str()), ("升级实例", "升级实例"));
    assert_eq!(case.category, ["用户指南", "实例"]);
    assert_eq!(case.source, "cn.zh-CN/用户指南/实例/升级.md#concept_1");
    assert!(
        case.body.contains("## 前提条件\n") && case.body.contains("## 操作步骤\n\n1.  登录。\n"),
        "{}",
        case.body
    );
    assert!(case.body.contains("    # 不是标题\n\n\n    ## 也不是\n"));
    assert!(
        case.body.contains("[说明](../b.md)")
            && !case.body.contains("a.png")
            && !case.body.contains("section_a")
    );
}

#[test]
fn a_database_document_is_cut_at_its_sections() {
    let text = format!(
        "---\ntitle: \"备份\"\nms.prod: sql\n---\n# 备份概述\n[!INCLUDE [SQL](../includes/sql.md)]\n短引言。\n\n\
         ## <a name=\"full\"></a>如何做完整备份\n完整备份。<br/>第二行&nbsp;x&lt;y\n\n### 示例\n例子\n\n<a id=\"log\"></a>\n## 日志备份\n\
         {}\n\n## 空的\n\n![只有图](x.png)\n\n## 另请参阅\n[其他](b.md)\n",
        long("日志备份说明。", 50)
    );
    let document = read_document(&text, "docs/relational/backup.md");
    assert_eq!(document.empty, 1);
    let cases: Vec<Case> = document.found.into_iter().map(|found| found.result.unwrap()).collect();
    assert_eq!(cases.len(), 2);
    assert_eq!(cases[0].title, "如何做完整备份");
    assert_eq!(cases[0].body, "短引言。\n\n完整备份。\n第二行 x\\<y\n\n### 示例\n例子");
    assert_eq!((cases[0].product.as_str(), cases[0].document.as_str()), ("sql", "备份概述"));
    assert_eq!(cases[0].source, "docs/relational/backup.md#full");
    assert_eq!(cases[1].source, "docs/relational/backup.md#log");
    assert_eq!(cases[0].category, ["relational"]);
}

#[test]
fn a_hugo_document_with_long_sections_is_cut_deeper() {
    let part = |name: &str| format!("### {name}\n\n{}\n\n", long("这是正文内容，", 1100));
    let text = format!(
        "+++\ntitle = \"存储\"\n+++\n{{{{< toc >}}}}\n{}\n\n安装\n----\n\n{}{}{}\n卸载\n----\n\n{{{{% notice %}}}}删除即可{{{{% /notice %}}}}\n",
        long("这是一段足够长的概述，", 260),
        part("在 Linux 上安装"),
        part("在 Windows 上安装"),
        part("在 Mac 上安装")
    );
    let cases = cases(&text, "content/zh/存储/a.md");
    let titles: Vec<&str> = cases.iter().map(|case| case.title.as_str()).collect();
    assert_eq!(titles, ["存储", "在 Linux 上安装", "在 Windows 上安装", "在 Mac 上安装", "卸载"]);
    assert_eq!(cases[1].document, "存储 / 安装");
    assert_eq!(cases[4].body, "删除即可");
    assert!(!cases[0].body.contains("toc"));
}

#[test]
fn tables_and_code_are_kept_and_html_outside_code_is_cleaned() {
    let text = "# t\n\n| a | b |\n|---|---|\n| 1<br>2 | `<br>` |\n\n<table>\n<tr><td>甲</td>\n\n    <td>乙</td></tr>\n</table>\n\n\
        `<p>` 和 <span>文字</span>，替换 <ip> 为地址。[![徽章](b.svg)](x)\n\n```html\n<p>{{< keep >}}</p>\n```\n\n<div>\n<p>段落</p>\n</div>\n<!-- 注释 -->\n";
    let body = &cases(text, "a.md")[0].body;
    for part in [
        "| 1 2 | `<br>` |",
        "| 甲 | 乙 |\n| --- | --- |",
        "`<p>` 和 文字，替换 <ip> 为地址。\n",
        "<p>{{< keep >}}</p>\n```",
        "段落",
    ] {
        assert!(body.contains(part), "{part:?} in {body}");
    }
    assert!(!body.contains("注释") && !body.contains("div") && !body.contains("svg"));
}

#[test]
fn parts_by_name_stay_with_the_section_before_them() {
    let text = "# 监听\n\n## 创建监听\n\n点创建。\n\n## 错误码\n\n400\n\n## 健康检查失败\n\n<div>\n<table><tr><td>超时</td></tr></table>\n</div>\n";
    let cases = cases(text, "a.md");
    assert_eq!(cases[0].body, "点创建。\n\n## 错误码\n\n400");
    assert_eq!(cases[1].body, "| 超时 |\n| --- |");
}

#[test]
fn a_topic_of_the_project() {
    let text = "---\nproduct: ecs\nproduct_name: 云服务器ECS\ncategory: [计算, 实例]\ntags: [远程]\n---\n# 远程连接\n\n给编辑的话。\n\n\
        ## 无法远程连接 {#connect}\n\n问法:\n- 连不上\n- `ssh` 超时\n\n先看状态。\n\n### 操作步骤\n\n1. 看安全组\n\n## 重置密码\n问法：\n\n* 忘了密码\n\n重置。\n";
    let document = read_document(text, "servers/ecs.md");
    assert_eq!(document.found[0].line, 11);
    let cases: Vec<Case> = document.found.into_iter().map(|found| found.result.unwrap()).collect();
    assert_eq!(cases.len(), 2);
    assert_eq!(cases[0].id.as_str(), "servers/ecs#connect");
    assert_eq!(cases[0].questions, ["连不上", "ssh 超时"]);
    assert_eq!(cases[0].body, "先看状态。\n\n### 操作步骤\n\n1. 看安全组");
    assert_eq!((cases[0].document.as_str(), cases[0].product_name.as_str()), ("远程连接", "云服务器ECS"));
    assert_eq!((cases[1].id.as_str(), cases[1].body.as_str()), ("servers/ecs#重置密码", "重置。"));
    assert_eq!(cases[1].questions, ["忘了密码"]);
}

#[test]
fn broken_front_matter_is_reported_and_the_document_read() {
    let document = read_document("---\ntitle: [x\n---\n# 标题\n\n正文\n", "a.md");
    assert!(document.found[0].result.as_ref().unwrap_err().contains("broken YAML"));
    assert_eq!(document.found[1].result.as_ref().unwrap().title, "标题");
}

proptest! {
    #[test]
    fn any_text_is_a_document(text in "(#|##|###| |\n|\n\n|-|```|<a id=\"x\"></a>|<table>|</table>|<td>|<p>|</p>|>|\\[|!|\\]|\\(x\\)|&lt;|&#42;|\\{#a\\}|\\{\\{<|>\\}\\}|:::|\\[!INCLUDE|---|问法:|title: a|product: b|云|正文|\\||`|\t|<br>|\r\n){0,60}") {
        read_document(&text, "a/b.md");
        outline(&text);
        let topic = format!("---\nproduct: a\n---\n## t\n问法:\n- a\n\n{text}");
        read_document(&topic, "a.md");
    }

    #[test]
    fn any_string_is_a_document(text in "\\PC{0,200}") {
        read_document(&text, "a.md");
    }
}

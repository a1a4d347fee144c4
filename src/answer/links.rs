//! Links from case to case: files to an editor, nothing to a customer.

/// The text with links to other files of the knowledge base as their words in quotation marks; links to the web, images and
/// code stay.
pub fn without_file_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fenced = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
        }
        match fenced {
            true => out.push_str(line),
            false => unlink(line, &mut out),
        }
    }
    out
}

fn unlink(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some(start) = rest.find('[') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let in_code = line[..line.len() - from.len()].matches('`').count() % 2 == 1;
        let link = (!in_code && !before.ends_with('!')).then(|| link(from)).flatten();
        match link {
            Some((label, length)) => {
                out.push_str(&format!("“{label}”"));
                rest = &from[length..];
            }
            None => {
                out.push('[');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
}

/// The words of a link to a file at the beginning of a text, and how long it is.
fn link(text: &str) -> Option<(&str, usize)> {
    let (label, after) = text.strip_prefix('[')?.split_once("](")?;
    let (target, _) = after.split_once(')')?;
    let file = target.split('#').next().unwrap_or_default();
    let is_file = (file.is_empty() && target.starts_with('#')) || file.ends_with(".md");
    let is_web = target.contains("://");
    let is_plain = !label.contains(['[', ']', '\n']);
    (is_file && !is_web && is_plain).then(|| (label, 1 + label.len() + 2 + target.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_their_words() {
        for (text, shown) in [
            ("见[磁盘满了](../storage/disk.md#full)。", "见“磁盘满了”。"),
            ("见[上面](#top)和[官网](https://a.cn/b.md)", "见“上面”和[官网](https://a.cn/b.md)"),
            ("![图](a.md) `[x](y.md)` a[0](b)", "![图](a.md) `[x](y.md)` a[0](b)"),
            ("```bash\ncat [a](b.md)\n```\n[c](d.md)\n", "```bash\ncat [a](b.md)\n```\n“c”\n"),
            ("[没有完", "[没有完"),
            ("[a](b.md", "[a](b.md"),
            ("数组[1]和[2](x.md)", "数组[1]和“2”"),
        ] {
            assert_eq!(without_file_links(text), shown, "{text}");
        }
    }
}

//! The name that a server gives to a file.

/// Longest name that is kept, in characters.
const MAX_NAME: usize = 120;

/// The name in a Content-Disposition (RFC 6266): `filename*` in UTF-8 before `filename`; without folders and control
/// characters.
pub(super) fn file_name(disposition: &str) -> Option<String> {
    let field = |wanted: &str| {
        disposition.split(';').find_map(|field| {
            let (name, value) = field.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let extended = field("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let encoded = rest.split_once('\'')?.1;
        charset.eq_ignore_ascii_case("utf-8").then(|| percent_decoded(encoded)).flatten()
    });
    let name = extended.or_else(|| field("filename"))?;
    let last = name.rsplit(['/', '\\']).next()?;
    let clean: String = last.chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect();
    (!clean.trim_matches('.').trim().is_empty()).then_some(clean)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (code, tail) = tail.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_cleaned() {
        assert_eq!(
            file_name("attachment; filename*=UTF-8''%E5%B9%B4.pdf; filename=b").as_deref(),
            Some("年.pdf")
        );
        assert_eq!(file_name("attachment; filename=\"C:\\a\\b\u{7}.txt\"").as_deref(), Some("b.txt"));
        for none in ["inline", "attachment; filename=\"..\"", "attachment; filename=", "filename*=utf-8''%"] {
            assert_eq!(file_name(none), None, "{none}");
        }
    }
}

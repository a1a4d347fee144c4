//! Folding of text forms that mean the same: width and compatibility (NFKC), case, traditional to simplified.

use std::sync::OnceLock;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The text in the one form in which everything is compared: NFKC, lower case, simplified Chinese.
///
/// Total: any string gives a string, and folding twice gives the same as folding once.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// [`fold`] into a buffer that is appended to, for the hot path.
pub fn fold_into(text: &str, out: &mut String) {
    let from = out.len();
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        let mut expanded = false;
        plain(text.chars()).for_each(|c| expanded |= lower(c, out));
        if !expanded {
            return;
        }
    } else {
        plain(text.nfkc()).for_each(|c| _ = lower(c, out));
    }
    renormalize(out, from);
}

/// [`fold_into`] with the case of letters kept: `RunInstances` still shows its humps.
pub fn unify_into(text: &str, out: &mut String) {
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        out.extend(plain(text.chars()));
    } else {
        out.extend(plain(text.nfkc()));
    }
}

/// Simplified characters, without those that nobody sees, and with one form of the hyphen.
fn plain(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    chars.filter(|&c| !is_invisible(c)).map(|c| match c {
        // Editors and web pages put these for the hyphen of an identifier.
        '\u{2010}'..='\u{2013}' | '\u{2212}' => '-',
        c => simplify(c),
    })
}

/// Soft hyphen, zero width space, word joiner, byte order mark: they come along when text is copied.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Appends the lower case of a character; tells whether it became several.
fn lower(c: char, out: &mut String) -> bool {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        false
    } else if (FIRST_HAN..=LAST_HAN).contains(&c) {
        out.push(c);
        false
    } else {
        lower_normalized(c, out)
    }
}

/// Lower-casing and leaving out may leave the normal form (`J` with a caron has no sign of its own, `j` has one).
fn renormalize(out: &mut String, from: usize) {
    if is_nfkc_quick(out[from..].chars()) != IsNormalized::Yes {
        let normal: String = out[from..].nfkc().collect();
        out.replace_range(from.., &normal);
    }
}

/// Lower-casing may leave the normal form ('İ' becomes 'i' and a combining dot), so it is normalized once more.
fn lower_normalized(c: char, out: &mut String) -> bool {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => {
            out.push(one);
            false
        }
        _ => {
            out.extend(c.to_lowercase().nfkc());
            true
        }
    }
}

const FIRST_HAN: char = '\u{3400}';
const LAST_HAN: char = '\u{9fff}';

/// The simplified form of one character; itself where it has none.
///
/// Character by character: the few words whose characters map by context matter less than a fixed result.
fn simplify(c: char) -> char {
    if !(FIRST_HAN..=LAST_HAN).contains(&c) {
        return c;
    }
    static TABLE: OnceLock<Vec<u16>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        (FIRST_HAN as u32..=LAST_HAN as u32)
            .map(|code| {
                let c = char::from_u32(code).unwrap_or(FIRST_HAN);
                let mut buffer = [0; 4];
                let simple = fast2s::convert(c.encode_utf8(&mut buffer)).chars().next().unwrap_or(c);
                // A form outside the plane, or one that would be converted again, is left alone: folding is idempotent.
                u16::try_from(simple as u32).unwrap_or(code as u16)
            })
            .collect()
    });
    char::from_u32(u32::from(table[(c as u32 - FIRST_HAN as u32) as usize])).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_mean_the_same_are_one() {
        assert_eq!(fold("ＥＣＳ　負載均衡"), fold("ecs 负载均衡"));
        assert_eq!(fold("雲伺服器連不上"), "云伺服器连不上");
        assert_eq!(fold("①②"), "12");
    }

    #[test]
    fn folding_is_idempotent_over_all_characters() {
        for c in ('\0'..=char::MAX).filter(|c| !c.is_control()) {
            let once = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&once), once, "{c:?} {:x}", c as u32);
        }
    }
}

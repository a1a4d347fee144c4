//! Cuts folded text into runs of one script, so that each run can go to the rule that understands it.

/// What a run of characters is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Chinese characters: words come from the dictionary.
    Han,
    /// ASCII letters and digits with the connectors between them: identifiers, commands, English.
    Ascii,
    /// Any other letters: cut by the Unicode rules.
    Other,
}

/// Whether a character is a Chinese one.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '々' | '〇')
}

/// Whether a character joins the parts of an identifier when it stands between them.
pub fn is_connector(c: char) -> bool {
    matches!(c, '-' | '_' | '.')
}

fn script_of(c: char) -> Option<Script> {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => Some(Script::Ascii),
        '\0'..='\u{7f}' => None,
        c if is_han(c) => Some(Script::Han),
        c if c.is_alphanumeric() || is_mark(c) => Some(Script::Other),
        _ => None,
    }
}

/// Combining marks belong to the letter before them (Devanagari, Thai, Arabic vowels).
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}'
        | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{e31}'..='\u{e4e}' | '\u{1ab0}'..='\u{1aff}')
}

/// One run: its script and its place in the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it is made of.
    pub script: Script,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The runs of a text in order. Letters and digits are in exactly one run; what separates them is in none.
///
/// ```
/// # use yunzhu::analyzer::script::{runs, Script};
/// let text = "重启 kube-proxy.";
/// let found: Vec<_> = runs(text).map(|r| (r.script, &text[r.start..r.end])).collect();
/// assert_eq!(found, [(Script::Han, "重启"), (Script::Ascii, "kube-proxy")]);
/// ```
pub fn runs(text: &str) -> impl Iterator<Item = Run> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (start, script) = text[at..].char_indices().find_map(|(i, c)| Some((at + i, script_of(c)?)))?;
        let end = run_end(text, start, script);
        at = end;
        Some(Run { script, start, end })
    })
}

fn run_end(text: &str, start: usize, script: Script) -> usize {
    let mut chars = text[start..].char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if script_of(c) == Some(script) {
            continue;
        }
        let joins = script == Script::Ascii
            && is_connector(c)
            && chars.peek().is_some_and(|&(_, next)| script_of(next) == Some(Script::Ascii));
        if !joins {
            return start + i;
        }
    }
    text.len()
}

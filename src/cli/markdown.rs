//! Markdown on a terminal: headings, code and bold text stand out; everything else stays as it was written, so that
//! commands can be copied.

use super::terminal::{Ink, Paper, harmless};

/// The text for people to read.
pub fn render(text: &str, paper: Paper) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<&str> = None;
    for line in harmless(text).lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => {
                fence = Some(mark);
                out.push_str(&paper.paint(Ink::Dim, line));
            }
            (Some(open), Some(mark)) if open == mark => {
                fence = None;
                out.push_str(&paper.paint(Ink::Dim, line));
            }
            (Some(_), _) => out.push_str(&paper.paint(Ink::Code, line)),
            (None, None) => out.push_str(&plain(line, paper)),
        }
        out.push('\n');
    }
    out
}

fn plain(line: &str, paper: Paper) -> String {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    if (1..=6).contains(&level) && text.starts_with(' ') {
        return paper.paint(Ink::Title, text.trim());
    }
    let bold = spans(line, "**", Ink::Title, paper);
    spans(&bold, "`", Ink::Code, paper)
}

/// Paints what stands between two marks. A mark without a second one is text.
fn spans(line: &str, mark: &str, ink: Ink, paper: Paper) -> String {
    let parts: Vec<&str> = line.split(mark).collect();
    let mut out = String::with_capacity(line.len());
    for (at, part) in parts.iter().enumerate() {
        let inside = at % 2 == 1 && at + 1 < parts.len() && !part.is_empty();
        match (inside, at % 2) {
            (true, _) => out.push_str(&paper.paint(ink, part)),
            (false, 1) => {
                out.push_str(mark);
                out.push_str(part);
                if at + 1 < parts.len() {
                    out.push_str(mark);
                }
            }
            _ => out.push_str(part),
        }
    }
    out
}

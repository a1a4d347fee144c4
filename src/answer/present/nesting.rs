//! The lists and quotes around a block: what they put before its lines, and how close it stands to the block before it.

use super::block::Gap;
use super::dialect::Dialect;

/// Deeper ones show nothing of their own: nobody could read it, and each line would grow with the depth.
const DEEPEST: usize = 8;

/// What is open around the text, from the outermost.
#[derive(Debug, Default)]
pub struct Nesting(Vec<Around>);

#[derive(Debug)]
enum Around {
    Quote,
    List { next: Option<u64>, begun: bool },
    Item { marker: String, used: bool },
}

/// Where a block is within the lists around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It begins an item.
    Item,
    /// It goes on, or there is no list.
    Within,
}

impl Nesting {
    /// Opens a quote.
    pub fn quote(&mut self) {
        self.0.push(Around::Quote);
    }

    /// Opens a list, numbered from `first` where there is one.
    pub fn list(&mut self, first: Option<u64>) {
        self.0.push(Around::List { next: first, begun: false });
    }

    /// Opens an item of the list that was opened last.
    pub fn item(&mut self, dialect: Dialect) {
        let marker = match self.0.last_mut() {
            Some(Around::List { next: Some(number), .. }) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ if dialect.is_markdown() => "- ".to_owned(),
            _ => "· ".to_owned(),
        };
        self.0.push(Around::Item { marker, used: false });
    }

    /// Closes what was opened last.
    pub fn close(&mut self) {
        self.0.pop();
    }

    /// Where the next block is.
    pub fn next_place(&self) -> Place {
        match self.0.last() {
            Some(Around::Item { used: false, .. }) => Place::Item,
            _ => Place::Within,
        }
    }

    /// How a block stands to the one before it. Items of a list stand close; what follows the first block of an item does so in plain
    /// text only.
    pub fn gap(&mut self, place: Place, dialect: Dialect) -> Gap {
        let begun = self.0.iter().any(|around| matches!(around, Around::List { begun: true, .. }));
        for around in &mut self.0 {
            if let Around::List { begun, .. } = around {
                *begun = true;
            }
        }
        match place {
            Place::Item if begun => Gap::Line,
            Place::Within if begun && !dialect.is_markdown() => Gap::Line,
            Place::Item | Place::Within => Gap::Paragraph,
        }
    }

    /// What stands before the next line, and before what is cut off it. Uses up the marker of an item.
    pub fn prefix(&mut self) -> (String, String) {
        let (mut first, mut again) = (String::new(), String::new());
        let shown = self.0.iter_mut().filter(|around| !matches!(around, Around::List { .. })).take(DEEPEST);
        for around in shown {
            match around {
                Around::Quote => {
                    first.push_str("> ");
                    again.push_str("> ");
                }
                Around::Item { marker, used } => {
                    let blank = " ".repeat(marker.chars().count());
                    first.push_str(if *used { &blank } else { marker });
                    again.push_str(&blank);
                    *used = true;
                }
                Around::List { .. } => {}
            }
        }
        if let Some(Around::Item { used, .. }) = self.0.last_mut() {
            *used = true;
        }
        (first, again)
    }
}

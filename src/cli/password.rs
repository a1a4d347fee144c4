//! A new password from whoever sits at the terminal, or from a pipe.

use std::borrow::Cow;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};
use rustyline::completion::Completer;
use rustyline::config::Configurer as _;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{ColorMode, Editor, Helper};

use super::Run;

/// Longest line that is read, in bytes.
const MOST_READ: u64 = 4096;

/// A new password: asked for twice on a terminal, without showing it, else one line of standard input.
pub fn new_password(run: &Run, from_stdin: bool) -> anyhow::Result<String> {
    if from_stdin || !io::stdin().is_terminal() {
        return one_line();
    }
    let mut editor = Editor::<Hidden, _>::new().context("the terminal cannot be used")?;
    editor.set_helper(Some(Hidden));
    // Else nothing hides what is typed where there are no colours.
    editor.set_color_mode(ColorMode::Forced);
    editor.set_auto_add_history(false);
    let first = editor.readline(run.texts.user_password.as_str())?;
    let again = editor.readline(run.texts.user_password_again.as_str())?;
    if first != again {
        bail!("{}", run.texts.user_password_differ);
    }
    Ok(first)
}

fn one_line() -> anyhow::Result<String> {
    let mut line = String::new();
    let read = io::stdin().lock().take(MOST_READ).read_line(&mut line);
    read.context("the password cannot be read from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Shows nothing of what is typed.
struct Hidden;

impl Highlighter for Hidden {
    fn highlight<'l>(&self, _line: &'l str, _at: usize) -> Cow<'l, str> {
        Cow::Borrowed("")
    }

    fn highlight_char(&self, _line: &str, _at: usize, _kind: CmdKind) -> bool {
        true
    }
}

impl Completer for Hidden {
    type Candidate = String;
}

impl Hinter for Hidden {
    type Hint = String;
}

impl Validator for Hidden {}

impl Helper for Hidden {}

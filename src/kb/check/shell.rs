//! Commands that no shell would take, and blocks of code that do not say what they are.

use std::io::Write;
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Finding, Severity, Step, Watch};
use crate::kb::markdown::Fence;
use crate::kb::read::Place;

const LANGUAGES: [&str; 3] = ["bash", "sh", "shell"];
/// The shell that parses; it runs nothing (`-n`).
const SHELL: &str = "bash";
/// Blocks that one process parses: starting it costs as much as parsing a hundred.
const BATCH: usize = 40;
/// Most processes at once: they take little memory, but there are others on the machine.
const MOST_PROCESSES: usize = 4;
/// Between two blocks of a batch: right by itself, but an error inside any quotation that the block before left open.
const BOUNDARY: &str = ": \"';;'\"\n: '\";;\"'\n: '`;;`'\n";
/// Between two looks at how far the processes are.
const LOOK: Duration = Duration::from_millis(20);

/// A block of commands.
#[derive(Debug)]
pub struct Script {
    place: Place,
    code: String,
}

impl Script {
    /// Of a block of code; `None` where it is no block of commands.
    pub fn of(fence: Fence, place: Place) -> Option<Self> {
        LANGUAGES.contains(&&*fence.language).then_some(Self { place, code: fence.code })
    }
}

/// What is seen without a shell.
pub fn look(fence: &Fence, place: &Place) -> Option<Finding> {
    let message = if fence.language.is_empty() {
        "the block of code has no language: write ```bash, ```sql, ```text …".to_owned()
    } else if LANGUAGES.contains(&&*fence.language) {
        let found = fence.code.lines().find_map(placeholder)?;
        format!("the placeholder {found} is a redirection to a shell: write it in words, such as 服务器IP")
    } else {
        return None;
    };
    Some(Finding::new(place.clone(), Severity::Warning, message))
}

/// A word between angle brackets; `<<EOF`, `<(…)` and `< file >` are none.
fn placeholder(line: &str) -> Option<&str> {
    let is_part = |c: char| c.is_alphabetic() || matches!(c, '_' | '-');
    let mut from = 0;
    while let Some(open) = line[from..].find('<').map(|at| from + at) {
        let inner = &line[open + 1..];
        let length = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
        if length > 0 && inner[length..].starts_with('>') {
            return Some(&line[open..=open + 1 + length]);
        }
        from = open + 1;
    }
    None
}

/// Lets a shell parse all blocks, without running them. Gives how many were not parsed for want of a shell.
pub fn check(scripts: Vec<Script>, findings: &mut Vec<Finding>, watch: &mut Watch<'_>) -> usize {
    let batches: Vec<&[Script]> = scripts.chunks(BATCH).collect();
    let (next, done, unparsed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let found = Mutex::new(Vec::new());
    let work = || {
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            match parse(batch) {
                Some(bad) => found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(bad),
                None => _ = unparsed.fetch_add(batch.len(), Ordering::Relaxed),
            }
            done.fetch_add(batch.len(), Ordering::Relaxed);
        }
    };
    let processes = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_PROCESSES);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processes.min(batches.len())).map(|_| scope.spawn(work)).collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            watch(Step::Commands, done.load(Ordering::Relaxed) as u64, scripts.len() as u64);
            std::thread::park_timeout(LOOK);
        }
    });
    findings.extend(found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    unparsed.into_inner()
}

/// What is wrong with the blocks; `None` where there is no shell. A block is parsed by itself only where all together
/// are not right.
fn parse(batch: &[Script]) -> Option<Vec<Finding>> {
    let together: String =
        batch.iter().flat_map(|script| ["{\n:\n", &script.code, "\n}\n", BOUNDARY]).collect();
    if refused(&together)?.is_none() {
        return Some(Vec::new());
    }
    let mut findings = Vec::new();
    for script in batch {
        if let Some(reason) = refused(&script.code)? {
            let message = format!("the commands are no valid shell: {reason}");
            findings.push(Finding::new(script.place.clone(), Severity::Error, message));
        }
    }
    Some(findings)
}

/// Why the shell does not take the text, if it does not; the outer `None` where there is no shell.
fn refused(code: &str) -> Option<Option<String>> {
    let mut child = Command::new(SHELL)
        .arg("-n")
        .env("LC_ALL", "C.UTF-8")
        // Names a script that a shell reads first.
        .env_remove("BASH_ENV")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    if let Some(mut input) = child.stdin.take() {
        // A shell that has seen an error stops reading.
        let _ = input.write_all(code.as_bytes());
    }
    let output = child.wait_with_output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty());
    if output.status.success() && first.is_none() {
        return Some(None);
    }
    let reason = first.map_or("it is refused", |line| line.trim_start_matches("bash: "));
    Some(Some(reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(line: u64, code: &str) -> Script {
        Script { place: Place { file: "t.md".to_owned(), line: Some(line) }, code: code.to_owned() }
    }

    #[test]
    fn each_block_is_parsed_by_itself() {
        let codes = [
            "ls -l 'a'",
            "echo 'open",
            "echo 'open too",
            "# only a comment",
            "if true; then",
            "fi",
            "cat <<EOF\nno end",
            "for f in *; do echo \"$f\"; done",
            "echo `date",
            "x=$(ls",
            "echo a )",
        ];
        let scripts: Vec<_> = (1..).zip(codes).map(|(line, code)| script(line, code)).collect();
        let mut findings = Vec::new();
        let unparsed = check(scripts, &mut findings, &mut |_, _, _| {});
        if unparsed == 0 {
            let mut lines: Vec<_> = findings.iter().filter_map(|finding| finding.place.line).collect();
            lines.sort_unstable();
            assert_eq!(lines, [2, 3, 5, 6, 7, 9, 10, 11], "{findings:#?}");
        }
    }

    #[test]
    fn two_open_quotations_do_not_close_each_other() {
        for quote in ["'", "\"", "`"] {
            let open = format!("echo {quote}a");
            if let Some(found) = parse(&[script(1, &open), script(2, &open)]) {
                assert_eq!(found.len(), 2, "{quote}");
            }
        }
    }

    #[test]
    fn placeholders_are_told_from_redirections() {
        let place = Place { file: String::new(), line: None };
        let fence =
            |language: &str, code: &str| Fence { line: 1, language: language.into(), code: code.into() };
        for (language, code, is_found) in [
            ("bash", "ssh root@<服务器IP>", true),
            ("sh", "ping <ip>", true),
            ("sql", "SELECT <x>", false),
            ("bash", "cat <<EOF >x\nEOF", false),
            ("bash", "diff <(ls) <(ls a)", false),
            ("bash", "sort < in > out", false),
            ("", "x", true),
            ("text", "<x>", false),
        ] {
            assert_eq!(look(&fence(language, code), &place).is_some(), is_found, "{code}");
        }
    }
}

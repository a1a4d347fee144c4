//! Runs the binary.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Standard output as JSON, one object a line.
    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// It failed with one line on standard error that says all of this.
    #[track_caller]
    pub fn failed(&self, parts: &[&str]) {
        assert_eq!((self.status, self.err.lines().count()), (1, 1), "{self:?}");
        parts.iter().for_each(|part| assert!(self.err.contains(part), "{part}: {self:?}"));
        assert!(!self.err.contains("panicked"), "{self:?}");
    }

    /// It did what it should.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }
}

/// The binary with an environment of its own, so that the machine's settings do not matter.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunzhu"));
    command.current_dir(home).env_clear().env("LANG", "zh_CN.UTF-8");
    command
}

/// Runs it in a folder.
pub fn run(home: &Path, arguments: &[&str]) -> Ran {
    ran(command(home).args(arguments).stdin(Stdio::null()).output().unwrap())
}

/// Runs it in a folder with something on standard input.
pub fn run_with(home: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let piped = || Stdio::piped();
    let mut child =
        command(home).args(arguments).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    ran(child.wait_with_output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with the shipped knowledge base and an index of it, made once for all tests, which only read it.
pub fn shared() -> &'static Path {
    static SHARED: OnceLock<PathBuf> = OnceLock::new();
    SHARED.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shared");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).unwrap();
        let kb = Path::new(env!("CARGO_MANIFEST_DIR")).join("kb");
        fs::write(home.join("yunzhu.toml"), format!("kb = {:?}\n", kb.display().to_string())).unwrap();
        run(&home, &["index"]).done();
        home
    })
}

/// A new folder with files in it.
pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest file of the program, in lines without its tests.
const LONGEST_FILE: usize = 420;
/// ARCHITECTURE.md has fewer lines, so that it is read.
const ARCHITECTURE_LINES: usize = 150;

#[test]
fn every_arrow_is_in_the_table() {
    let (table, mut wrong) = (table(), Vec::new());
    for file in program() {
        for to in file.arrows() {
            let allowed = table.get(&file.room).is_some_and(|may| may.contains(&to));
            if to != file.room && !allowed {
                wrong.push(format!("src/{}: `{}` may not import `{to}`", file.path.display(), file.room));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\nchange the code, or the table of ARCHITECTURE.md with a reason");
}

#[test]
fn the_table_has_every_room_and_no_other() {
    let rooms: BTreeSet<String> = program().into_iter().map(|file| file.room).collect();
    let table = table();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), rooms);
    for (room, may) in &table {
        assert!(may.is_subset(&rooms), "{room} may import what is no room: {may:?}");
        assert!(may.iter().all(|to| !reaches(&table, to, room)), "{room} is in a circle");
    }
}

#[test]
fn each_foreign_library_has_its_rooms() {
    // `utoipa` derives describe the shapes of the public JSON where they are.
    let homes: [(&str, &[&str]); 19] = [
        ("sqlx", &["store/"]),
        ("tantivy", &["index/", "retrieval/"]),
        ("jieba_rs", &["analyzer/segment.rs"]),
        ("clap", &["cli/"]),
        ("anyhow", &["cli/"]),
        ("rustyline", &["cli/"]),
        ("tracing_subscriber", &["cli/logging.rs"]),
        ("axum", &["http/"]),
        ("axum_server", &["http/"]),
        ("tower_http", &["http/"]),
        ("utoipa", &["http/", "message.rs", "id.rs"]),
        ("utoipa_axum", &["http/router.rs"]),
        ("governor", &["http/rate.rs"]),
        ("prometheus_client", &["http/metrics.rs"]),
        ("reqwest", &["channel/", "worker/"]),
        ("tokio_tungstenite", &["channel/"]),
        ("quick_xml", &["channel/tencent/xml.rs"]),
        ("argon2", &["privacy/"]),
        ("aes_gcm", &["privacy/"]),
    ];
    for (library, homes) in homes {
        let (mut named, path) = (0, format!("{library}::"));
        for file in program().iter().filter(|file| file.code.contains(&path)) {
            let at_home = homes.iter().any(|home| file.path.starts_with(home));
            assert!(at_home, "src/{} names {library}, only {homes:?} may", file.path.display());
            named += 1;
        }
        assert!(named > 0, "nothing names {library}: this test looks for something that is gone");
    }
}

#[test]
fn files_stay_short() {
    for file in program() {
        let lines = file.code.lines().count();
        assert!(lines <= LONGEST_FILE, "src/{} has {lines} lines: split it by idea", file.path.display());
    }
    let lines = architecture().lines().count();
    assert!(lines < ARCHITECTURE_LINES, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn arrows_are_seen_in_every_shape() {
    let code = "use crate::kb::case::Case;\n/// See [`crate::cli`].\nuse crate::{hit::{Hit, Decision}, id};\n\
        let x = crate::app::run();\n#[cfg(test)]\nmod tests {\n    use crate::store::X;\n}\nuse super::super::eval;\n";
    let file = Source::new(PathBuf::from("index/inner/card.rs"), code);
    assert_eq!(Vec::from_iter(file.arrows()), ["app", "hit", "id", "kb"]);
    let file = Source::new(PathBuf::from("index/card.rs"), code);
    assert_eq!(Vec::from_iter(file.arrows()), ["app", "eval", "hit", "id", "kb"]);
}

/// A file of the program, its tests left out.
struct Source {
    path: PathBuf,
    room: String,
    code: String,
    /// Files that hold its tests.
    tests: Vec<PathBuf>,
}

impl Source {
    fn new(path: PathBuf, text: &str) -> Self {
        let first = path.iter().next().unwrap().to_str().unwrap();
        let room = first.trim_end_matches(".rs").to_owned();
        let (code, tests) = without_tests(&path, text);
        Self { path, room, code, tests }
    }

    /// The rooms that it names.
    fn arrows(&self) -> BTreeSet<String> {
        let mut rooms = BTreeSet::new();
        let code: String = self
            .code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|l| [l, "\n"])
            .collect();
        // As many steps up as the file is deep come out at the root, as `crate` does.
        let is_folder = self.path.ends_with("mod.rs");
        let up = "super::".repeat(self.path.iter().count() - usize::from(is_folder));
        for root in ["crate::", up.as_str()] {
            for (at, _) in code.match_indices(root) {
                if root == up && code[..at].ends_with("super::") {
                    continue;
                }
                let rest = &code[at + root.len()..];
                match rest.strip_prefix('{') {
                    Some(group) => rooms.extend(group_names(group)),
                    None => rooms.extend(name(rest)),
                }
            }
        }
        rooms.remove("super");
        rooms
    }
}

/// The identifier that a text begins with.
fn name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first names of the paths in braces, of which the opening one is taken already.
fn group_names(group: &str) -> Vec<String> {
    let (mut depth, mut outer) = (0, String::new());
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            letter if depth == 0 => outer.push(letter),
            _ => {}
        }
    }
    outer.split(',').filter_map(|path| name(path.trim())).collect()
}

/// The code without `#[cfg(test)]` items, and the files of those that are modules.
fn without_tests(path: &Path, text: &str) -> (String, Vec<PathBuf>) {
    let (mut code, mut files) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.extend([line, "\n"]);
            continue;
        }
        let mut named = None;
        let item = lines.by_ref().map(str::trim).find(|line| {
            let other = line.strip_prefix("#[path = \"").and_then(|rest| rest.split('"').next());
            named = named.or(other);
            !line.starts_with("#[")
        });
        let item = item.unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        if item.ends_with('{') {
            lines.by_ref().find(|line| line.trim() == "}" && line.len() == indent + 1);
        } else if let Some(module) = item.strip_suffix(';').and_then(|item| item.split("mod ").nth(1)) {
            let folder = path.parent().unwrap();
            let own = if path.ends_with("mod.rs") { folder.to_owned() } else { path.with_extension("") };
            files.push(named.map_or_else(|| own.join(module).with_extension("rs"), |name| folder.join(name)));
            files.push(own.join(module));
        }
    }
    (code, files)
}

/// All of the program without its tests, `lib.rs` and `main.rs`, which are no rooms.
fn program() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut sources, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source::new(path.strip_prefix(&root).unwrap().to_owned(), &text));
            }
        }
    }
    let tests: HashSet<PathBuf> = sources.iter().flat_map(|source| source.tests.clone()).collect();
    sources.retain(|source| {
        let is_test = source.path.ancestors().any(|path| tests.contains(path));
        let is_root = source.path == Path::new("lib.rs") || source.path == Path::new("main.rs");
        !is_test && !is_root
    });
    assert!(sources.len() > 50, "the program was not found");
    sources
}

/// The table of rooms: each with those that it may import.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = architecture();
    let mut rows = text.lines().filter_map(|line| line.strip_prefix('|'));
    let heading =
        rows.by_ref().find(|row| row.contains("may import")).expect("ARCHITECTURE.md has a table of rooms");
    assert_eq!(heading.split('|').count(), 4, "room, what it is, may import");
    let mut table = BTreeMap::new();
    for row in rows.take_while(|row| row.trim_start().starts_with(['`', '-', ':'])) {
        let cells: Vec<&str> = row.split('|').collect();
        let may: BTreeSet<String> =
            cells.get(2).copied().map(quoted).unwrap_or_default().into_iter().collect();
        table.extend(quoted(cells[0]).into_iter().map(|room| (room, may.clone())));
    }
    table
}

/// The names in backticks, one or several between two of them.
fn quoted(cell: &str) -> Vec<String> {
    let spans = cell.split('`').skip(1).step_by(2);
    spans.flat_map(|span| span.split([' ', ','])).filter_map(name).collect()
}

fn reaches(table: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    from == to
        || table.get(from).is_some_and(|may| may.iter().any(|next| next != from && reaches(table, next, to)))
}

fn architecture() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap()
}

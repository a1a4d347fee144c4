//! Makes of each room's `mod.rs` a file with its types alone, without the modules in it: some of those are on the network.

use std::path::Path;
use std::{env, fs};

/// Rooms of which `src/lib.rs` lists the modules itself.
const ROOMS: [&str; 4] = ["channel", "channel/dingtalk", "channel/wechat", "channel/wecom"];

fn main() {
    let out = env::var("OUT_DIR").expect("cargo says where");
    for room in ROOMS {
        let from = format!("../src/{room}/mod.rs");
        println!("cargo::rerun-if-changed={from}");
        let text = fs::read_to_string(&from).unwrap_or_else(|error| panic!("{from}: {error}"));
        let to = Path::new(&out).join(format!("{}.rs", room.replace('/', "_")));
        fs::write(&to, types(&text)).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    }
}

fn types(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let kept =
        code.lines().filter(|line| !line.starts_with("//!") && *line != "#[cfg(test)]" && !is_module(line));
    kept.flat_map(|line| [line, "\n"]).collect()
}

fn is_module(line: &str) -> bool {
    line.ends_with(';')
        && (line.starts_with("mod ") || line.starts_with("pub mod ") || line.starts_with("pub(crate) mod "))
}

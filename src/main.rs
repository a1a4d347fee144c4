//! The program `yunzhu`. Everything is in the library; [`yunzhu::cli`] is where it starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    yunzhu::cli::run()
}

//! Help pages in one language: clap's own headings and flags are English.

use clap::{Arg, ArgAction, Command};

const TEMPLATE: &str = "{about-with-newline}\n用法: {usage}\n\n{all-args}{after-help}";

/// The command and all below it with headings and flags in Chinese.
pub fn command(command: Command) -> Command {
    let has_version = command.get_version().is_some();
    let command = command.help_template(TEMPLATE).subcommand_help_heading("命令").disable_help_flag(true);
    let mut command =
        command.disable_version_flag(true).mut_subcommands(self::command).mut_args(with_heading);
    if has_version {
        command = command.arg(flag("version", 'V', ArgAction::Version, "显示版本"));
    }
    command.arg(flag("help", 'h', ArgAction::Help, "显示帮助"))
}

fn with_heading(arg: Arg) -> Arg {
    match (arg.get_help_heading().is_some(), arg.is_positional()) {
        (true, _) => arg,
        (false, true) => arg.help_heading("参数"),
        (false, false) => arg.help_heading("选项"),
    }
}

fn flag(name: &'static str, short: char, action: ArgAction, help: &'static str) -> Arg {
    Arg::new(name).long(name).short(short).action(action).help(help).help_heading("选项")
}

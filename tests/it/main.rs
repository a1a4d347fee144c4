//! The program from outside: the real binary over temporary folders. This file is the table of contents.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

/// Running the binary, and one index of the shipped knowledge base for all.
mod program;

/// `ask`: each decision, for people and for programs.
mod ask;
/// `backup`, `restore`, `audit verify`.
mod backup;
/// `classify`: one message, many, labelled ones.
mod classify;
/// Killed under load: nothing lost, nothing repeated.
mod crash;
/// Guided diagnoses: every path of every shipped tree.
mod diagnosis;
/// `eval`: figures of a small labelled set.
mod eval;
/// Floors of the search quality, on labelled questions.
mod golden;
/// The service over HTTP.
mod http;
/// `import`: every kind of file, again, and with bad records.
mod import;
/// `kb check`: the shipped knowledge base and a broken one.
mod kb;
/// The arrows between the rooms of the program, as ARCHITECTURE.md gives them.
mod rooms;
/// `search`: one question and many.
mod search;
/// Conversations written down, played over a small knowledge base.
mod transcripts;
/// Input and surroundings that must end in a clear message.
mod trouble;
/// Help, wrong usage, completions, settings, colours, a reader that goes away.
mod usage;
/// `user`: accounts made, listed, shut, and passwords refused.
mod user;
/// Messages and frames of chat platforms that were recorded.
mod vectors;

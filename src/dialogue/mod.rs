//! The dialogue: a pure state machine. Time and ids come in, effects go out as data; no IO, no clock, no chance, no log.
//!
//! Start at [`machine::step`]. The same events give the same conversation, on any machine, for ever: what a model made of a
//! message is part of the event ([`understanding::Understanding`]), so a later model does not change a past conversation.

mod choosing;
pub mod conversation;
pub mod event;
mod facet;
mod finding;
mod guiding;
mod hearing;
pub mod machine;
mod meaning;
mod pick;
mod relation;
mod rounds;
pub mod say;
mod seen;
#[cfg(test)]
mod tests;
pub mod understanding;
mod waiting;

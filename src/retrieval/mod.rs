//! Question to hits, in two stages: candidates by one weighted field, then a ranking with richer features; and from
//! the ranking a calibrated confidence and a decision.
//!
//! Reads the index, never writes. Start at [`search::Engine`].

pub mod blocks;
pub mod candidates;
pub mod confidence;
pub mod cut;
pub mod explain;
pub mod features;
mod guides;
pub mod model;
pub mod passage;
pub mod product;
pub mod question;
pub mod search;

#[cfg(test)]
mod tests;

//! The knowledge base: what a case is, how cases are read from files, and what is wrong with them.
//!
//! Start at [`case::Case`], then [`read::read_path`]. Never reads the clock, never writes, and knows nothing of the
//! index or the store.

pub mod case;
pub mod check;
pub mod date;
pub mod diagnosis;
pub mod duplicate;
pub mod markdown;
pub mod read;

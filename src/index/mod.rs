//! The index: tantivy's inverted lists for finding candidates, and a card for each case for ranking them.
//!
//! Derived from the store and can be thrown away at any time. It never decides what a good hit is: that is
//! `retrieval`. Start at [`generation::Generations`], then
//! [`writer::Writer`] and [`reader::Reader`].

pub mod associations;
pub mod card;
mod cutting;
pub mod generation;
pub mod latent;
pub mod map;
pub mod prepare;
pub mod reader;
pub mod schema;
pub mod writer;

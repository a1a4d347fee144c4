//! Labelled messages: learns the model that understands them, and measures it.
//!
//! Start at [`measure::measure`] and [`learn::learn`]; [`labelled`] reads the files.

pub mod labelled;
pub mod learn;
pub mod measure;
pub mod softmax;

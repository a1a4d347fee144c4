//! Labelled messages: learns the model that understands them, and measures it.

pub mod learn;
pub mod softmax;

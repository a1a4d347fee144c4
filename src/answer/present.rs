//! stub
use crate::message::Reply;
use crate::message::part::{Caps, Part};
/// words
#[derive(Default)]
pub struct Words {}
/// present
pub fn present(_replies: &[Reply], _caps: &Caps, _words: &Words, _more: Option<&str>) -> Vec<Part> {
    Vec::new()
}

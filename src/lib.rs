//! yunzhu (云助): finds the right operations case for a question in Chinese.
//!
//! This page is the map of the program; ARCHITECTURE.md gives the arrows between the rooms.

pub mod analyzer;
pub mod answer;
pub mod app;
pub mod channel;
pub mod cli;
pub mod config;
pub mod desk;
pub mod dialogue;
pub mod engine;
pub mod eval;
pub mod guide;
pub mod hit;
pub mod http;
pub mod id;
pub mod index;
pub mod kb;
pub mod message;
pub mod privacy;
pub mod retrieval;
pub mod store;
mod texts;
pub mod worker;

//! The service over HTTP: requests become calls of [`crate::engine::Service`], its results become JSON, pages and events.
//!
//! Decides nothing about conversations or tickets. Start at [`router`], one page that maps the whole API; [`serve`] opens
//! the port. Whatever comes in is hostile: it is limited in size, rate and time, and parsed into a type or refused.

#![expect(unused_qualifications, reason = "the macro that describes routes writes whole paths")]

mod access;
mod answers;
mod assets;
mod attachments;
mod body;
mod conversations;
mod desk;
mod events;
mod following;
mod gate;
mod guard;
mod health;
pub mod identity;
mod metrics;
mod openapi;
pub mod options;
mod origin;
mod params;
mod problem;
mod rate;
pub mod router;
mod search;
pub mod serve;
mod sessions;
pub mod site;
mod socket;
mod tickets;
mod turns;
mod users;
mod webhooks;

//! The desk: rules of human work. Hours, service levels, tickets, queues, routing, alerts, the directory of lines. Pure.
//!
//! Nothing here reads a clock, a file or chance: times come in as Unix milliseconds, rules as the texts of `kb/service`
//! ([`policy::Files`]), and what is to be remembered goes out as values that the caller stores. The same calls give the same
//! tickets, so everything can be tested by table and survives a restart.
//!
//! Start at [`policy::Policy`], then [`ticket::Ticket`], which holds its own service clocks, and [`routing::assign`].

pub mod alert;
pub mod availability;
pub mod calendar;
pub mod directory;
pub mod error;
pub mod label;
pub mod policy;
pub mod problem;
pub mod queue;
pub mod routing;
pub mod sla;
mod span;
pub mod ticket;

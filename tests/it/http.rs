//! The service over HTTP, in process where that is possible and over a port of its own where it is not.

/// A router or a server over folders of its own, and requests to it.
mod asking;
/// What needs no open service: pages, problems, limits, the description of the API.
mod front;
/// Events and WebSockets: every line once, resumed, told when the server ends.
mod live;
/// Connections: slow heads, half-open ones, a port that is taken, the end.
mod port;
/// Agents and operators: sessions, tickets, originals, erasure.
mod staff;
/// People: conversations, messages, attachments, bad input.
mod talk;

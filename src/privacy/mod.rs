//! What is nobody else's business: masking, sealing, passwords.
//!
//! Masking is pure. Sealing and hashing draw randomness from the system, and the vault's key is read from a file; nothing
//! else here touches the outside. No personal text is ever logged from here, and no secret shows in `Debug` or an error.
//! Start at [`masking::mask`].

pub mod masking;

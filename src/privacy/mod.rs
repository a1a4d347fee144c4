//! What is nobody else's business: masking, sealing, passwords, tokens.
//!
//! Masking is pure. The rest draws randomness from the system, and the vault reads its key from a file or the environment;
//! nothing else here touches the outside. Nothing is logged from here, and no secret shows in `Debug` or in an error.
//! Start at [`masking::mask`] and [`vault::Vault`].

pub mod blob;
pub mod masking;
pub mod password;
pub mod secret;
pub mod token;
pub mod vault;

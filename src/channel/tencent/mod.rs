//! What all platforms of Tencent share: signed queries, the AES envelope and XML.
//!
//! Pure. Must depend on nothing of the crate but `channel::Refused` and `privacy::secret::Secret`, so that it can be fuzzed
//! by itself. Start at [`envelope`].

pub mod envelope;
pub mod query;
pub mod xml;

use sha1::{Digest, Sha1};

/// Longest key of an arrival, in bytes.
const MAX_KEY: usize = 200;

/// A key of an arrival, hashed where it is too long to be stored: the addresses in some events are.
pub fn bounded_key(key: String) -> String {
    if key.len() <= MAX_KEY {
        return key;
    }
    format!("h:{}", hex(&Sha1::digest(key.as_bytes())))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_keys_are_hashed() {
        assert_eq!(bounded_key("m:1".to_owned()), "m:1");
        let long = bounded_key("a".repeat(201));
        assert_eq!((long.len(), &long[..2]), (42, "h:"));
        assert_ne!(long, bounded_key("a".repeat(202)));
    }
}

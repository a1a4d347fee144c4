//! Passwords of those who sign in: Argon2id, as OWASP's cheat sheet on password storage has it.
//!
//! Hashing takes tens of milliseconds and 19 MB on purpose: callers run it where it blocks nobody.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use super::token::{NoRandomness, random};

/// Memory in KiB, passes, lanes: the first of OWASP's recommended sets.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
const SALT_BYTES: usize = 16;
/// Fewer letters can be guessed.
const LEAST: usize = 10;
/// More bytes are no password but an attempt to keep the machine busy.
const MOST_BYTES: usize = 1024;
/// Verified against where there is no such account, so that the answer takes as long. No password is known for it.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y2hhcnQtbmVlZGxlLTQ$8Y8jYxqk0uLkq1Qm0m3nq8cN0o5m2a3m7y0lVv3bq4E";

/// Why a password cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// It is too short.
    #[error("the password has {0} letters; take at least {LEAST}")]
    Short(usize),
    /// It is too long.
    #[error("the password is longer than {MOST_BYTES} bytes; take a shorter one")]
    Long,
    /// It is the name, or nearly.
    #[error("the password must not hold the name of the account; take another one")]
    Name,
    /// It is one letter again and again.
    #[error("the password is made of fewer than four different letters; take another one")]
    Plain,
    /// The system gives no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Hashing failed.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// Whether a password may be used by an account.
///
/// # Errors
/// It is too short or too long, holds the account's name, or hardly varies.
pub fn check(password: &str, name: &str) -> Result<(), PasswordError> {
    let length = password.chars().count();
    if length < LEAST {
        return Err(PasswordError::Short(length));
    }
    if password.len() > MOST_BYTES {
        return Err(PasswordError::Long);
    }
    let (lower, name) = (password.to_lowercase(), name.to_lowercase());
    if lower == name || (name.chars().count() >= 4 && lower.contains(&name)) {
        return Err(PasswordError::Name);
    }
    let mut letters: Vec<char> = lower.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 4 { Err(PasswordError::Plain) } else { Ok(()) }
}

/// The hash of a password in PHC form, with a salt of its own. Slow.
///
/// # Errors
/// The system gives no random numbers or no memory.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let error = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|e| error(&e))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher
        .hash_password_with_salt(password.as_bytes(), &random::<SALT_BYTES>()?)
        .map_err(|e| error(&e))?;
    Ok(hash.to_string())
}

/// Whether a password belongs to a hash; `None` stands for an account that is not there, which takes as long. Slow.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    // More than this was never taken, so nothing is told by answering at once.
    if password.len() > MOST_BYTES {
        return false;
    }
    let fits = Argon2::default().verify_password(password.as_bytes(), hash.unwrap_or(NOBODY)).is_ok();
    fits && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash_of = hash("correct horse 电池").unwrap();
        assert!(hash_of.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash_of}");
        assert!(verify("correct horse 电池", Some(&hash_of)));
        assert!(!verify("correct horse 电 池", Some(&hash_of)));
        assert_ne!(hash_of, hash("correct horse 电池").unwrap(), "each has its own salt");
        assert!(!verify("x", Some("no hash")));
    }

    #[test]
    fn an_unknown_account_takes_as_long_and_never_fits() {
        assert!(!verify("anything", None));
        // The hash is a real one of the same cost: verifying fails for the password, not for the hash.
        let error = Argon2::default().verify_password(b"anything", NOBODY).unwrap_err();
        assert_eq!(error, argon2::password_hash::Error::PasswordInvalid);
        let (memory, passes, lanes) = COST;
        assert!(NOBODY.starts_with(&format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$")));
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert!(matches!(check("短", "li"), Err(PasswordError::Short(1))));
        assert!(matches!(check(&"长1a!".repeat(400), "li"), Err(PasswordError::Long)));
        assert!(matches!(check("Zhangsan2026", "zhangsan"), Err(PasswordError::Name)));
        assert!(matches!(check("aaaaaaaaaaab", "li"), Err(PasswordError::Plain)));
        assert!(check("云上没有免费的午餐呀", "li").is_ok());
    }
}

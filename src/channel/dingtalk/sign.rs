//! The signature of DingTalk: base64 of HMAC-SHA256 over `timestamp\nsecret`, keyed with the secret.
//!
//! It does not cover the body: who has seen one pair of headers can send any body for an hour. Hence TLS, and hence a message is
//! taken once only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::channel::Refused;
use crate::privacy::secret::Secret;

/// A signature may be so old or so far in the future, in milliseconds.
const WINDOW_MS: i64 = 60 * 60 * 1000;

/// The signature for a timestamp (Unix milliseconds, as it is sent).
pub fn sign(timestamp: &str, secret: &Secret) -> String {
    // A key of any length is taken; were it not, the empty signature would fit nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.as_bytes());
    mac.update(b"\n");
    mac.update(secret.expose().as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Checks the headers `timestamp` and `sign` of a callback.
///
/// # Errors
/// One is missing, the signature does not fit, or its time is more than an hour from `now_ms`.
pub fn verify(
    timestamp: Option<&str>,
    given: Option<&str>,
    secret: &Secret,
    now_ms: i64,
) -> Result<(), Refused> {
    let (Some(timestamp), Some(given)) = (timestamp, given) else { return Err(Refused::Incomplete) };
    let right = sign(timestamp, secret);
    // An empty secret would be known to everybody.
    let fits = bool::from(right.as_bytes().ct_eq(given.as_bytes()));
    if !fits || right.is_empty() || secret.expose().is_empty() {
        return Err(Refused::BadSignature);
    }
    let at: i64 = timestamp.parse().map_err(|_| Refused::Stale)?;
    if now_ms.abs_diff(at) > WINDOW_MS.unsigned_abs() {
        return Err(Refused::Stale);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of the documentation.
    const AT: &str = "1577262236757";
    const SIGN: &str = "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA=";

    fn secret() -> Secret {
        "this is a secret".to_owned().into()
    }

    #[test]
    fn the_sample_of_the_documentation_fits() {
        assert_eq!(sign(AT, &secret()), SIGN);
        assert_eq!(verify(Some(AT), Some(SIGN), &secret(), 1_577_262_237_757), Ok(()));
    }

    #[test]
    fn what_is_missing_forged_or_old_is_refused() {
        let now = 1_577_262_236_757;
        fn check(at: Option<&str>, sign: Option<&str>, now: i64) -> Result<(), Refused> {
            verify(at, sign, &secret(), now)
        }
        assert_eq!(check(None, Some(SIGN), now), Err(Refused::Incomplete));
        assert_eq!(check(Some(AT), None, now), Err(Refused::Incomplete));
        assert_eq!(check(Some(AT), Some("x"), now), Err(Refused::BadSignature));
        assert_eq!(check(Some("1577262236758"), Some(SIGN), now), Err(Refused::BadSignature));
        assert_eq!(check(Some(AT), Some(SIGN), now + WINDOW_MS), Ok(()));
        assert_eq!(check(Some(AT), Some(SIGN), now + WINDOW_MS + 1), Err(Refused::Stale));
        assert_eq!(check(Some(AT), Some(SIGN), now - WINDOW_MS - 1), Err(Refused::Stale));
        for odd in ["soon", "", "99999999999999999999", "1577262236"] {
            assert_eq!(check(Some(odd), Some(&sign(odd, &secret())), now), Err(Refused::Stale), "{odd}");
        }
        let empty = Secret::from(String::new());
        assert_eq!(verify(Some(AT), Some(&sign(AT, &empty)), &empty, now), Err(Refused::BadSignature));
    }
}

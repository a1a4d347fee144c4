//! Proof of who is talking: a token that the site signs in which the widget stands.
//!
//! A JSON Web Token (RFC 7519) signed with HS256 (RFC 7515, 7518). The algorithm is fixed here and not taken from the token.
//! It lives an hour at most, so that one that was copied is soon worth nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use crate::id::UserId;
use crate::message::{Person, Tier};
use crate::privacy::secret::Secret;

/// Longest token that is looked at.
const LONGEST: usize = 4096;
/// Longest life of a token, in seconds.
const LONGEST_LIFE_S: i64 = 3600;
/// How far the clocks of two machines may be apart, in seconds.
const CLOCKS_APART_S: i64 = 60;

/// How proofs are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What they are signed with.
    pub secret: Secret,
    /// The site that they must be for.
    pub site: String,
    /// Whether nobody may talk by the widget without one.
    pub required: bool,
}

/// Why a proof is none; says what to change and nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProof {
    /// Not three parts of base64url with JSON in them.
    #[error("it is no JSON Web Token")]
    Malformed,
    /// Another algorithm, or `none`.
    #[error("it must be signed with HS256")]
    Algorithm,
    /// Signed with another secret, or changed.
    #[error("its signature does not fit")]
    Signature,
    /// Its time is over, or has not come.
    #[error("its time is over or has not come: sign a new one, and check the clocks")]
    Time,
    /// It lives too long.
    #[error("it lives longer than an hour: `exp` is at most `iat` + 3600")]
    TooLong,
    /// For another site.
    #[error("its `site` is another one")]
    Site,
    /// No `sub`.
    #[error("its `sub` is empty, longer than 128 bytes, or has control characters")]
    Subject,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    iat: i64,
    exp: i64,
    #[serde(default)]
    site: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    tier: Tier,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    locale: Option<String>,
}

impl Identity {
    /// Who the token says is talking. `now_s` are seconds since 1970.
    ///
    /// # Errors
    /// It proves nothing; the error says why.
    pub fn check(&self, token: &str, now_s: i64) -> Result<Person, NoProof> {
        let parts: Vec<&str> = token.split('.').collect();
        let (&[head, claims, signature], true) = (parts.as_slice(), token.len() <= LONGEST) else {
            return Err(NoProof::Malformed);
        };
        let read: Head = part(head)?;
        if read.alg != "HS256" {
            return Err(NoProof::Algorithm);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| NoProof::Malformed)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes())
            .map_err(|_| NoProof::Signature)?;
        mac.update(head.as_bytes());
        mac.update(b".");
        mac.update(claims.as_bytes());
        // In constant time.
        mac.verify_slice(&signature).map_err(|_| NoProof::Signature)?;
        self.person(part(claims)?, now_s)
    }

    fn person(&self, claims: Claims, now_s: i64) -> Result<Person, NoProof> {
        let begun = claims.iat <= now_s.saturating_add(CLOCKS_APART_S);
        if !begun || now_s >= claims.exp.saturating_add(CLOCKS_APART_S) {
            return Err(NoProof::Time);
        }
        if claims.exp.saturating_sub(claims.iat) > LONGEST_LIFE_S {
            return Err(NoProof::TooLong);
        }
        if claims.site.is_some_and(|site| site != self.site) {
            return Err(NoProof::Site);
        }
        let id = UserId::parse(&claims.sub).ok_or(NoProof::Subject)?;
        let short = |text: Option<String>| {
            text.map(|text| text.chars().filter(|c| !c.is_control()).take(64).collect())
        };
        Ok(Person {
            id: Some(id),
            name: short(claims.name),
            tier: claims.tier,
            region: short(claims.region),
            locale: short(claims.locale),
        })
    }
}

fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, NoProof> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoProof::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| NoProof::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn identity() -> Identity {
        Identity {
            secret: "0123456789abcdef0123456789abcdef".to_owned().into(),
            site: "console".into(),
            required: false,
        }
    }

    fn token(head: &str, claims: &str, secret: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn check(claims: &str) -> Result<Person, NoProof> {
        identity().check(&token(r#"{"alg":"HS256","typ":"JWT"}"#, claims, identity().secret.expose()), NOW)
    }

    #[test]
    fn a_good_token_says_who_it_is() {
        let person = check(
            r#"{"sub":"u1","iat":1800000000,"exp":1800003600,"site":"console","tier":"gold","name":"王"}"#,
        );
        let person = person.unwrap();
        assert_eq!((person.id.unwrap().as_str(), person.tier), ("u1", Tier::Gold));
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        // RFC 7515, appendix A.1, made with the key that stands there; its claims are not ours.
        let text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let head: Head = part(text.split('.').next().unwrap()).unwrap();
        assert_eq!(head.alg, "HS256");
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let good = r#"{"sub":"u1","iat":1800000000,"exp":1800003600}"#;
        let hs = r#"{"alg":"HS256"}"#;
        let secret = identity().secret.expose().to_owned();
        let of = |token: &str| identity().check(token, NOW).unwrap_err();
        assert_eq!(of(&token(r#"{"alg":"none"}"#, good, &secret)), NoProof::Algorithm);
        assert_eq!(of(&token(r#"{"alg":"HS512"}"#, good, &secret)), NoProof::Algorithm);
        assert_eq!(of(&token(hs, good, "another")), NoProof::Signature);
        let (rest, _) =
            token(hs, good, &secret).rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert_eq!(of(&format!("{rest}.")), NoProof::Signature);
        for malformed in ["", "a.b", "a.b.c.d", "a.b.c", &"x".repeat(5000)] {
            assert_eq!(of(malformed), NoProof::Malformed, "{malformed}");
        }
        assert_eq!(check(r#"{"sub":"u1","iat":1799990000,"exp":1799993600}"#), Err(NoProof::Time));
        assert_eq!(check(r#"{"sub":"u1","iat":1800001000,"exp":1800003600}"#), Err(NoProof::Time));
        assert_eq!(check(r#"{"sub":"u1","iat":1800000000,"exp":1800090000}"#), Err(NoProof::TooLong));
        assert_eq!(check(r#"{"sub":"u1","iat":1800000000,"exp":1800003600,"site":"b"}"#), Err(NoProof::Site));
        assert_eq!(check(r#"{"iat":1800000000,"exp":1800003600}"#), Err(NoProof::Subject));
        assert_eq!(
            check(r#"{"sub":"u1","iat":-9223372036854775808,"exp":9223372036854775807}"#),
            Err(NoProof::TooLong)
        );
    }
}

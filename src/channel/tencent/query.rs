//! The parameters in the address of a call.

/// More parameters than any platform sends: what follows is not read.
const MAX_PARAMETERS: usize = 32;
/// Longest query that is read, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// Parameters of an address, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The part of an address after the question mark, as it came. Reads what it can; never fails.
    pub fn parse(raw: &str) -> Self {
        if raw.len() > MAX_LEN {
            return Self::default();
        }
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).take(MAX_PARAMETERS);
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
        )
    }

    /// The first parameter of that name, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The same for base64, in which some proxies send a bare `+`, which reads as a space.
    pub fn base64(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.replace(' ', "+"))
    }
}

/// `application/x-www-form-urlencoded`; what is no escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, escaped(tail)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escaped(tail: &[u8]) -> Option<u8> {
    let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse("a=1%2B2&b=x+y&c&&d=%zz%4&e=%E5%B9%B4&a=9&f=");
        let got = ["a", "b", "c", "d", "e", "f", "g"].map(|name| query.get(name));
        assert_eq!(got, [Some("1+2"), Some("x y"), None, Some("%zz%4"), Some("年"), None, None]);
        assert_eq!(Query::parse("e=a+b%2Fc%3D").base64("e").as_deref(), Some("a+b/c="));
        assert_eq!(Query::parse(&"a=1&".repeat(9999)).get("a"), None);
    }
}

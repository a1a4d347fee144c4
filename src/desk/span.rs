//! Spans of time as people write them in a file: `15m`, `2h`, `1h30m`.

use jiff::SignedDuration;

use super::error::DeskError;

/// Longest span that a rule may name: a year. Keeps every sum of times far from overflow.
const LONGEST_MS: i64 = 366 * 24 * 3_600_000;

/// Milliseconds of a span; `0s` is allowed.
pub(super) fn parse(file: &'static str, key: &str, text: &str) -> Result<i64, DeskError> {
    let wrong = |reason: &str| DeskError::unusable(file, key, format!("{text:?} {reason}"));
    let span: SignedDuration =
        text.trim().parse().map_err(|_| wrong("is no span of time; write 15m, 2h or 1h30m"))?;
    let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match ms {
        ..0 => Err(wrong("lies in the past; write a span from 0s up")),
        0..=LONGEST_MS => Ok(ms),
        _ => Err(wrong("is longer than a year")),
    }
}

/// The same, and more than nothing.
pub(super) fn parse_positive(file: &'static str, key: &str, text: &str) -> Result<i64, DeskError> {
    match parse(file, key, text)? {
        0 => Err(DeskError::unusable(file, key, "must be more than nothing; write 15m, 2h or 1h30m")),
        ms => Ok(ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, ms) in
            [("15m", 900_000), ("2h", 7_200_000), ("1h30m", 5_400_000), ("1h 30m", 5_400_000), ("0s", 0)]
        {
            assert_eq!(parse("sla.toml", "x", text), Ok(ms), "{text}");
        }
        for text in ["", "15", "soon", "-5m", "9999999h", "1 month"] {
            let error = parse("sla.toml", "priorities.P0.response", text).unwrap_err().to_string();
            assert!(error.contains("sla.toml") && error.contains("priorities.P0.response"), "{error}");
        }
        assert!(parse_positive("sla.toml", "x", "0s").is_err());
    }
}

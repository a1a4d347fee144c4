//! The one time format that records carry: RFC 3339, checked and no more.

/// Whether the text is an RFC 3339 date-time (section 5.6), with `T` between date and time and days that exist.
pub fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !bytes.is_ascii() || !bytes[10].eq_ignore_ascii_case(&b'T') {
        return false;
    }
    is_date(&text[..10]) && is_time(&text[11..19]) && is_zone(skip_fraction(&text[19..]))
}

/// Whether the text is a full date, `2026-01-31`.
pub fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (digits(text, 0..4), digits(text, 5..7), digits(text, 8..10))
    else {
        return false;
    };
    (1..=days_in(year, month)).contains(&day)
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

fn is_time(text: &str) -> bool {
    let part = |range, most| digits(text, range).is_some_and(|value| value <= most);
    // 60 is a leap second.
    is_clock(&text[..5]) && text.as_bytes()[5] == b':' && part(6..8, 60)
}

fn is_clock(text: &str) -> bool {
    let part = |range, most| digits(text, range).is_some_and(|value| value <= most);
    text.as_bytes()[2] == b':' && part(0..2, 23) && part(3..5, 59)
}

/// What follows a fraction of a second; a dot without digits leaves something that is no zone.
fn skip_fraction(text: &str) -> &str {
    match text.strip_prefix('.') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            rest.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        _ => text,
    }
}

fn is_zone(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', clock @ ..] if clock.len() == 5 => is_clock(&text[1..]),
        _ => false,
    }
}

fn digits(text: &str, range: std::ops::Range<usize>) -> Option<u32> {
    let part = text.get(range)?;
    part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_rfc_3339_has_them() {
        for good in ["2026-01-31T08:00:00Z", "2024-02-29t23:59:60.5+08:00", "2026-01-31T08:00:00-00:00"] {
            assert!(is_rfc3339(good), "{good}");
        }
        let bad = [
            "",
            "2026-01-31",
            "2026-02-29T00:00:00Z",
            "2026-01-31 08:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T08:00:00",
            "2026-01-31T08:00:00.Z",
            "2026-01-31T08:00:00+0800",
            "2026-13-01T08:00:00Z",
            "２０２６-01-31T08:00:00Z",
            "+026-01-31T08:00:00Z",
        ];
        for bad in bad {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}

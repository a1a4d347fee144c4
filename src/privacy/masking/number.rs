//! Phones, identity cards, bank cards, passports: numbers that are told by their shape, their check digit or their label.

use super::label::{
    is_called, is_called_card, is_called_id, is_called_identity, is_called_phone, is_called_quantity,
};
use super::letters::{Letters, is_word};
use super::{Find, Kind, Seen};

/// Digits of the longest number, a bank card.
const MOST_DIGITS: usize = 19;
/// Groups that such a number is written in at most.
const MOST_GROUPS: usize = 5;
/// How people group the digits of a mobile phone.
const PHONE_GROUPS: [&[usize]; 5] = [&[11], &[3, 4, 4], &[3, 8], &[7, 4], &[4, 3, 4]];
/// First two digits of an identity card: the provinces.
const PROVINCES: [u8; 35] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
    61, 62, 63, 64, 65, 71, 81, 82, 83,
];
/// Weights of the first 17 digits of an identity card (GB 11643).
const IDENTITY_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check digit for each remainder of their sum by 11.
const IDENTITY_CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
/// First six digits of addresses that begin with 0x7f, which Linux takes as ids of threads.
const THREADS: std::ops::RangeInclusive<u32> = 139_637..=140_737;
const PASSPORTS: [&str; 7] =
    ["护照", "护照号", "护照号码", "passport", "passport no", "passport no.", "passport number"];

/// A number that begins here.
pub(super) fn detect(letters: &Letters, at: usize, floor: usize) -> Seen {
    if !may_begin(letters, at) || !begins(letters, at) {
        return Seen::Nothing;
    }
    let number = Digits::read(letters, at);
    identity_card(letters, &number, floor)
        .or_else(|| bank_card(letters, &number, floor))
        .or_else(|| phone(letters, at, floor))
        .or_else(|| landline(letters, at, floor))
        .unwrap_or(Seen::Nothing)
}

/// Whether a first group of such numbers, or the country's code, stands here: most numbers of a text are shorter.
fn may_begin(letters: &Letters, at: usize) -> bool {
    let country = at + usize::from(letters.get(at) == '(');
    letters.run(country, 3, |c| c.is_ascii_digit()) == country + 3
        || after_country(letters, country).is_some()
}

/// A passport that begins here, after its label.
pub(super) fn passport(letters: &Letters, at: usize, floor: usize) -> Seen {
    let first = letters.run(at, 3, |c| c.is_ascii_alphabetic());
    let end = letters.run(first, 9, |c| c.is_ascii_digit());
    let fits = matches!(first - at, 1 | 2) && matches!(end - first, 7 | 8) && !is_word(letters.get(end));
    if !fits || !is_called(letters, at, floor, &PASSPORTS) {
        return Seen::Nothing;
    }
    Find::keeping(Kind::Passport, at..end, 1, 2)
}

/// Digits with at most a little between their groups.
struct Digits {
    start: usize,
    digits: [u8; MOST_DIGITS],
    /// How many digits there are, and where they end, after each group.
    groups: [(usize, usize); MOST_GROUPS],
    /// How many digits each group has.
    sizes: [usize; MOST_GROUPS],
    count: usize,
}

impl Digits {
    fn read(letters: &Letters, start: usize) -> Self {
        let (groups, sizes) = ([(0, 0); MOST_GROUPS], [0; MOST_GROUPS]);
        let mut number = Self { start, digits: [0; MOST_DIGITS], groups, sizes, count: 0 };
        let (mut at, mut length) = (start, 0);
        while number.count < MOST_GROUPS {
            let end = letters.run(at, MOST_DIGITS + 1, |c| c.is_ascii_digit());
            if end == at || length + (end - at) > MOST_DIGITS {
                break;
            }
            for (digit, letter) in number.digits[length..].iter_mut().zip(letters.slice(at..end)) {
                *digit = letter.to_digit(10).unwrap_or_default() as u8;
            }
            length += end - at;
            number.sizes[number.count] = end - at;
            number.groups[number.count] = (length, end);
            number.count += 1;
            at = after_gap(letters, end);
            if at == end {
                break;
            }
        }
        number
    }

    /// Where the first so many digits end, if a group ends with them: the end, and the groups' sizes.
    fn first(&self, length: usize) -> Option<(usize, &[usize])> {
        let last = self.groups[..self.count].iter().position(|&(digits, _)| digits == length)?;
        Some((self.groups[last].1, &self.sizes[..=last]))
    }

    /// The value of some of the digits.
    fn value(&self, range: std::ops::Range<usize>) -> u32 {
        self.digits[range].iter().fold(0, |value, &digit| value * 10 + u32::from(digit))
    }
}

/// Where the next group begins if only spaces, one hyphen and invisible letters part it from here; else here.
fn after_gap(letters: &Letters, at: usize) -> usize {
    let (mut end, mut hyphens) = (at, 0);
    while end - at < 3 && is_gap(letters.get(end)) {
        hyphens += usize::from(letters.get(end) == '-');
        end += 1;
    }
    if hyphens <= 1 && letters.get(end).is_ascii_digit() { end } else { at }
}

fn is_gap(letter: char) -> bool {
    matches!(letter, ' ' | '-' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Whether a number may begin here: not within a decimal or an id with hyphens.
fn begins(letters: &Letters, at: usize) -> bool {
    let before = at.saturating_sub(1);
    let joined = match letters.before(at) {
        // Two phones joined by a hyphen are two phones.
        '-' => at < 12 || !is_phone_run(letters, at - 12),
        '.' => true,
        _ => false,
    };
    !(joined && (is_word(letters.before(before)) || letters.masked_before(before)))
}

/// Whether eleven digits that may be a phone, and no more, stand here.
fn is_phone_run(letters: &Letters, at: usize) -> bool {
    letters.get(at) == '1' && letters.run(at, 12, |c| c.is_ascii_digit()) == at + 11
}

/// Whether a number may end here.
fn ends(letters: &Letters, at: usize) -> bool {
    let next = letters.get(at + 1);
    match letters.get(at) {
        '-' => !is_word(next) || is_phone_run(letters, at + 1),
        '.' => !next.is_ascii_digit(),
        '*' => !letters.masked_after(at),
        letter => !is_word(letter),
    }
}

/// Past the country's code, where one stands here.
fn after_country(letters: &Letters, at: usize) -> Option<usize> {
    let code = ["+86", "0086", "86"].iter().find(|code| letters.says(at, code))?;
    let end = at + code.len();
    Some(letters.run(end, 3, |c| is_gap(c) || c == ')'))
}

fn phone(letters: &Letters, at: usize, floor: usize) -> Option<Seen> {
    let open = at + usize::from(letters.get(at) == '(');
    let start = after_country(letters, open).filter(|&start| letters.get(start) == '1').unwrap_or(open);
    if letters.get(start) != '1' || !matches!(letters.get(start + 1), '3'..='9') {
        return None;
    }
    let number = Digits::read(letters, start);
    let (end, groups) = number.first(11)?;
    let is_other = || is_called_id(letters, at, floor) || is_called_quantity(letters, at, floor);
    let fits = PHONE_GROUPS.contains(&groups) && ends(letters, end) && !is_other();
    fits.then(|| Find::keeping(Kind::Phone, start..end, 3, 4))
}

fn landline(letters: &Letters, at: usize, floor: usize) -> Option<Seen> {
    let open = at + usize::from(letters.get(at) == '(');
    let (start, abroad) = match after_country(letters, open) {
        Some(start) => (start, !letters.says(open, "86")),
        None => (open, false),
    };
    let zero = usize::from(letters.get(start) == '0');
    if zero == 0 && !abroad {
        return None;
    }
    let code = area_code(letters, start + zero)?;
    let gap = letters.run(code, 3, |c| is_gap(c) || c == ')');
    let subscriber = Digits::read(letters, gap);
    let (end, groups) = subscriber.first(8).or_else(|| subscriber.first(7))?;
    let parted = gap > code || is_called_phone(letters, at, floor);
    let fits = matches!(groups, [7 | 8] | [3 | 4, 4]) && matches!(subscriber.digits[0], 2..=8);
    (fits && parted && ends_landline(letters, end)).then(|| Find::keeping(Kind::Landline, gap..end, 0, 2))
}

/// Past an area code without its zero: 10, 2x, and three digits from 310 on, but not the hotlines 400 and 800.
fn area_code(letters: &Letters, at: usize) -> Option<usize> {
    let length = match (letters.get(at), letters.get(at + 1)) {
        ('1', '0') | ('2', '0'..='5' | '7'..='9') => 2,
        ('4' | '8', '0') => return None,
        ('3'..='9', '0'..='9') => 3,
        _ => return None,
    };
    letters.slice(at..at + length).iter().all(char::is_ascii_digit).then_some(at + length)
}

/// As [`ends`], but an extension may follow.
fn ends_landline(letters: &Letters, at: usize) -> bool {
    let extension = letters.run(at + 1, 6, |c| c.is_ascii_digit());
    ends(letters, at) || (letters.get(at) == '-' && extension - at <= 6 && ends(letters, extension))
}

fn identity_card(letters: &Letters, number: &Digits, floor: usize) -> Option<Seen> {
    if let Some((end, groups)) = number.first(17).filter(|(end, _)| matches!(letters.get(*end), 'x' | 'X')) {
        let fits = matches!(groups, [17] | [6, 8, 3]) && is_identity_card(number, 'X');
        return (fits && ends(letters, end + 1)).then(|| card(Kind::IdentityCard, number.start..end + 1));
    }
    if let Some((end, groups)) = number.first(18).filter(|(end, _)| ends(letters, *end)) {
        let last = char::from(b'0' + number.digits[17]);
        let fits = matches!(groups, [18] | [6, 8, 4]) && is_identity_card(number, last);
        if fits {
            return Some(card(Kind::IdentityCard, number.start..end));
        }
    }
    let (end, groups) = number.first(15).filter(|(end, _)| ends(letters, *end))?;
    // The old form has no check digit, and ids of threads look like it.
    let fits = groups == [15] && is_place(number) && is_day(1900 + number.value(6..8), number.value(8..12));
    let named = is_called_identity(letters, number.start, floor);
    let other = is_called_id(letters, number.start, floor) || THREADS.contains(&number.value(0..6));
    (fits && (named || !other)).then(|| card(Kind::IdentityCard, number.start..end))
}

fn card(kind: Kind, whole: std::ops::Range<usize>) -> Seen {
    Find::keeping(kind, whole, 3, 2)
}

fn is_identity_card(number: &Digits, check: char) -> bool {
    let year = number.value(6..10);
    let sum: u32 =
        number.digits.iter().zip(IDENTITY_WEIGHTS).map(|(&digit, weight)| u32::from(digit) * weight).sum();
    let right = IDENTITY_CHECKS[(sum % 11) as usize] == check;
    right && is_place(number) && (1850..2100).contains(&year) && is_day(year, number.value(10..14))
}

fn is_place(number: &Digits) -> bool {
    PROVINCES.contains(&(number.digits[0] * 10 + number.digits[1]))
}

/// Whether there is such a day of the year, given as month and day.
fn is_day(year: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let most = match day / 100 {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1..=most).contains(&(day % 100))
}

fn bank_card(letters: &Letters, number: &Digits, floor: usize) -> Option<Seen> {
    (13..=MOST_DIGITS).rev().find_map(|length| {
        let (end, groups) = number.first(length)?;
        let fits = is_issued(number, length) && is_card_grouping(groups) && is_luhn(&number.digits[..length]);
        // Times in milliseconds have 13 digits.
        let named = || match length {
            13 => is_called_card(letters, number.start, floor),
            _ => !is_called_id(letters, number.start, floor),
        };
        (fits && ends(letters, end) && named())
            .then(|| Find::keeping(Kind::BankCard, number.start..end, 4, 4))
    })
}

/// Whether cards of this length begin so (ISO/IEC 7812). Numbers that begin with 1 are times and accounts of clouds.
fn is_issued(number: &Digits, length: usize) -> bool {
    match (number.value(0..2), length) {
        (62, 16..=19)
        | (60 | 64 | 65 | 81, 16..=19)
        | (35 | 51..=55, 16)
        | (34 | 37, 15)
        | (30 | 36 | 38 | 39, 14) => true,
        (22..=27, 16) => (2221..=2720).contains(&number.value(0..4)),
        (40..=49, 13 | 16 | 19) | (56..=58 | 50 | 63 | 67..=69, 16 | 19) => true,
        // Older debit cards of some banks.
        (95, 16 | 19) => matches!(number.value(0..4), 9558 | 9559),
        _ => false,
    }
}

/// As one, in fours, or the bank's six and the rest.
fn is_card_grouping(groups: &[usize]) -> bool {
    match groups {
        [_] => true,
        [6, _] => true,
        [fours @ .., last] => fours.len() >= 3 && fours.iter().all(|&size| size == 4) && *last <= 4,
        [] => false,
    }
}

/// Whether the check digit fits (ISO/IEC 7812, annex B), and not all digits are the same.
fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(place, &digit)| doubled(place, u32::from(digit))).sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| digit != &digits[0])
}

fn doubled(place: usize, digit: u32) -> u32 {
    match (place % 2, digit) {
        (0, digit) => digit,
        (_, digit @ 0..=4) => digit * 2,
        (_, digit) => digit * 2 - 9,
    }
}

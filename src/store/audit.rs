//! The audit log's chain: each entry's hash covers the entry and the hash before it. Pure: rows come in, verdicts go out.
//!
//! Who changes, removes, moves or adds an entry breaks the chain at that entry; who cuts entries off the end contradicts
//! the head, which is kept apart. Who may write the database and recomputes every hash after the change, and the head,
//! is not seen, unless a number and its hash were noted elsewhere before.

use sha2::{Digest, Sha256};

/// One entry of the audit log, before it is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: i64,
    /// Who: name of an account, or `system`.
    pub actor: String,
    /// What, as a dotted word such as `original.shown`.
    pub action: String,
    /// On what: an id.
    pub subject: String,
    /// More, as JSON without personal data.
    pub details: String,
}

/// One entry of the audit log with its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub number: u64,
    /// The entry.
    pub entry: AuditEntry,
    /// Hash of the entry before and of this entry.
    pub hash: Vec<u8>,
}

/// Where the audit log ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// How many entries there are.
    pub count: u64,
    /// Hash of the last one; zeros where there is none.
    pub hash: [u8; 32],
}

/// The first place where the audit log is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} of the audit log {why}")]
pub struct Broken {
    /// Which entry.
    pub number: u64,
    /// What is wrong with it.
    pub why: Flaw,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Its hash does not fit: it, or an entry before it, was changed.
    #[error("does not fit its hash: it was changed, or one before it was removed or added")]
    Changed,
    /// The number is not the one after that of the entry before.
    #[error("is missing")]
    Missing,
    /// The head counts more entries, or another last one.
    #[error("does not fit the head, which is kept apart: the end of the log was cut off or written anew")]
    Head,
    /// Another hash was noted for it.
    #[error("does not have the hash that was noted: the log was written anew")]
    Noted,
}

/// The hash of an entry that follows the one with the hash `previous`.
pub fn chain(previous: &[u8; 32], number: u64, entry: &AuditEntry) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(number.to_be_bytes());
    hash.update(entry.at.to_be_bytes());
    for text in [&entry.actor, &entry.action, &entry.subject, &entry.details] {
        // With its length in front, so that no text can flow over into the next.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

impl AuditHead {
    /// The head after one more entry, and the entry's row.
    pub fn extend(self, entry: AuditEntry) -> (Self, AuditRow) {
        let number = self.count + 1;
        let hash = chain(&self.hash, number, &entry);
        (Self { count: number, hash }, AuditRow { number, entry, hash: hash.to_vec() })
    }

    /// The head after a row that was read, where it follows.
    pub fn follow(self, row: &AuditRow) -> Result<Self, Broken> {
        let number = self.count + 1;
        if row.number != number {
            return Err(Broken { number, why: Flaw::Missing });
        }
        let hash = chain(&self.hash, number, &row.entry);
        if row.hash != hash {
            return Err(Broken { number, why: Flaw::Changed });
        }
        Ok(Self { count: number, hash })
    }

    /// Whether the rows that were followed end where `kept`, the head that is kept apart, says.
    pub fn ends_at(self, kept: &Self) -> Result<(), Broken> {
        match self == *kept {
            true => Ok(()),
            false if self.count < kept.count => Err(Broken { number: self.count + 1, why: Flaw::Missing }),
            false => Err(Broken { number: kept.count.max(1), why: Flaw::Head }),
        }
    }
}

/// Follows all rows from the first and compares the end with the head. Returns how many there are.
pub fn verify<'a>(rows: impl IntoIterator<Item = &'a AuditRow>, kept: &AuditHead) -> Result<u64, Broken> {
    let end = rows.into_iter().try_fold(AuditHead::default(), AuditHead::follow)?;
    end.ends_at(kept)?;
    Ok(end.count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: i64) -> AuditEntry {
        AuditEntry {
            at: n,
            actor: "小王".to_owned(),
            action: "original.shown".to_owned(),
            subject: format!("c{n}"),
            details: "{}".to_owned(),
        }
    }

    fn log(entries: i64) -> (Vec<AuditRow>, AuditHead) {
        let mut head = AuditHead::default();
        let rows = (1..=entries).map(|n| {
            let (next, row) = head.extend(entry(n));
            head = next;
            row
        });
        (rows.collect(), head)
    }

    fn flaw(rows: &[AuditRow], head: &AuditHead) -> (u64, Flaw) {
        let broken = verify(rows, head).unwrap_err();
        (broken.number, broken.why)
    }

    #[test]
    fn an_untouched_log_verifies() {
        for entries in [0, 1, 7] {
            let (rows, head) = log(entries);
            assert_eq!(verify(&rows, &head), Ok(entries as u64));
        }
    }

    #[test]
    fn every_field_is_covered() {
        type Bend = fn(&mut AuditRow);
        let bends: [Bend; 6] = [
            |row| row.entry.at += 1,
            |row| row.entry.actor.push('x'),
            |row| row.entry.action = "x".to_owned(),
            |row| row.entry.subject = String::new(),
            |row| row.entry.details.push(' '),
            |row| row.hash[31] ^= 1,
        ];
        for bend in bends {
            let (mut rows, head) = log(5);
            bend(&mut rows[2]);
            assert_eq!(flaw(&rows, &head), (3, Flaw::Changed));
        }
    }

    #[test]
    fn a_text_does_not_flow_into_the_next() {
        let (mut one, mut other) = (entry(1), entry(1));
        (one.actor, one.action) = ("ab".to_owned(), "c".to_owned());
        (other.actor, other.action) = ("a".to_owned(), "bc".to_owned());
        assert_ne!(chain(&[0; 32], 1, &one), chain(&[0; 32], 1, &other));
    }

    #[test]
    fn removing_adding_and_swapping_are_found() {
        let (mut rows, head) = log(5);
        rows.remove(1);
        assert_eq!(flaw(&rows, &head), (2, Flaw::Missing));
        let (mut rows, head) = log(5);
        rows.insert(2, AuditRow { number: 3, entry: entry(9), hash: rows[2].hash.clone() });
        assert_eq!(flaw(&rows, &head), (3, Flaw::Changed));
        let (mut rows, head) = log(5);
        rows.swap(3, 4);
        assert_eq!(flaw(&rows, &head), (4, Flaw::Missing));
    }

    #[test]
    fn a_log_that_was_cut_off_is_found() {
        let (rows, head) = log(5);
        assert_eq!(flaw(&rows[..3], &head), (4, Flaw::Missing));
        assert_eq!(flaw(&[], &head), (1, Flaw::Missing));
        let (_, shorter) = log(4);
        assert_eq!(flaw(&rows, &shorter), (4, Flaw::Head));
        assert_eq!(flaw(&rows, &AuditHead { hash: [1; 32], ..head }), (5, Flaw::Head));
    }

    /// Logs in the field were written so.
    #[test]
    fn the_canonical_bytes_stay() {
        let hex: String = chain(&[0; 32], 1, &entry(1)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "7db3619c8ea7838481915a0c5d4ae70a563971f5742793c0863c4d52febc8b9c");
    }
}

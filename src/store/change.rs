//! What a follower of the store hears: numbered changes, and the earlier versions of a case.

use std::time::SystemTime;

use crate::id::CaseId;
use crate::kb::case::Case;

/// A place in the change sequence. Grows with every put that changes something and with every removal; a number is
/// never used twice, and numbers may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Before the first change.
    pub const START: Self = Self(0);

    /// The place with this number, as a follower noted it with [`Seq::get`].
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, to be noted by a follower.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// The latest change of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When it happened, in the sequence.
    pub seq: Seq,
    /// The case.
    pub id: CaseId,
    /// What it is now; `None` where it was removed.
    pub case: Option<Case>,
}

/// A version of a case that was replaced or removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Counts the versions of this case from 1, through removals too.
    pub number: u32,
    /// When this version came.
    pub updated_at: SystemTime,
    /// When it was replaced or removed.
    pub replaced_at: SystemTime,
    /// The case as it was.
    pub case: Case,
}

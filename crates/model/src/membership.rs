//! Membership: the set of profiles in an audience, and what changed between two of them.

use std::io;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use crate::ProfileId;

/// The profiles in an audience, as of a moment. A compressed bitmap: small, exact, quick to combine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Membership(RoaringBitmap);

/// Stored bytes that are no membership.
#[derive(Debug, thiserror::Error)]
#[error("the stored membership cannot be read")]
pub struct UnreadableMembership {
    #[source]
    source: io::Error,
}

impl Membership {
    /// Nobody.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Takes a bitmap of profile numbers.
    pub fn from_bitmap(bitmap: RoaringBitmap) -> Self {
        Self(bitmap)
    }

    /// The bitmap of profile numbers.
    pub fn bitmap(&self) -> &RoaringBitmap {
        &self.0
    }

    /// Gives the bitmap away.
    pub fn into_bitmap(self) -> RoaringBitmap {
        self.0
    }

    /// How many profiles.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this profile is in.
    pub fn contains(&self, profile: ProfileId) -> bool {
        self.0.contains(profile.0)
    }

    /// The members in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = ProfileId> + '_ {
        self.0.iter().map(ProfileId)
    }

    /// Who is here and not there.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    /// Who is here or there.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(&self.0 | &other.0)
    }

    /// Who is here and there.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(&self.0 & &other.0)
    }

    /// Who is here or there, and not in both.
    #[must_use]
    pub fn either(&self, other: &Self) -> Self {
        Self(&self.0 ^ &other.0)
    }

    /// Whether nobody is in both.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.0.is_disjoint(&other.0)
    }

    /// Who is also there, and who is not.
    #[must_use]
    pub fn split(mut self, by: &Self) -> (Self, Self) {
        let inside = &self.0 & &by.0;
        if !inside.is_empty() {
            self.0 -= &inside;
        }
        (Self(inside), self)
    }

    /// About how many bytes [`Membership::to_bytes`] gives, from above.
    pub fn bytes_max(&self) -> usize {
        self.0.serialized_size()
    }

    /// The portable roaring format, as every roaring library reads it
    /// (<https://github.com/RoaringBitmap/RoaringFormatSpec>).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bitmap = self.0.clone();
        bitmap.optimize();
        let mut bytes = Vec::with_capacity(bitmap.serialized_size());
        bitmap.serialize_into(&mut bytes).expect("writing to memory cannot fail");
        bytes
    }

    /// Reads what [`Membership::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are not a roaring bitmap.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnreadableMembership> {
        let mut bitmap = RoaringBitmap::deserialize_from(bytes).map_err(|source| UnreadableMembership { source })?;
        // Runs are small to store and slow to combine.
        bitmap.remove_run_compression();
        Ok(Self(bitmap))
    }
}

impl FromIterator<ProfileId> for Membership {
    fn from_iter<I: IntoIterator<Item = ProfileId>>(profiles: I) -> Self {
        Self(profiles.into_iter().map(|profile| profile.0).collect())
    }
}

/// The two halves of a change between two memberships.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MembershipDiff {
    /// Who is in now and was not before.
    pub entered: Membership,
    /// Who was in before and is not now.
    pub exited: Membership,
}

impl MembershipDiff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.exited.is_empty()
    }
}

/// Why a profile entered or exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Something was said about the profile since the last run.
    Data,
    /// Nothing new was said: time went by and a window moved.
    Time,
    /// The audience is new, or its definition (or one it refers to) was edited.
    Definition,
    /// Two profiles turned out to be one person.
    Merge,
    /// The profile is suppressed or being erased.
    Erasure,
    /// A member goes by another number since a merge: neither entered nor exited. Recorded so that the memberships after
    /// earlier runs can be told exactly, before whatever else the run found; never reported.
    Moved,
}

impl Reason {
    /// Every reason, in order of their names in reports.
    pub const ALL: [Self; 6] = [Self::Data, Self::Time, Self::Definition, Self::Merge, Self::Erasure, Self::Moved];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Time => "time",
            Self::Definition => "definition",
            Self::Merge => "merge",
            Self::Erasure => "erasure",
            Self::Moved => "moved",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back() {
        let membership: Membership = [1, 2, 3, 70_000, u32::MAX].map(ProfileId).into_iter().collect();
        assert_eq!(Membership::from_bytes(&membership.to_bytes()).expect("own bytes"), membership);
        assert!(Membership::from_bytes(b"no bitmap").is_err());
        assert!(membership.to_bytes().len() <= membership.bytes_max());
    }

    #[test]
    fn a_split_is_both_halves() {
        let members = |profiles: &[u32]| profiles.iter().copied().map(ProfileId).collect::<Membership>();
        for (whole, by, inside, outside) in
            [(&[1, 2, 3][..], &[2, 4][..], &[2][..], &[1, 3][..]), (&[1], &[], &[], &[1]), (&[], &[1], &[], &[]), (&[1], &[1], &[1], &[])]
        {
            assert_eq!(members(whole).split(&members(by)), (members(inside), members(outside)));
            assert_eq!(members(whole).is_disjoint(&members(by)), inside.is_empty());
        }
    }
}

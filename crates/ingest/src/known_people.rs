//! Which of the people known before an import it speaks of: a bit each.

use model::ProfileId;

/// Profiles below a number, and which of them were met.
pub(crate) struct KnownPeople {
    met: Vec<u64>,
    end: ProfileId,
    count: u64,
}

impl KnownPeople {
    /// Nobody met yet of those before `end`.
    pub(crate) fn before(end: ProfileId) -> Self {
        Self { met: vec![0; end.index() / 64 + 1], end, count: 0 }
    }

    /// Notes a profile; new ones do not count.
    pub(crate) fn note(&mut self, profile: ProfileId) {
        if profile < self.end {
            let (word, bit) = (&mut self.met[profile.index() / 64], 1 << (profile.index() % 64));
            self.count += u64::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// How many were met.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

//! Life of definitions: whether they fit what the store remembers of them.
//!
//! A key is used once: after an audience is retired its key stands for nobody else, since destinations could not tell the
//! members of both apart. A file is deleted only after its audience was retired, since nobody would know any more whom to
//! remove. Where a `sync` was taken out, everybody it sent is removed at the next run, by the destination's own file, which
//! must still be there. What does not fit is refused before anything is evaluated or sent; looking (a dry run) is allowed.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use definitions::{AudienceState, Catalog};
use deliver::Secrets;
use model::{AudienceKey, DestinationKey, Moment};
use store::{Store, StoreError};

use crate::workspace::{OpenError, store_url};
use crate::{Workspace, start};

/// A way in which the definitions do not fit what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifeProblem {
    /// A key of a retired audience is used again.
    Reused {
        /// The key.
        audience: AudienceKey,
        /// When the run was recorded that retired it.
        retired_at: Moment,
    },
    /// An audience is remembered and its file is gone.
    Deleted {
        /// Its key.
        audience: AudienceKey,
        /// Where people of it are, or may be.
        sent_to: Vec<DestinationKey>,
    },
    /// People have to be removed at a destination whose file is gone.
    DestinationGone {
        /// The audience.
        audience: AudienceKey,
        /// The destination.
        destination: DestinationKey,
    },
}

/// The codes of these problems, with what they mean.
pub const LIFE_CODES: &[(&str, &str)] = &[
    ("deleted-audience", "An audience's file is gone while people of it are still recorded or at a destination; it is retired first."),
    ("deleted-destination", "A destination's file is gone while people that were sent there still have to be removed."),
    ("key-used-before", "An audience has the key of one that was retired; keys are never used again."),
];

impl LifeProblem {
    /// A stable short name, as diagnostics have it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Reused { .. } => "key-used-before",
            Self::Deleted { .. } => "deleted-audience",
            Self::DestinationGone { .. } => "deleted-destination",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Reused { audience, .. } => {
                format!("give the audience another key, and delete `audiences/{audience}.yaml` or set it back to `state: retired`")
            }
            Self::Deleted { audience, .. } => {
                format!("restore `audiences/{audience}.yaml` with `state: retired`, run once, and delete it when nothing of it is pending")
            }
            Self::DestinationGone { destination, .. } => {
                format!("restore `destinations/{destination}.yaml`, run once, and delete it when nothing is pending there")
            }
        }
    }
}

impl fmt::Display for LifeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reused { audience, retired_at } => {
                write!(f, "the key `{audience}` was retired on {retired_at}, and keys are never used again")
            }
            Self::Deleted { audience, sent_to } if sent_to.is_empty() => {
                write!(f, "the audience `{audience}` was recorded, and its file is gone")
            }
            Self::Deleted { audience, sent_to } => {
                let places: Vec<_> = sent_to.iter().map(|place| format!("`{place}`")).collect();
                write!(f, "the audience `{audience}` still has people at {}, and its file is gone", places.join(", "))
            }
            Self::DestinationGone { audience, destination } => {
                write!(f, "people of `{audience}` have to be removed at `{destination}`, and that destination's file is gone")
            }
        }
    }
}

/// Everything that does not fit, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeProblems(pub Vec<LifeProblem>);

impl fmt::Display for LifeProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the definitions do not fit what is recorded")?;
        for problem in &self.0 {
            write!(f, "\n  {problem}\n  help: {}", problem.help())?;
        }
        Ok(())
    }
}

impl std::error::Error for LifeProblems {}

/// Looks for everything that does not fit, in a store that is there; where none is, everything fits. Makes and changes
/// nothing. `folder` is the definitions' folder.
///
/// # Errors
/// When the store is there and cannot be read.
pub async fn life_problems(folder: &Path, catalog: &Catalog, secrets: &dyn Secrets) -> Result<Vec<LifeProblem>, OpenError> {
    let url = match store_url(&catalog.settings.store, &folder.join(&catalog.settings.data), secrets) {
        Ok(url) => url,
        // Whoever checks definitions need not know the store's secrets.
        Err(OpenError::StoreUrlMissing(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    match store::open_existing(&url).await? {
        Some(store) => Ok(find(store.as_ref(), catalog).await?),
        None => Ok(Vec::new()),
    }
}

impl Workspace {
    /// Refuses definitions that do not fit what is remembered.
    pub(crate) async fn check_lives(&self) -> Result<Result<(), LifeProblems>, StoreError> {
        let problems = find(self.store.as_ref(), &self.catalog).await?;
        Ok(if problems.is_empty() { Ok(()) } else { Err(LifeProblems(problems)) })
    }
}

async fn find(store: &dyn Store, catalog: &Catalog) -> Result<Vec<LifeProblem>, StoreError> {
    let (retired, sent) = (store.retired_audiences().await?, store.sent_pairs().await?);
    let pending: BTreeSet<_> = store.pending_syncs().await?.into_iter().map(|sync| sync.audience).collect();
    let mut problems = Vec::new();
    for (key, retired_at) in &retired {
        if catalog.audiences.get(key).is_some_and(|audience| audience.state != AudienceState::Retired) {
            problems.push(LifeProblem::Reused { audience: key.clone(), retired_at: *retired_at });
        }
    }
    for key in store.known_audiences().await?.into_iter().chain(pending.iter().cloned()).collect::<BTreeSet<_>>() {
        let sent_to: Vec<_> = sent.iter().filter(|(audience, _)| *audience == key).map(|(_, place)| place.clone()).collect();
        let is_over = retired.contains_key(&key) && sent_to.is_empty() && !pending.contains(&key);
        match catalog.audiences.get(&key) {
            None if is_over => {}
            None => problems.push(LifeProblem::Deleted { audience: key, sent_to }),
            Some(audience) => {
                let gone = sent_to.into_iter().filter(|place| !catalog.destinations.contains_key(place));
                let gone = gone.filter(|place| start::sync_to(audience, place).is_none());
                problems.extend(gone.map(|destination| LifeProblem::DestinationGone { audience: key.clone(), destination }));
            }
        }
    }
    Ok(problems)
}

//! Standing values: the newest values of traits, kept from one evaluation to the next while nothing more was said.
//!
//! A cache only. It serves questions as of a moment at or after the last thing said about any trait, about the same
//! segments and the same people; any other question looks through the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lake::Reader;
use model::{AsOf, LogName, People};

use crate::error::EvaluateError;
use crate::newest::Newest;
use crate::segments::Snapshot;

/// So many traits are kept, of some 20 bytes for each profile.
const TRAITS_MAX: usize = 16;

/// The traits of one evaluator.
#[derive(Default)]
pub(crate) struct Standing(Mutex<BTreeMap<String, Held>>);

struct Held {
    /// The segments by path: one without the rows of somebody erased keeps its number.
    paths: Vec<String>,
    people: Arc<People>,
    newest: Arc<Newest>,
}

impl Standing {
    /// The newest values of a trait.
    pub(crate) fn find(&self, reader: &Reader, snapshot: &Snapshot, name: &str, as_of: AsOf) -> Result<Arc<Newest>, EvaluateError> {
        let said = || snapshot.segments.iter().filter(|(_, segment)| segment.log == LogName::Traits);
        if said().any(|(_, segment)| segment.last_at > as_of.moment()) {
            return Ok(Arc::new(Newest::find(reader, snapshot, name, as_of)?));
        }
        let paths: Vec<String> = said().map(|(_, segment)| segment.path.clone()).collect();
        let known = self.lock().get(name).filter(|held| held.is_of(&paths, &snapshot.people)).map(|held| Arc::clone(&held.newest));
        if let Some(newest) = known {
            return Ok(newest);
        }
        let newest = Arc::new(Newest::find(reader, snapshot, name, as_of)?);
        let mut kept = self.lock();
        if kept.len() >= TRAITS_MAX && !kept.contains_key(name) {
            kept.clear();
        }
        let held = Held { paths, people: Arc::clone(&snapshot.people), newest: Arc::clone(&newest) };
        kept.insert(name.to_owned(), held);
        Ok(newest)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_of(&self, paths: &[String], people: &Arc<People>) -> bool {
        self.paths == paths && Arc::ptr_eq(&self.people, people)
    }
}

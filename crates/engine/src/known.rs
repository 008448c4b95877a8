//! What is known, kept from one tick to the next: a running process asks the store only what is new.
//!
//! Other processes write meanwhile. Each answer is one state of the store, and what is kept is that state.

use std::sync::Arc;

use evaluate::Snapshot;
use store::{PeopleMark, PeopleNews, Store, StoreError};
use tokio::sync::Mutex;

/// The latest answer, if there was one.
#[derive(Default)]
pub(crate) struct Known(Mutex<Option<(Arc<Snapshot>, PeopleMark)>>);

impl Known {
    /// What is known now.
    pub(crate) async fn now(&self, store: &dyn Store) -> Result<Arc<Snapshot>, StoreError> {
        let mut known = self.0.lock().await;
        let news = store.news(known.as_ref().map(|(_, mark)| *mark)).await?;
        let mut snapshot = known.take().map(|(snapshot, _)| snapshot).unwrap_or_default();
        match news.people {
            PeopleNews::Nothing if snapshot.segments == news.segments => {}
            PeopleNews::Nothing => Arc::make_mut(&mut snapshot).segments = news.segments,
            PeopleNews::Changes(changes) => {
                let snapshot = Arc::make_mut(&mut snapshot);
                snapshot.segments = news.segments;
                Arc::make_mut(&mut snapshot.people).apply(changes);
            }
            PeopleNews::Everybody(people) => snapshot = Arc::new(Snapshot { segments: news.segments, people: people.into() }),
        }
        *known = Some((Arc::clone(&snapshot), news.mark));
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use model::{Collection, LogName, Moment, ProfileId, Segment};
    use store::{Flush, NewProfile, StoreUrl};

    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_what_is_there() {
        let store = store::open(&StoreUrl::SqliteMemory).await.expect("opens");
        let at = Moment::parse("2025-03-01").expect("a date");
        let user = |number| NewProfile { profile: ProfileId(number), collection: Collection::Users, created_at: at };
        let path = "traits/a.parquet".to_owned();
        let segment =
            Segment { path, log: LogName::Traits, day: at.day(), rows: 1, first_at: at, last_at: at, bytes: 1, columns: Vec::new() };
        let known = Known::default();
        let mut before = known.now(store.as_ref()).await.expect("an answer");
        for (flush, is_new) in [
            (Flush::default(), false),
            (Flush { profiles: vec![user(0)], ..Flush::default() }, true),
            (Flush { segments: vec![segment], ..Flush::default() }, true),
            (Flush::default(), false),
        ] {
            store.flush(&flush).await.expect("a flush");
            let now = known.now(store.as_ref()).await.expect("an answer");
            assert_eq!(Arc::ptr_eq(&now, &before), !is_new);
            assert_eq!((&now.segments, now.people.as_ref()), (&store.segments().await.expect("all"), &store.people().await.expect("all")));
            before = now;
        }
    }
}

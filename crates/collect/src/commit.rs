//! Group commit: whoever waits for the disk waits together, for one sync.
//!
//! One thread writes. While it syncs, other requests gather; the next sync is theirs. Nobody waits for company: a request
//! alone is synced at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ingest::inbox::{Accepted, Inbox, RECORD_BYTES_MAX};
use tokio::sync::{mpsc, oneshot};

use crate::answer::Refusal;

/// One sync makes at most about so many bytes durable.
const GROUP_BYTES_MAX: usize = RECORD_BYTES_MAX;
/// How long until there may be room in a full inbox: runs and drains make some.
const FULL_FOR: Duration = Duration::from_mins(1);

/// The way to the disk.
#[derive(Clone)]
pub(crate) struct Commit {
    waiting: mpsc::Sender<Waiting>,
    inbox: Arc<Inbox>,
    broken: Arc<AtomicBool>,
}

struct Waiting {
    accepted: Accepted,
    done: oneshot::Sender<bool>,
}

impl Commit {
    /// Starts the thread that writes; it ends when the last clone is gone and everything is written.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(inbox: Arc<Inbox>, waiting_max: usize) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (waiting, requests) = mpsc::channel(waiting_max);
        let broken = Arc::new(AtomicBool::new(false));
        let (writer_inbox, writer_broken) = (Arc::clone(&inbox), Arc::clone(&broken));
        let write = move || write_groups(&writer_inbox, requests, &writer_broken);
        let thread = std::thread::Builder::new().name("inbox-writer".to_owned()).spawn(write)?;
        Ok((Self { waiting, inbox, broken }, thread))
    }

    /// Returns when the messages are on the disk.
    ///
    /// # Errors
    /// When too many wait already, the inbox is full, or the disk fails.
    pub(crate) async fn write(&self, accepted: Accepted) -> Result<(), Refusal> {
        if self.inbox.is_full() {
            return Err(Refusal::Behind(FULL_FOR));
        }
        let (done, written) = oneshot::channel();
        match self.waiting.try_send(Waiting { accepted, done }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(Refusal::Behind(Duration::from_secs(1))),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Refusal::Broken),
        }
        if written.await == Ok(true) { Ok(()) } else { Err(Refusal::Broken) }
    }

    /// Whether the disk failed the last time.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

fn write_groups(inbox: &Inbox, mut requests: mpsc::Receiver<Waiting>, broken: &AtomicBool) {
    while let Some(first) = requests.blocking_recv() {
        let mut bytes = first.accepted.lines.len();
        let (mut group, mut waiting) = (vec![first.accepted], vec![first.done]);
        while bytes < GROUP_BYTES_MAX {
            let Ok(next) = requests.try_recv() else { break };
            bytes += next.accepted.lines.len();
            group.push(next.accepted);
            waiting.push(next.done);
        }
        let written = inbox.append(&group);
        if let Err(error) = &written {
            tracing::error!(
                error = error as &dyn std::error::Error,
                requests = group.len(),
                "messages could not be stored; their senders are told"
            );
        }
        broken.store(written.is_err(), Ordering::Relaxed);
        for done in waiting {
            // Whoever hung up sends it again; the message ids tell.
            let _ = done.send(written.is_ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use ingest::inbox::InboxLimits;

    use super::*;

    fn request() -> Accepted {
        Accepted { source: "web".to_owned(), lines: b"{}\n".to_vec() }
    }

    #[tokio::test]
    async fn what_is_written_is_there_and_a_full_inbox_says_so() {
        let place = tempfile::tempdir().expect("a folder");
        let inbox = Arc::new(Inbox::open(place.path(), InboxLimits { file_bytes: 10, bytes_max: 40 }).expect("open"));
        let (commit, thread) = Commit::start(Arc::clone(&inbox), 10).expect("a thread");
        assert_eq!(commit.write(request()).await, Ok(()));
        assert_eq!(commit.write(request()).await, Ok(()));
        assert_eq!(commit.write(request()).await, Err(Refusal::Behind(FULL_FOR)));
        assert_eq!(inbox.sealed().expect("a list").len(), 2);
        drop(commit);
        thread.join().expect("it ends");
    }

    #[tokio::test]
    async fn a_disk_that_fails_is_told_until_it_works_again() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("inbox");
        let inbox = Arc::new(Inbox::open(&folder, InboxLimits::default()).expect("open"));
        let (commit, _thread) = Commit::start(inbox, 10).expect("a thread");
        std::fs::rename(&folder, place.path().join("gone")).expect("moved");
        assert_eq!(commit.write(request()).await, Err(Refusal::Broken));
        assert!(commit.is_broken());
        std::fs::rename(place.path().join("gone"), &folder).expect("moved back");
        assert_eq!(commit.write(request()).await, Ok(()));
        assert!(!commit.is_broken());
    }
}

//! Reading ahead: the next batches are read and understood while one is made true.
//!
//! **Invariant:** however slow the lake and the store are, no more than [`AHEAD`] batches wait and one is being read.

use std::io;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;

use rayon::ThreadPoolBuilder;

use crate::rows::{Batch, Rows};

/// Batches that wait for their turn: with none, both cores would wait for the disk whenever a batch is made durable.
const AHEAD: usize = 1;

/// The batches of a file, in order. Whoever drops it stops the reading.
pub(crate) struct Ahead {
    batches: Receiver<io::Result<Batch>>,
    reader: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Begins to read; the first `skipped` lines were done before.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn new(mut rows: Rows, skipped: u64) -> io::Result<Self> {
        let (sender, batches) = mpsc::sync_channel(AHEAD);
        let read = move || {
            // Nobody takes what cannot be sent: the import stopped.
            let _ = read_all(&mut rows, skipped, &sender).or_else(|error| sender.send(Err(error)));
        };
        let reader = std::thread::Builder::new().name("ingest-reader".to_owned()).spawn(read)?;
        Ok(Self { batches, reader: Some(reader) })
    }

    /// The next batch; none after the one that is the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<Batch>> {
        if let Ok(batch) = self.batches.recv() {
            return batch.map(Some);
        }
        if let Some(Err(panic)) = self.reader.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
        Ok(None)
    }
}

#[cfg(test)]
impl Ahead {
    /// Takes no more, and hands out the thread that reads.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.reader.expect("it reads until there is nothing left")
    }
}

/// Sends batch after batch, until one is the last or nobody takes it.
fn read_all(rows: &mut Rows, skipped: u64, batches: &SyncSender<io::Result<Batch>>) -> io::Result<()> {
    skip(rows, skipped)?;
    // Nobody else has anything to do before there is a batch; later one core is left to those that make batches true.
    let mut goes_on = send(rows.next()?, batches);
    if goes_on {
        let threads = rayon::current_num_threads().saturating_sub(1).max(1);
        let readers = ThreadPoolBuilder::new().num_threads(threads).build().map_err(io::Error::other)?;
        while goes_on {
            goes_on = send(readers.install(|| rows.next())?, batches);
        }
    }
    Ok(())
}

/// Whether another batch is wanted.
fn send(batch: Batch, batches: &SyncSender<io::Result<Batch>>) -> bool {
    let last = batch.over;
    batches.send(Ok(batch)).is_ok() && !last
}

/// Passes over what an earlier call did. A CSV header is read already.
fn skip(rows: &mut Rows, lines: u64) -> io::Result<()> {
    while rows.lines().number() < lines {
        if !rows.skip_line()? {
            break;
        }
    }
    Ok(())
}

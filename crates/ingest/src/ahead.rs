//! Reading ahead: the next batches are read and understood while one is made true.
//!
//! **Invariant:** however slow the lake and the store are, no more than [`AHEAD`] batches wait and one is being read.

use std::io;
use std::sync::mpsc::{self, Receiver};
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
        let readers = ThreadPoolBuilder::new().num_threads(rayon::current_num_threads().saturating_sub(1).max(1)).build();
        let readers = readers.map_err(io::Error::other)?;
        let read = move || {
            if let Err(error) = skip(&mut rows, skipped) {
                let _ = sender.send(Err(error));
                return;
            }
            let mut first = true;
            loop {
                // Nobody else has anything to do before there is a batch.
                let batch = if std::mem::take(&mut first) { rows.next() } else { readers.install(|| rows.next()) };
                let last = batch.as_ref().map_or(true, |batch| batch.over);
                // Nobody takes it: the import stopped.
                if sender.send(batch).is_err() || last {
                    return;
                }
            }
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

/// Passes over what an earlier call did. A CSV header is read already.
fn skip(rows: &mut Rows, lines: u64) -> io::Result<()> {
    while rows.lines().number() < lines {
        if !rows.skip_line()? {
            break;
        }
    }
    Ok(())
}

//! Writing: requests appended together, made durable by one sync, in files that are sealed when they are large enough.
//!
//! A file is begun by its first record and never opened for writing again: after a crash, a failure or a seal the next
//! record begins another one. So whatever went wrong, at most the last file has an end to be cut off.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::InboxError;
use super::reader::{numbered, path_of, recover, sync_folder};
use super::record::{Accepted, MAGIC};

/// How often, and how long, a lock is waited for that somebody holds.
const LOCK_NAPS: u32 = 20;
const LOCK_NAP: Duration = Duration::from_millis(100);

/// How much an inbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxLimits {
    /// A file is sealed when it has this many bytes.
    pub file_bytes: u64,
    /// The inbox is full when its files have this many bytes together.
    pub bytes_max: u64,
}

impl Default for InboxLimits {
    fn default() -> Self {
        Self { file_bytes: 64 << 20, bytes_max: 8 << 30 }
    }
}

/// A folder of accepted messages, open for more. One process has it at a time.
pub struct Inbox {
    folder: PathBuf,
    limits: InboxLimits,
    state: Mutex<State>,
    /// Bytes in all files, as of the last look at the folder and what was appended since.
    bytes: AtomicU64,
    _lock: File,
}

struct State {
    next_number: u64,
    /// The file that grows, while there is one.
    open: Option<Open>,
    buffer: Vec<u8>,
}

struct Open {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Inbox {
    /// Opens the folder, making it the first time; what a crash left half-written is cut off.
    ///
    /// # Errors
    /// When another process has it open, or the disk fails.
    pub fn open(folder: &Path, limits: InboxLimits) -> Result<Self, InboxError> {
        fs::create_dir_all(folder).map_err(InboxError::disk("create", folder))?;
        let lock = lock_patiently(folder)?;
        recover(folder)?;
        let next_number = numbered(folder)?.last().map_or(1, |(number, _)| number + 1);
        let inbox = Self {
            folder: folder.to_owned(),
            limits,
            state: Mutex::new(State { next_number, open: None, buffer: Vec::new() }),
            bytes: AtomicU64::new(0),
            _lock: lock,
        };
        inbox.measure()?;
        Ok(inbox)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes down the messages of several requests and makes them durable, all with one sync. Blocks meanwhile.
    ///
    /// # Errors
    /// When the disk fails: then none of them is acknowledged, though some may be there. The next call begins another file.
    pub fn append(&self, accepted: &[Accepted]) -> Result<(), InboxError> {
        let mut state = self.state();
        let State { next_number, open, buffer } = &mut *state;
        buffer.clear();
        for accepted in accepted {
            accepted.frame(buffer);
        }
        // Taken out: a file that failed is never written to again.
        let mut current = match open.take() {
            Some(current) => current,
            None => self.begin(next_number)?,
        };
        if let Err(source) = current.file.write_all(buffer).and_then(|()| current.file.sync_data()) {
            // What was not acknowledged need not be there; where cutting fails too, its end is no record or a repeated one.
            let _ = current.file.set_len(current.bytes);
            if current.bytes == MAGIC.len() as u64 {
                // A full disk fails every call: each would leave a file behind.
                let _ = fs::remove_file(&current.path);
            }
            return Err(InboxError::Disk { doing: "write to", path: current.path, source });
        }
        current.bytes += buffer.len() as u64;
        self.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        if current.bytes < self.limits.file_bytes {
            *open = Some(current);
        }
        Ok(())
    }

    /// Seals what was accepted so far: the sealed files, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn seal(&self) -> Result<Vec<PathBuf>, InboxError> {
        self.state().open = None;
        self.sealed()
    }

    /// The files that are sealed already, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sealed(&self) -> Result<Vec<PathBuf>, InboxError> {
        let state = self.state();
        let growing = state.open.as_ref().map(|open| open.path.clone());
        let files = numbered(&self.folder)?.into_iter().map(|(_, path)| path);
        Ok(files.filter(|path| Some(path) != growing.as_ref()).collect())
    }

    /// Whether it holds as much as it may: nothing should be accepted until some of it has become facts.
    pub fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) >= self.limits.bytes_max
    }

    /// Looks how much is there, after files have gone.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn measure(&self) -> Result<(), InboxError> {
        let _state = self.state();
        let files = numbered(&self.folder)?;
        let bytes = files.iter().filter_map(|(_, path)| fs::metadata(path).ok()).map(|file| file.len()).sum();
        self.bytes.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn begin(&self, next_number: &mut u64) -> Result<Open, InboxError> {
        let path = path_of(&self.folder, *next_number);
        *next_number += 1;
        let begun = File::options().create_new(true).write(true).open(&path).and_then(|mut file| {
            file.write_all(MAGIC)?;
            sync_folder(&self.folder)?;
            Ok(file)
        });
        match begun {
            Ok(file) => {
                self.bytes.fetch_add(MAGIC.len() as u64, Ordering::Relaxed);
                Ok(Open { file, path, bytes: MAGIC.len() as u64 })
            }
            Err(source) => {
                let _ = fs::remove_file(&path);
                Err(InboxError::Disk { doing: "begin", path, source })
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same, waiting a little: whoever only looks at what is sealed holds the lock for a moment.
#[expect(clippy::disallowed_methods, reason = "nobody is served before the inbox is open")]
fn lock_patiently(folder: &Path) -> Result<File, InboxError> {
    for _ in 0..LOCK_NAPS {
        match lock(folder) {
            Err(InboxError::Taken { .. }) => std::thread::sleep(LOCK_NAP),
            done => return done,
        }
    }
    lock(folder)
}

/// Locks a folder for whoever writes to it; the lock goes with its process, however that ends.
pub(super) fn lock(folder: &Path) -> Result<File, InboxError> {
    let path = folder.join("lock");
    let failed = |source: io::Error| InboxError::Disk { doing: "lock", path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(InboxError::Taken { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

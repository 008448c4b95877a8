//! Who reads the lake beside the writer: as long as somebody does, no file goes away.
//!
//! A reader knows the segments that the manifest named when it began; a compaction replaces some, and their files are removed
//! afterwards. A reader shares a lock on a file in the data folder for as long as it reads, and takes it before it asks for
//! the manifest; whoever removes files has it alone, or leaves them to a later sweep. The lock goes with the process that held
//! it, however it ended. The holder of the writer's lease needs none: nobody else removes anything meanwhile.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::Workspace;
use crate::lease::LeaseError;

/// How long a reader waits before it looks again whether the files are removed.
const NAP: Duration = Duration::from_millis(20);

/// Files stay while it lives.
#[must_use = "files stay only while it lives"]
pub struct Reading {
    _shared: File,
}

/// Nobody reads while it lives.
pub(crate) struct Alone {
    _locked: File,
}

impl Reading {
    /// Begins to read; waits while files are being removed, which takes moments.
    ///
    /// # Errors
    /// When the lock in the data folder does not work.
    pub async fn begin(workspace: &Workspace) -> Result<Self, LeaseError> {
        let file = open(&workspace.data)?;
        loop {
            match file.try_lock_shared() {
                Ok(()) => return Ok(Self { _shared: file }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(NAP).await,
                Err(TryLockError::Error(source)) => return Err(failed(&workspace.data, source)),
            }
        }
    }
}

impl Alone {
    /// Keeps readers out, unless there is one.
    pub(crate) fn try_begin(data: &Path) -> Result<Option<Self>, LeaseError> {
        let file = open(data)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _locked: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(data, source)),
        }
    }
}

const LOCK_FILE: &str = "readers.lock";

fn open(data: &Path) -> Result<File, LeaseError> {
    let opened = File::options().create(true).truncate(false).read(true).write(true).open(data.join(LOCK_FILE));
    opened.map_err(|source| failed(data, source))
}

fn failed(data: &Path, source: io::Error) -> LeaseError {
    LeaseError::Lock { path: data.join(LOCK_FILE), source }
}

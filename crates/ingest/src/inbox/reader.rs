//! Reading files of the inbox: which are sealed, where the whole records of one end.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::InboxError;
use super::record::{Accepted, MAGIC, Next, next};

const ENDING: &str = "inbox";
const DAMAGED_ENDING: &str = "damaged";

/// Something in a sealed file is no record: the disk lost what was on it. The records before are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The bytes up to there are whole.
    pub whole_bytes: u64,
    /// The bytes from there on are not.
    pub lost_bytes: u64,
}

/// The sealed files of a folder, oldest first: all if nobody holds its lock, else all but the last, which may still grow.
/// None where there is no folder.
///
/// # Errors
/// When the folder cannot be read, or the torn tail of the last file not be cut off.
pub fn sealed(folder: &Path) -> Result<Vec<PathBuf>, InboxError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    // The lock is given back at once: whoever begins to write now begins a file of its own.
    match super::writer::lock(folder) {
        Ok(_lock) => {
            recover(folder)?;
            Ok(numbered(folder)?.into_iter().map(|(_, path)| path).collect())
        }
        Err(InboxError::Taken { .. }) => {
            let mut files = numbered(folder)?;
            files.pop();
            Ok(files.into_iter().map(|(_, path)| path).collect())
        }
        Err(other) => Err(other),
    }
}

/// How many bytes of messages wait in a folder to become facts. None where there is no folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn waiting_bytes(folder: &Path) -> Result<u64, InboxError> {
    if !folder.is_dir() {
        return Ok(0);
    }
    // A file may go meanwhile: then nothing of it waits.
    let length = |path: &PathBuf| fs::metadata(path).map_or(0, |found| found.len().saturating_sub(MAGIC.len() as u64));
    Ok(numbered(folder)?.iter().map(|(_, path)| length(path)).sum())
}

/// Sets a damaged file aside, whose whole records have been taken: it is kept for somebody to look at. Says where.
///
/// # Errors
/// When it cannot be renamed.
pub fn set_aside(path: &Path) -> Result<PathBuf, InboxError> {
    let aside = path.with_extension(DAMAGED_ENDING);
    fs::rename(path, &aside).map_err(InboxError::disk("set aside", path))?;
    Ok(aside)
}

/// Whether a process accepts messages into a folder.
///
/// # Errors
/// When the lock does not work.
pub fn is_taken(folder: &Path) -> Result<bool, InboxError> {
    if !folder.is_dir() {
        return Ok(false);
    }
    match super::writer::lock(folder) {
        Ok(_lock) => Ok(false),
        Err(InboxError::Taken { .. }) => Ok(true),
        Err(other) => Err(other),
    }
}

/// The files that were set aside.
///
/// # Errors
/// When the folder cannot be read.
pub fn damaged(folder: &Path) -> Result<Vec<PathBuf>, InboxError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>());
    let mut files = files.map_err(InboxError::disk("list", folder))?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == DAMAGED_ENDING));
    files.sort_unstable();
    Ok(files)
}

/// The files of a folder by number.
pub(super) fn numbered(folder: &Path) -> Result<Vec<(u64, PathBuf)>, InboxError> {
    let failed = || InboxError::disk("list", folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (Some(number), Some(ENDING)) = (number, path.extension().and_then(|ending| ending.to_str())) {
            files.push((number, path));
        }
    }
    files.sort_unstable();
    Ok(files)
}

pub(super) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.{ENDING}"))
}

/// Cuts off what a crash left half-written at the end of the last file: it was never acknowledged. A file without a
/// single record goes.
pub(super) fn recover(folder: &Path) -> Result<(), InboxError> {
    let Some((_, path)) = numbered(folder)?.pop() else { return Ok(()) };
    let mut whole_bytes = 0;
    let damage = read(&path, |_, bytes| {
        whole_bytes += bytes;
        Ok(())
    })?;
    if whole_bytes == 0 {
        return fs::remove_file(&path).map_err(InboxError::disk("remove", &path));
    }
    if let Some(damage) = damage {
        let file = File::options().write(true).open(&path).map_err(InboxError::disk("open", &path))?;
        file.set_len(damage.whole_bytes).and_then(|()| file.sync_all()).map_err(InboxError::disk("cut off the end of", &path))?;
        tracing::info!(bytes = damage.lost_bytes, "the end of the inbox was half-written when a process died, and was cut off");
    }
    Ok(())
}

/// Hands out the records of a file with the bytes each takes up, up to its end or to what is no record.
pub(super) fn read(path: &Path, mut each: impl FnMut(Accepted, u64) -> Result<(), InboxError>) -> Result<Option<Damage>, InboxError> {
    let file = File::open(path).map_err(InboxError::disk("open", path))?;
    let length = file.metadata().map_err(InboxError::disk("read", path))?.len();
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut magic = Vec::new();
    reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(InboxError::disk("read", path))?;
    // A file that was only just begun may end in zeroes before its first word is whole.
    if magic.iter().zip(MAGIC).any(|(found, expected)| found != expected && *found != 0) {
        return Err(InboxError::Unknown { path: path.to_owned() });
    }
    let mut whole_bytes = if magic == MAGIC { MAGIC.len() as u64 } else { 0 };
    while whole_bytes > 0 {
        match next(&mut reader).map_err(InboxError::disk("read", path))? {
            Next::Record(accepted, bytes) => {
                each(accepted, bytes)?;
                whole_bytes += bytes;
            }
            Next::End => return Ok(None),
            Next::Torn => break,
        }
    }
    let lost_bytes = length.saturating_sub(whole_bytes);
    Ok((lost_bytes > 0).then_some(Damage { whole_bytes, lost_bytes }))
}

/// Makes a folder's listing durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

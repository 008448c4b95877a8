//! Files that are there wholly or not at all: written under a temporary name, flushed, renamed, the folder flushed.
//!
//! One file is flushed by itself ([`put`]). Very many ([`write`], then [`place`]) are flushed in one go where the system
//! can: file by file, the disk would be waited for hundreds of times.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

/// So many files are flushed one by one: waiting for all that others have to write may take a second, or many.
#[cfg(target_os = "linux")]
const FEW: usize = 32;

/// A file that [`write`] wrote.
pub(crate) struct Written {
    path: PathBuf,
    temporary: PathBuf,
    /// Whether the name was free: what stood there before is not ours to remove.
    created: bool,
}

/// Writes a file of this name, durable but for its name.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    let done = write_and_flush(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // The first error is the one to report; what cannot be removed now is swept later.
        let _ = fs::remove_file(&temporary);
    }
    done
}

/// Writes a file that gets this name when it is placed ([`place`]), or is taken back ([`take_back`]).
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<Written> {
    let written = Written { path: path.to_owned(), temporary: temporary(path), created: !path.exists() };
    let done = fs::write(&written.temporary, bytes);
    if let Err(error) = done {
        let _ = fs::remove_file(&written.temporary);
        return Err(error);
    }
    Ok(written)
}

/// Gives files below `root` their names; they and their names are durable on return.
pub(crate) fn place(root: &Path, files: &[Written]) -> io::Result<()> {
    flush_all(files.iter().map(|file| file.temporary.as_path()))?;
    for file in files {
        fs::rename(&file.temporary, &file.path)?;
    }
    flush_folders(root, files.iter().map(|file| file.path.as_path()))
}

/// Makes the names of files below `root` durable, and those of their folders.
pub(crate) fn flush_folders<'p>(root: &Path, files: impl Iterator<Item = &'p Path>) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for file in files {
        folders.extend(file.ancestors().skip(1).take_while(|folder| folder.starts_with(root)));
    }
    flush_all(folders.into_iter())
}

/// Makes files or folders durable: one by one where they are few, else all that their file systems have not written yet.
fn flush_all<'p>(paths: impl ExactSizeIterator<Item = &'p Path>) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if paths.len() > FEW {
        return flush_file_systems(paths);
    }
    paths.collect::<Vec<_>>().into_par_iter().try_for_each(|path| File::open(path)?.sync_all())
}

/// Waits for the disk once, however many files there are. The kernel tells of what it could not write since Linux 5.8.
#[cfg(target_os = "linux")]
fn flush_file_systems<'p>(paths: impl Iterator<Item = &'p Path>) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let mut devices = std::collections::BTreeMap::new();
    for path in paths {
        devices.entry(fs::metadata(path)?.dev()).or_insert(path);
    }
    devices.into_values().try_for_each(|path| Ok(rustix::fs::syncfs(File::open(path)?)?))
}

fn write_and_flush(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Beside the file, hidden from readers that take every `*.parquet`.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

/// Removes what a failed write left. What cannot be removed now is swept later.
pub(crate) fn take_back(files: &[Written]) {
    for file in files {
        let _ = fs::remove_file(&file.temporary);
        if file.created {
            let _ = fs::remove_file(&file.path);
        }
    }
}

//! Files that are there wholly or not at all: written under a temporary name, flushed, renamed, the folder flushed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

/// A file that [`put`] wrote.
pub(crate) struct Placed {
    pub(crate) path: PathBuf,
    /// Whether the name was free: what stood there before is not ours to remove.
    pub(crate) created: bool,
}

/// Writes a file of this name, durable once its folder is flushed too ([`flush_folders`]).
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<Placed> {
    let temporary = temporary(path);
    let created = !path.exists();
    let done = write_and_flush(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = done {
        // The first error is the one to report; what cannot be removed now is swept later.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(Placed { path: path.to_owned(), created })
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

/// Makes the names in these folders durable, and the folders' own up to `root`.
pub(crate) fn flush_folders<'p>(root: &Path, files: impl Iterator<Item = &'p Path>) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for file in files {
        folders.extend(file.ancestors().skip(1).take_while(|folder| folder.starts_with(root)));
    }
    // Side by side: file systems make many names durable in one go.
    folders.into_par_iter().try_for_each(flush_folder)
}

/// Makes the names in one folder durable.
pub(crate) fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes what a failed write left. What cannot be removed now is swept later.
pub(crate) fn take_back(placed: &[Placed]) {
    for file in placed.iter().filter(|file| file.created) {
        let _ = fs::remove_file(&file.path);
    }
}

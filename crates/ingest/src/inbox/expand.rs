//! From a sealed file to files that an import reads: newline-delimited JSON, one for each source.
//!
//! The same sealed file always becomes the same bytes, so an import that was interrupted knows them again and goes on.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::InboxError;
use super::reader::{self, Damage};

/// The messages of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The source.
    pub source: String,
    /// Its messages, a line each, in the order they were accepted.
    pub path: PathBuf,
}

/// Writes the messages of a sealed file into `folder`, which is made and emptied. They need not be durable there: the
/// sealed file is, and stays until they are facts.
///
/// # Errors
/// When the disk fails, or it is no file of an inbox. Damage within it is no error: what comes before is written.
pub fn expand(sealed: &Path, folder: &Path) -> Result<(Vec<Expanded>, Option<Damage>), InboxError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(InboxError::disk("empty", folder))?;
    }
    fs::create_dir_all(folder).map_err(InboxError::disk("create", folder))?;
    let mut files: BTreeMap<String, (PathBuf, BufWriter<File>)> = BTreeMap::new();
    let damage = reader::read(sealed, |accepted, _| {
        let count = files.len();
        let (path, file) = match files.entry(accepted.source) {
            std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let path = folder.join(format!("{count}.ndjson"));
                let file = File::create(&path).map_err(InboxError::disk("create", &path))?;
                new.insert((path, BufWriter::with_capacity(1 << 18, file)))
            }
        };
        file.write_all(&accepted.lines).map_err(InboxError::disk("write to", &*path))
    })?;
    let mut expanded = Vec::new();
    for (source, (path, mut file)) in files {
        file.flush().map_err(InboxError::disk("write to", &path))?;
        expanded.push(Expanded { source, path });
    }
    Ok((expanded, damage))
}

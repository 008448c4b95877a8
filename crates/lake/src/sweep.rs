//! Removing files that the manifest does not name: left by a crash between writing and recording.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use crate::error::LakeError;
use crate::layout::{EVENTS, TRAITS};

/// Sweeps the lake's own two folders; what else lies in its root belongs to others.
pub(crate) fn sweep(root: &Path, named: &HashSet<String>) -> Result<Vec<String>, LakeError> {
    let mut removed = Vec::new();
    for top in [EVENTS, TRAITS] {
        if root.join(top).is_dir() {
            sweep_folder(&root.join(top), top, named, &mut removed)?;
        }
    }
    Ok(removed)
}

/// Whether the folder was left empty, and is gone.
fn sweep_folder(folder: &Path, below_root: &str, named: &HashSet<String>, removed: &mut Vec<String>) -> Result<bool, LakeError> {
    let mut kept = 0;
    for entry in entries(folder).map_err(|source| LakeError::read(folder, source))? {
        let path = entry.path();
        let below_root = format!("{below_root}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(|source| LakeError::read(&path, source))?;
        if kind.is_dir() {
            kept += usize::from(!sweep_folder(&path, &below_root, named, removed)?);
        } else if named.contains(&below_root) {
            kept += 1;
        } else {
            fs::remove_file(&path).map_err(|source| LakeError::write(&path, source))?;
            removed.push(below_root);
        }
    }
    if kept == 0 {
        fs::remove_dir(folder).map_err(|source| LakeError::write(folder, source))?;
    }
    Ok(kept == 0)
}

fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

//! Compaction: several segments of a log become one with the same rows, and what was replaced goes away.
//!
//! A merge only adds a file. That the manifest names it instead of its sources is the store's transaction, and only then,
//! when nobody reads the sources any more, are they discarded. Which segments to merge is for others to say.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use model::{Segment, SegmentColumn, ValueType};

use crate::compact_file::RowGroups;
use crate::compact_rows;
use crate::error::LakeError;
use crate::lake::{Lake, file_name};
use crate::layout;

impl Lake {
    /// Writes one segment with exactly the rows of `sources`, in the order of all segments, durable on return. It is part
    /// of the lake once the manifest names it, and its sources are no longer once the manifest stops naming them. Merging
    /// the same sources again makes the same file. Every source is held to the hash it is named after: damage is found,
    /// not copied.
    ///
    /// In memory are, at a time, the sources whose days overlap, and the row group that is being written.
    ///
    /// # Errors
    /// When a source is missing or damaged, or the file cannot be written. Nothing is left then.
    ///
    /// # Panics
    /// When there are no sources, or they are of several logs.
    pub fn merge(&self, sources: &[&Segment]) -> Result<Segment, LakeError> {
        let log = &sources.first().expect("something to merge").log;
        assert!(sources.iter().all(|source| source.log == *log), "a segment belongs to one log");
        let first_at = sources.iter().map(|source| source.first_at).min().expect("something to merge");
        let last_at = sources.iter().map(|source| source.last_at).max().expect("something to merge");
        let folder = layout::folder(log.event(), first_at.day(), last_at.day());

        let layout = compact_rows::columns(sources);
        let mut columns: BTreeMap<(String, ValueType), SegmentColumn> = BTreeMap::new();
        let mut file = RowGroups::create(&self.absolute(&folder), &layout)?;
        for cluster in compact_rows::clusters(sources) {
            let merged = compact_rows::merge(self, &cluster, &layout)?;
            for more in merged.columns {
                // Clusters follow one another in time.
                let known = columns.entry((more.name.clone(), more.value_type));
                known.and_modify(|known| (known.rows, known.last_at) = (known.rows + more.rows, more.last_at)).or_insert(more);
            }
            file.push(merged.table)?;
        }
        let rows = file.rows();
        let (hash, bytes) = file.finish(&self.root, &self.absolute(&folder))?;
        let path = format!("{folder}/{}", file_name(hash));
        Ok(Segment {
            path,
            log: log.clone(),
            day: first_at.day(),
            rows,
            first_at,
            last_at,
            bytes,
            columns: columns.into_values().collect(),
        })
    }

    /// Removes the files of segments that the manifest names no longer, and folders left empty by it. A file that is gone
    /// already is no error. Only when nobody may be reading them; what is left is swept later.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn discard(&self, replaced: &[&Segment]) -> Result<(), LakeError> {
        for segment in replaced {
            let path = self.absolute(&segment.path);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(LakeError::write(&path, source)),
                _ => {}
            }
            if let Some(folder) = path.parent() {
                // Others' files may lie there; then it stays.
                let _ = fs::remove_dir(folder);
            }
        }
        Ok(())
    }
}

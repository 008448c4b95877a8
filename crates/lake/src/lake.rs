//! The lake's folder: writing segments, reading them back whole.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use model::{EventName, Fact, LogName, MessageKey, Segment};
use polars::prelude::{DataFrame, InitHashMaps as _, PlHashMap};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use crate::disk::Written;
use crate::error::{Damage, LakeError};
use crate::layout::{MESSAGE_KEY, Variant};
use crate::segment_days::SegmentDays;
use crate::told::{self, Told};
use crate::{decode, disk, encode, layout, parquet, sweep};

/// The folder that holds all segments.
#[derive(Debug, Clone)]
pub struct Lake {
    pub(crate) root: Arc<Path>,
}

impl Lake {
    /// Opens the lake in this folder, which is made if there is none.
    ///
    /// # Errors
    /// When the folder cannot be made, or not be written in.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        let probe = root.join(".writable.tmp");
        fs::create_dir_all(root)
            .and_then(|()| File::create(&probe))
            .and_then(|_| fs::remove_file(&probe))
            // Another process that opens the lake just now removed it.
            .or_else(|error| if error.kind() == io::ErrorKind::NotFound && root.is_dir() { Ok(()) } else { Err(error) })
            .map_err(|source| LakeError::Folder { path: root.to_owned(), source })?;
        Ok(Self { root: root.into() })
    }

    /// Writes facts, one segment per log and UTC day (several where they have very many names), durable on return. They are part of the lake once the store's
    /// manifest names them. Writing the same facts again makes the same paths.
    ///
    /// # Errors
    /// When a file cannot be written; those written before are removed again.
    pub fn write(&self, facts: &[Fact]) -> Result<Vec<Segment>, LakeError> {
        let (members, starts) = told::members(facts);
        let told: Vec<_> = facts.iter().zip(starts.windows(2)).map(|(fact, own)| told::told(fact, &members[own[0]..own[1]])).collect();
        self.write_told(&told, NaiveDate::MIN)
    }

    /// Like [`Lake::write`], for facts whose texts lie elsewhere, and with one segment per month of days before `open_from`,
    /// which are over: a long history becomes some files a month instead of hundreds.
    ///
    /// # Errors
    /// When a file cannot be written; those written before are removed again.
    pub fn write_told(&self, facts: &[Told<'_>], open_from: NaiveDate) -> Result<Vec<Segment>, LakeError> {
        let outcomes: Vec<_> = batches(facts, open_from)
            .into_par_iter()
            .map(|((event, _), mut facts)| {
                encode::sort(&mut facts);
                let mut done = Vec::new();
                let failure = self.write_segments(event, &facts, &mut done).err();
                (done, failure)
            })
            .collect();

        let (mut segments, mut written, mut failure) = (Vec::new(), Vec::new(), None);
        for (done, failed) in outcomes {
            for (segment, file) in done {
                segments.push(segment);
                written.push(file);
            }
            failure = failure.or(failed);
        }
        let placed = match failure {
            Some(error) => Err(error),
            None => disk::place(&self.root, &written).map_err(|source| LakeError::write(&self.root, source)),
        };
        if let Err(error) = placed {
            disk::take_back(&written);
            return Err(error);
        }
        Ok(segments)
    }

    /// One segment of sorted facts, or several where they have too many names for one: halves of the time, and halves of those.
    fn write_segments(&self, event: Option<&EventName>, facts: &[&Told<'_>], done: &mut Vec<(Segment, Written)>) -> Result<(), LakeError> {
        let (first_at, last_at) = (facts[0].occurred_at, facts[facts.len() - 1].occurred_at);
        let folder = layout::folder(event, first_at.day(), last_at.day());
        let failed = |source| LakeError::Write { path: self.root.join(&folder), source: Box::new(source) };
        let Some(table) = encode::encode(facts).map_err(failed)? else {
            let (earlier, later) = facts.split_at(facts.len() / 2);
            self.write_segments(event, earlier, done)?;
            return self.write_segments(event, later, done);
        };
        let columns = encode::describe(&table, |row| facts[row].occurred_at);
        let bytes = parquet::write(table).map_err(failed)?;

        let path = format!("{folder}/{}", file_name(xxh3_128(&bytes)));
        let file = self.absolute(&path);
        let written = fs::create_dir_all(self.root.join(&folder))
            .and_then(|()| disk::write(&file, &bytes))
            .map_err(|source| LakeError::write(&file, source))?;
        let segment = Segment {
            path,
            log: event.map_or(LogName::Traits, |event| LogName::Events(event.clone())),
            day: first_at.day(),
            rows: facts.len() as u64,
            first_at,
            last_at,
            bytes: bytes.len() as u64,
            columns,
        };
        done.push((segment, written));
        Ok(())
    }

    /// The keys of all messages in a segment, in the order of its rows.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn message_keys(&self, segment: &Segment) -> Result<Vec<MessageKey>, LakeError> {
        let table = parquet::read(self.file(segment)?, |column| column == MESSAGE_KEY)
            .and_then(|table| decode::message_keys(&decode::complete(table, segment.rows)?));
        Ok(table.map_err(|damage| self.damaged(segment, damage))?.into_iter().map(MessageKey).collect())
    }

    /// Everything in a segment, row by row, after checking that not one byte has changed. Properties come in order of
    /// their names.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn facts(&self, segment: &Segment) -> Result<Vec<Fact>, LakeError> {
        decode::facts(&self.table(segment)?, &segment.log).map_err(|damage| self.damaged(segment, damage))
    }

    /// All columns of a segment, after checking that not one byte has changed.
    pub(crate) fn table(&self, segment: &Segment) -> Result<DataFrame, LakeError> {
        let path = self.absolute(&segment.path);
        let bytes = fs::read(&path).map_err(|source| LakeError::read(&path, source))?;
        let table = check_size(segment, bytes.len() as u64)
            .and_then(|()| if segment.path.ends_with(&file_name(xxh3_128(&bytes))) { Ok(bytes) } else { Err(Damage::Hash) })
            .and_then(parquet::read_bytes)
            .and_then(|table| decode::complete(table, segment.rows));
        table.map_err(|damage| LakeError::corrupt(&path, damage))
    }

    /// The properties (or traits) that some row of a segment has, from the file's schema alone.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn names(&self, segment: &Segment) -> Result<BTreeSet<String>, LakeError> {
        let columns = parquet::columns(self.file(segment)?).map_err(|damage| self.damaged(segment, damage))?;
        Ok(columns.iter().filter_map(|column| Variant::of_column(column)).map(|(name, _)| name.to_owned()).collect())
    }

    /// Removes every file below `events` and `traits` that is not `named` by the manifest, temporary ones too, and
    /// returns their paths below the lake's folder. Folders left empty go as well. Must not run beside a write: what was
    /// just written is not named yet.
    ///
    /// # Errors
    /// When a folder cannot be read or a file not be removed.
    pub fn sweep(&self, named: &HashSet<String>) -> Result<Vec<String>, LakeError> {
        sweep::sweep(&self.root, named)
    }

    /// The file of a segment, open, its size as the manifest says.
    pub(crate) fn file(&self, segment: &Segment) -> Result<File, LakeError> {
        let path = self.absolute(&segment.path);
        let unreadable = |source| LakeError::read(&path, source);
        let file = File::open(&path).map_err(unreadable)?;
        check_size(segment, file.metadata().map_err(unreadable)?.len()).map_err(|damage| self.damaged(segment, damage))?;
        Ok(file)
    }

    pub(crate) fn damaged(&self, segment: &Segment, damage: Damage) -> LakeError {
        LakeError::corrupt(&self.absolute(&segment.path), damage)
    }

    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// A log and days of it: what a segment is of.
type LogDays<'t> = (Option<&'t EventName>, SegmentDays);

/// Facts by log and days: each becomes a segment. In order of both.
fn batches<'f, 't>(facts: &'f [Told<'t>], open_from: NaiveDate) -> Vec<(LogDays<'t>, Vec<&'f Told<'t>>)> {
    let mut places: PlHashMap<LogDays<'_>, usize> = PlHashMap::new();
    let mut batches: Vec<(LogDays<'_>, Vec<&Told<'_>>)> = Vec::new();
    for fact in facts {
        let log_days = (fact.event, SegmentDays::of(fact.occurred_at.day(), open_from));
        let place = *places.entry(log_days).or_insert_with(|| {
            batches.push((log_days, Vec::new()));
            batches.len() - 1
        });
        batches[place].1.push(fact);
    }
    batches.sort_unstable_by_key(|(log_days, _)| *log_days);
    batches
}

/// Named after its bytes: unique for ever, the same for the same facts, and a proof that they have not changed.
pub(crate) fn file_name(hash: u128) -> String {
    format!("{hash:032x}.parquet")
}

fn check_size(segment: &Segment, found: u64) -> Result<(), Damage> {
    if found == segment.bytes { Ok(()) } else { Err(Damage::Size { expected: segment.bytes, found }) }
}

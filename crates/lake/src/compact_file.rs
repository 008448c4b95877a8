//! A Parquet file written row group by row group, hashed on its way to the disk, named after its hash once it is whole.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::error::PolarsResult;
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{DataFrame, ParquetCompression, ParquetWriter, Schema, StatisticsOptions};
use xxhash_rust::xxh3::Xxh3;

use crate::compact_rows::Columns;
use crate::disk;
use crate::error::LakeError;
use crate::lake::file_name;
use crate::parquet::ROW_GROUP_ROWS;

/// A file on its way.
pub(crate) struct RowGroups {
    temporary: Temporary,
    sink: Sink,
    writer: BatchedWriter<Sink>,
    /// Rows that do not make a row group yet.
    pending: Option<DataFrame>,
    rows: u64,
}

impl RowGroups {
    /// Begins a file in a folder, which is made if there is none.
    pub(crate) fn create(folder: &Path, columns: &Columns) -> Result<Self, LakeError> {
        fs::create_dir_all(folder).map_err(|source| LakeError::write(folder, source))?;
        let temporary = Temporary::in_folder(folder);
        let file = File::create(&temporary.0).map_err(|source| LakeError::write(&temporary.0, source))?;
        let sink = Sink::new(file);
        let schema: Schema = columns.iter().map(|(name, kind)| (name.as_str().into(), kind.clone())).collect();
        let writer = ParquetWriter::new(sink.clone())
            .with_compression(ParquetCompression::Zstd(None))
            .with_statistics(StatisticsOptions::default())
            .batched(&schema)
            .map_err(|source| temporary.failed(source))?;
        Ok(Self { temporary, sink, writer, pending: None, rows: 0 })
    }

    /// How many rows it was given.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Goes on with these rows; what makes whole row groups is written.
    pub(crate) fn push(&mut self, table: DataFrame) -> Result<(), LakeError> {
        self.rows += table.height() as u64;
        let mut table = match self.pending.take() {
            None => table,
            Some(mut pending) => {
                pending.vstack_mut(&table).map_err(|source| self.temporary.failed(source))?;
                pending
            }
        };
        while table.height() >= ROW_GROUP_ROWS {
            let rest = table.slice(0, ROW_GROUP_ROWS);
            self.write(rest)?;
            let left = table.height() - ROW_GROUP_ROWS;
            table = table.slice(i64::try_from(ROW_GROUP_ROWS).expect("it is small"), left);
        }
        if table.height() > 0 {
            self.pending = Some(table);
        }
        Ok(())
    }

    fn write(&mut self, mut group: DataFrame) -> Result<(), LakeError> {
        // The writer makes a row group of each chunk.
        group.rechunk_mut();
        self.writer.write_batch(&group).map_err(|source| self.temporary.failed(source))
    }

    /// Ends the file, gives it its name in `folder` below `root`, and makes both durable: its hash and its size.
    pub(crate) fn finish(mut self, root: &Path, folder: &Path) -> Result<(u128, u64), LakeError> {
        if let Some(pending) = self.pending.take() {
            self.write(pending)?;
        }
        let ended: PolarsResult<u64> = self.writer.finish();
        ended.map_err(|source| self.temporary.failed(source))?;
        let (hash, bytes) = self.sink.sync().map_err(|source| LakeError::write(&self.temporary.0, source))?;
        let path = folder.join(file_name(hash));
        fs::rename(&self.temporary.0, &path)
            .and_then(|()| disk::flush_folders(root, std::iter::once(path.as_path())))
            .map_err(|source| LakeError::write(&path, source))?;
        Ok((hash, bytes))
    }
}

/// The file under a temporary name, hidden from readers that take every `*.parquet`; gone when dropped, unless it got its
/// real name before.
struct Temporary(PathBuf);

impl Temporary {
    fn in_folder(folder: &Path) -> Self {
        /// What a process that died left under the same name is overwritten.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self(folder.join(format!(".merge-{}.parquet.tmp", NUMBER.fetch_add(1, Ordering::Relaxed))))
    }

    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LakeError {
        LakeError::Write { path: self.0.clone(), source: source.into() }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing; what cannot be removed now is swept later.
        let _ = fs::remove_file(&self.0);
        if let Some(folder) = self.0.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where the bytes go: to the file and through the hash. Shared, because the Parquet writer keeps what it writes to.
#[derive(Clone)]
struct Sink(Rc<RefCell<Bytes>>);

struct Bytes {
    file: BufWriter<File>,
    hash: Xxh3,
    count: u64,
}

impl Sink {
    fn new(file: File) -> Self {
        Self(Rc::new(RefCell::new(Bytes { file: BufWriter::with_capacity(1 << 20, file), hash: Xxh3::new(), count: 0 })))
    }

    /// Makes the bytes durable: their hash and their number.
    fn sync(&self) -> io::Result<(u128, u64)> {
        let mut bytes = self.0.borrow_mut();
        bytes.file.flush()?;
        bytes.file.get_ref().sync_all()?;
        Ok((bytes.hash.digest128(), bytes.count))
    }
}

impl Write for Sink {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let mut bytes = self.0.borrow_mut();
        let written = bytes.file.write(part)?;
        bytes.hash.update(&part[..written]);
        bytes.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().file.flush()
    }
}

//! Tables to Parquet bytes and back. Knows nothing of what the columns mean.

use std::fs::File;
use std::io::Cursor;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::error::PolarsResult;
use polars::io::mmap::MmapBytesReader;
use polars::prelude::{DataFrame, ParallelStrategy, ParquetCompression, ParquetReader, ParquetWriter, SerReader as _, StatisticsOptions};

use crate::error::Damage;

/// Rows of a row group at most: few enough that statistics let other engines pass over the times a query does not ask about.
pub(crate) const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Segments of fewer rows, such as an import's, are mostly merged into larger ones later.
const SMALL_ROWS: usize = 100_000;

/// Writes a table: statistics on, one thread (segments are written side by side).
pub(crate) fn write(mut table: DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(compression(table.height()))
        .with_statistics(StatisticsOptions::default())
        .with_row_group_size(Some(ROW_GROUP_ROWS))
        .set_parallel(false)
        .finish(&mut table)?;
    Ok(bytes)
}

/// Zstd at its default level (3), except where rows seldom stay: there, packing tightly would cost more than all the rest of the
/// writing.
fn compression(rows: usize) -> ParquetCompression {
    if rows < SMALL_ROWS { ParquetCompression::Snappy } else { ParquetCompression::Zstd(None) }
}

/// Names of the columns of a file.
pub(crate) fn columns(file: File) -> Result<Vec<String>, Damage> {
    surviving(|| columns_of(&mut ParquetReader::new(file)))
}

/// How many rows each row group of a file has.
pub(crate) fn row_groups(file: File) -> Result<Vec<usize>, Damage> {
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method's type has no public name")]
    surviving(|| Ok(ParquetReader::new(file).get_metadata()?.row_groups.iter().map(|group| group.num_rows()).collect()))
}

/// Reads, of the columns of a file, those that `wanted` says, in the file's order.
pub(crate) fn read(file: File, wanted: impl Fn(&str) -> bool) -> Result<DataFrame, Damage> {
    surviving(|| read_from(ParquetReader::new(file), wanted))
}

/// The same for some of the rows: row groups without any of them are passed over.
pub(crate) fn read_rows(file: File, wanted: impl Fn(&str) -> bool, rows: Range<usize>) -> Result<DataFrame, Damage> {
    surviving(|| read_from(ParquetReader::new(file).with_slice(Some((rows.start, rows.len()))), wanted))
}

/// Reads all columns from the bytes of a file.
pub(crate) fn read_bytes(bytes: Vec<u8>) -> Result<DataFrame, Damage> {
    surviving(|| read_from(ParquetReader::new(Cursor::new(bytes)), |_| true))
}

fn columns_of<R: MmapBytesReader>(reader: &mut ParquetReader<R>) -> PolarsResult<Vec<String>> {
    Ok(reader.schema()?.iter_names().map(ToString::to_string).collect())
}

fn read_from<R: MmapBytesReader>(mut reader: ParquetReader<R>, wanted: impl Fn(&str) -> bool) -> PolarsResult<DataFrame> {
    let columns = columns_of(&mut reader)?.into_iter().filter(|column| wanted(column)).collect();
    reader.read_parallel(ParallelStrategy::None).with_columns(Some(columns)).finish()
}

/// Damaged bytes make the reader panic in places; to the caller that is one more way of being damaged.
fn surviving<T>(read: impl FnOnce() -> PolarsResult<T>) -> Result<T, Damage> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| Damage::Panic)?.map_err(Damage::Parquet)
}

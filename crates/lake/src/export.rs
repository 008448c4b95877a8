//! Small tables to Parquet files of their own, outside the lake: exports for other programs.

use std::error::Error;
use std::path::Path;

use polars::error::PolarsResult;
use polars::prelude::{DataFrame, IntoColumn as _, NewChunkedArray as _, StringChunked, UInt64Chunked};

use crate::error::LakeError;
use crate::{disk, parquet};

/// A column of an export.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportColumn {
    /// Text, or nothing.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Number(Vec<u64>),
}

/// Columns do not make a table.
#[derive(Debug, thiserror::Error)]
#[error("could not make a Parquet file of these columns")]
pub struct ExportError(#[source] Box<dyn Error + Send + Sync>);

/// The bytes of a Parquet file of columns of equal length, names unique.
///
/// # Errors
/// When the columns do not make a table.
pub fn parquet_bytes(columns: &[(&str, ExportColumn)]) -> Result<Vec<u8>, ExportError> {
    table(columns).and_then(parquet::write).map_err(|source| ExportError(Box::new(source)))
}

/// Writes columns of equal length, names unique, as a Parquet file, which replaces whatever has that name. The file is
/// there wholly or not at all.
///
/// # Errors
/// When the columns do not make a table, or the file cannot be written.
pub fn export_parquet(path: &Path, columns: &[(&str, ExportColumn)]) -> Result<(), LakeError> {
    let bytes = parquet_bytes(columns).map_err(|error| LakeError::Write { path: path.to_owned(), source: error.0 })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    disk::put(path, &bytes).and_then(|()| disk::flush_folder(folder)).map_err(|source| LakeError::write(path, source))
}

fn table(columns: &[(&str, ExportColumn)]) -> PolarsResult<DataFrame> {
    let columns = columns.iter().map(|(name, column)| match column {
        ExportColumn::Text(texts) => StringChunked::from_iter_options((*name).into(), texts.iter().map(Option::as_deref)).into_column(),
        ExportColumn::Number(numbers) => UInt64Chunked::from_slice((*name).into(), numbers).into_column(),
    });
    DataFrame::new_infer_height(columns.collect())
}

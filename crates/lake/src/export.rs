//! Small tables as Parquet files of their own, outside the lake: exports for other programs. Where they go is the caller's.

use std::error::Error;

use polars::error::PolarsResult;
use polars::prelude::{DataFrame, IntoColumn as _, NewChunkedArray as _, StringChunked, UInt64Chunked};

use crate::parquet;

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

fn table(columns: &[(&str, ExportColumn)]) -> PolarsResult<DataFrame> {
    let columns = columns.iter().map(|(name, column)| match column {
        ExportColumn::Text(texts) => StringChunked::from_iter_options((*name).into(), texts.iter().map(Option::as_deref)).into_column(),
        ExportColumn::Number(numbers) => UInt64Chunked::from_slice((*name).into(), numbers).into_column(),
    });
    DataFrame::new_infer_height(columns.collect())
}

//! The port to Parquet: deliver knows what should stand in a file, and not how Parquet is written.

use async_trait::async_trait;

/// A table of text, column by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextTable {
    /// Names, each once, and cells; all columns are of one length.
    pub columns: Vec<(String, Vec<Option<String>>)>,
}

/// Why a table did not become Parquet.
#[derive(Debug, thiserror::Error)]
#[error("could not make a parquet file")]
pub struct ParquetError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Makes Parquet; the engine implements it over the lake.
#[async_trait]
pub trait Parquet: Send + Sync {
    /// The bytes of a file that holds this table.
    async fn encode(&self, table: TextTable) -> Result<Vec<u8>, ParquetError>;
}

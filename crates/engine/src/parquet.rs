//! Parquet files for destinations: deliver says what stands in them, the lake makes them.

use async_trait::async_trait;
use deliver::{Parquet, ParquetError, TextTable};
use lake::ExportColumn;

use crate::cpu;

/// Makes Parquet as the lake does.
pub struct LakeParquet;

#[async_trait]
impl Parquet for LakeParquet {
    async fn encode(&self, table: TextTable) -> Result<Vec<u8>, ParquetError> {
        let made = cpu::run(move || {
            let (names, cells): (Vec<_>, Vec<_>) = table.columns.into_iter().unzip();
            let cells = cells.into_iter().map(ExportColumn::Text);
            let columns: Vec<_> = names.iter().map(String::as_str).zip(cells).collect();
            lake::parquet_bytes(&columns)
        });
        made.await.map_err(|error| ParquetError(Box::new(error)))
    }
}

//! Where a model's rows come from: a file, or a query.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use model::RowModel;
use store::QueryRows;

use crate::IngestError;
use crate::table::{Cells, Table, TableRow, json_cells};

/// The rows of a model, to be read once.
pub struct ModelRows(Source);

enum Source {
    Table(Box<Table>),
    Query(QueryRows, u64),
}

impl ModelRows {
    /// The rows of a file.
    ///
    /// # Errors
    /// When it cannot be read, or lacks columns that the model names.
    pub fn file(path: &Path, model: &RowModel) -> Result<Self, IngestError> {
        let table = Table::open(path, model.id_columns())?;
        if let Some(found) = table.columns() {
            let (there, missing): (BTreeSet<&str>, BTreeSet<&str>) =
                model.columns().partition(|column| found.iter().any(|found| found == column));
            if !missing.is_empty() {
                let missing = missing.into_iter().map(str::to_owned).collect();
                return Err(IngestError::missing_columns(path, missing, (!there.is_empty()).then(|| found.to_owned())));
            }
        }
        Ok(Self(Source::Table(Box::new(table))))
    }

    /// The rows that a database answers with.
    pub fn query(rows: QueryRows) -> Self {
        Self(Source::Query(rows, 0))
    }

    /// The next rows, at most so many, each with its line or number; none when all were read.
    pub(crate) async fn chunk(&mut self, model: &RowModel, most: usize) -> Result<Vec<TableRow>, IngestError> {
        let mut chunk = Vec::new();
        while chunk.len() < most {
            let next = match &mut self.0 {
                Source::Table(table) => table.next()?,
                Source::Query(rows, number) => match rows.next().await? {
                    Some(row) => {
                        *number += 1;
                        let cells = query_cells(&row, *number, model)?;
                        Some((*number, Ok(cells)))
                    }
                    None => None,
                },
            };
            let Some(row) = next else { break };
            chunk.push(row);
        }
        Ok(chunk)
    }
}

/// A database names every column in every row: the first one shows what is missing.
fn query_cells(row: &str, number: u64, model: &RowModel) -> Result<Cells, IngestError> {
    if number == 1 {
        let found: BTreeMap<String, serde_json::Value> = serde_json::from_str(row).map_err(|_| IngestError::SourceRow { row: number })?;
        let missing: BTreeSet<&str> = model.columns().filter(|column| !found.contains_key(*column)).collect();
        if !missing.is_empty() {
            let (model, missing) = (model.key.to_string(), missing.into_iter().map(str::to_owned).collect());
            return Err(IngestError::MissingOfQuery { model, missing, found: found.into_keys().collect() });
        }
    }
    json_cells(row.as_bytes()).map_err(|_| IngestError::SourceRow { row: number })
}

//! Formats: a table as the bytes of a CSV, NDJSON or Parquet file.

use model::Value;

use super::options::{Format, Options};
use crate::{Parquet, TextTable};

/// Rows written before other work gets a turn.
const ROWS_AT_A_TIME: usize = 500;
/// Beginnings of what spreadsheets take for formulas, full-width forms included.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Rows of equal length under named columns.
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Option<Value>>>,
}

/// The bytes of the file, or why it cannot be made.
pub(super) async fn write(table: Table, options: &Options, parquet: Option<&dyn Parquet>) -> std::io::Result<Vec<u8>> {
    match options.format {
        Format::Csv => csv(&table, options.spreadsheet_safe).await,
        Format::Ndjson => ndjson(&table).await,
        Format::Parquet => {
            let parquet = parquet.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::Unsupported))?;
            parquet.encode(texts(table).await).await.map_err(std::io::Error::other)
        }
    }
}

async fn csv(table: &Table, spreadsheet_safe: bool) -> std::io::Result<Vec<u8>> {
    let cell = |text: String| if spreadsheet_safe && is_formula(&text) { format!("'{text}") } else { text };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|name| cell(name.clone())))?;
    for rows in table.rows.chunks(ROWS_AT_A_TIME) {
        for row in rows {
            writer.write_record(row.iter().map(|value| value.as_ref().map(text).map(cell).unwrap_or_default()))?;
        }
        tokio::task::yield_now().await;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// Whether a spreadsheet would run it. Numbers are harmless, signs and all.
fn is_formula(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')) && text.parse::<f64>().is_ok();
    text.starts_with(FORMULA_STARTS) && !is_number
}

async fn ndjson(table: &Table) -> std::io::Result<Vec<u8>> {
    let names: Vec<String> = table.columns.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let mut bytes = Vec::new();
    for rows in table.rows.chunks(ROWS_AT_A_TIME) {
        for row in rows {
            for (index, (name, value)) in names.iter().zip(row).enumerate() {
                bytes.push(if index == 0 { b'{' } else { b',' });
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(b':');
                serde_json::to_writer(&mut bytes, value)?;
            }
            bytes.extend_from_slice(b"}\n");
        }
        tokio::task::yield_now().await;
    }
    Ok(bytes)
}

/// The table as text, column by column.
async fn texts(table: Table) -> TextTable {
    let mut columns: Vec<_> = table.columns.into_iter().map(|name| (name, Vec::with_capacity(table.rows.len()))).collect();
    for rows in table.rows.chunks(ROWS_AT_A_TIME) {
        for row in rows {
            for ((_, cells), value) in columns.iter_mut().zip(row) {
                cells.push(value.as_ref().map(text));
            }
        }
        tokio::task::yield_now().await;
    }
    TextTable { columns }
}

/// A value as text; arrays and objects as JSON.
fn text(value: &Value) -> String {
    value.to_text().unwrap_or_else(|| serde_json::to_string(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let odd = ["=1+1", "-5", "+1 555 0100", "a,\"b\"\nc", "@x"];
        let mut rows: Vec<_> = odd.iter().map(|odd| vec![Some(Value::from(*odd)), None]).collect();
        rows.push(vec![Some(Value::from(2.0)), Some(Value::List(vec![Value::from(true)]))]);
        Table { columns: vec!["traits.note".to_owned(), "traits.list".to_owned()], rows }
    }

    async fn written(text: impl Future<Output = std::io::Result<Vec<u8>>>) -> String {
        String::from_utf8(text.await.expect("written")).expect("UTF-8")
    }

    #[tokio::test]
    async fn csv_is_exact_unless_asked_to_be_safe() {
        let exact = written(csv(&table(), false)).await;
        assert_eq!(exact, "traits.note,traits.list\n=1+1,\n-5,\n+1 555 0100,\n\"a,\"\"b\"\"\nc\",\n@x,\n2,[true]\n");
        let safe = written(csv(&table(), true)).await;
        assert_eq!(safe, "traits.note,traits.list\n'=1+1,\n-5,\n'+1 555 0100,\n\"a,\"\"b\"\"\nc\",\n'@x,\n2,[true]\n");
    }

    #[test]
    fn formulas_are_known_by_their_beginning() {
        for text in ["=A1", "+A1", "-A1", "@SUM(1)", "\t=1", "\r=1", "\u{ff1d}1+1", "-inf", "+nan", "-1e5+A1"] {
            assert!(is_formula(text), "{text}");
        }
        for text in ["", "a=1", "-5", "+15550100", "-0.5", "1-2"] {
            assert!(!is_formula(text), "{text}");
        }
    }

    #[tokio::test]
    async fn ndjson_keeps_types_and_the_order_of_columns() {
        let lines = written(ndjson(&table())).await;
        assert!(lines.starts_with("{\"traits.note\":\"=1+1\",\"traits.list\":null}\n"), "{lines}");
        assert!(lines.ends_with("{\"traits.note\":2,\"traits.list\":[true]}\n"), "{lines}");
    }

    #[tokio::test]
    async fn parquet_gets_text_and_gaps() {
        let TextTable { columns } = texts(table()).await;
        assert_eq!(columns[0].1.last(), Some(&Some("2".to_owned())));
        assert_eq!(columns[1].1[0], None);
        assert_eq!(columns[1].1.last(), Some(&Some("[true]".to_owned())));
    }
}

//! The memory: who is in the files of one audience, with what was told of them, in a hidden file beside them.
//!
//! Exits are told by it in the words of the entry, which the ledger does not hold. Replacing it is the moment at which a
//! step of an audience happens: it names the step, so that after a crash what was begun is either finished or undone,
//! never both.

use std::collections::HashMap;
use std::io;

use model::Value;
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::record::Record;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Of which destination the audience's files are.
    pub(super) destination: String,
    /// The step that made it, in microseconds since 1970; the ledger has the same number.
    pub(super) step: i64,
    /// The file of the step's changes.
    pub(super) changes: Option<String>,
    pub(super) columns: Vec<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Memory {
    pub(super) head: Head,
    pub(super) records: Vec<Record>,
}

/// Beside the audience's files.
pub(super) fn name(audience: &str) -> String {
    format!(".{audience}.told")
}

impl Memory {
    /// Reads it, when it is there and whole.
    pub(super) async fn read(folder: &Folder<'_>, audience: &str) -> io::Result<Option<Self>> {
        let Some(bytes) = folder.read(&name(audience)).await? else { return Ok(None) };
        Ok(Self::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let head = serde_json::from_slice(lines.next()?).ok()?;
        let record = |line: &[u8]| {
            let (fingerprint, cells): (String, Vec<Option<Value>>) = serde_json::from_slice(line).ok()?;
            Some(Record { fingerprint, cells })
        };
        Some(Self { head, records: lines.map(record).collect::<Option<_>>()? })
    }

    /// The bytes of the file.
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(&self.head)?;
        bytes.push(b'\n');
        for Record { fingerprint, cells } in &self.records {
            serde_json::to_writer(&mut bytes, &(fingerprint, cells))?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    /// What was told, by fingerprint, under the columns of today.
    pub(super) fn recall(self, columns: &[String]) -> HashMap<String, Record> {
        let places: Vec<Option<usize>> = columns.iter().map(|column| self.head.columns.iter().position(|known| known == column)).collect();
        let recalled = self.records.into_iter().map(|Record { fingerprint, cells }| {
            let cells = places.iter().map(|place| place.and_then(|place| cells.get(place).cloned().flatten())).collect();
            (fingerprint.clone(), Record { fingerprint, cells })
        });
        recalled.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let head = Head {
            destination: "shelf".to_owned(),
            step: 7,
            changes: Some("vips.changes.csv".to_owned()),
            columns: vec!["id".to_owned(), "email".to_owned()],
        };
        let cells = vec![Some(Value::from("p-1")), Some(Value::from("a@example.com"))];
        Memory { head, records: vec![Record { fingerprint: "ab".to_owned(), cells }] }
    }

    #[test]
    fn it_comes_back_as_it_was_written() {
        let bytes = memory().to_bytes().expect("written");
        assert_eq!(Memory::parse(&bytes), Some(memory()));
        assert_eq!(Memory::parse(&bytes[..bytes.len() - 4]), None);
        assert_eq!(Memory::parse(b""), None);
    }

    #[test]
    fn what_was_told_is_recalled_under_other_columns() {
        let recalled = memory().recall(&["email".to_owned(), "user_id".to_owned()]);
        assert_eq!(recalled["ab"].cells, [Some(Value::from("a@example.com")), None]);
    }
}

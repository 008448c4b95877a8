//! Batches: where they end, and that nothing is lost or changed between blocks.

use std::io::Write as _;

use super::*;
use crate::ahead::Ahead;
use crate::lines::Content;

fn rows(text: &[u8], max: BatchMax) -> Rows {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let lines = Content::open(file.path()).unwrap().lines(file.path(), lake::RowForm::Json { nested: &[] }).unwrap();
    let now = Moment::parse("2025-03-08T12:00:00Z").unwrap();
    let understanding = Understanding {
        keys: KeyMaker::new("test"),
        now,
        hasher: RandomState::new(),
        lists: Arc::default(),
        kinds: crate::kinds::Kinds::new(Arc::default()),
        table: None,
    };
    Rows::open(lines, &Format::Ndjson, file.path(), understanding, max).unwrap()
}

fn all(text: &[u8], max: BatchMax) -> Vec<Batch> {
    let mut ahead = Ahead::new(rows(text, max), 0).unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = ahead.next().unwrap() {
        batches.push(batch);
    }
    batches
}

fn message(number: usize, properties: usize) -> String {
    let properties: Vec<String> = (0..properties).map(|n| format!("\"p{n}\":{number}")).collect();
    format!(r#"{{"type":"track","userId":"u{number}","event":"E","properties":{{{}}}}}"#, properties.join(",")) + "\n"
}

#[test]
fn a_batch_ends_at_its_bytes_however_few_its_lines() {
    let text: String = (0..20_000).map(|number| message(number, 30)).collect();
    let longest = text.lines().map(str::len).max().unwrap() as u64 + 1;
    let max = BatchMax { lines: u64::MAX / 2, bytes: 1_000_000 };
    let batches = all(text.as_bytes(), max);
    assert!(batches.len() >= text.len() / 1_100_000, "{}", batches.len());
    let mut before = 0;
    for batch in &batches {
        // Lines are told apart by their places, so their bytes can be counted again here.
        let lines = &text.lines().collect::<Vec<_>>()[before..usize::try_from(batch.lines_done).unwrap()];
        let bytes: u64 = lines.iter().map(|line| line.len() as u64 + 1).sum();
        assert!(bytes < max.bytes + longest, "{bytes}");
        // And what is kept of them follows: some four times as much at worst.
        let held: usize = batch.blocks.iter().map(Block::held_bytes).sum();
        assert!(held < 8 * 1_000_000 + 200_000, "{held}");
        before = usize::try_from(batch.lines_done).unwrap();
    }
    assert_eq!(before, 20_000);
}

#[test]
fn a_batch_ends_at_its_lines() {
    let text: String = (0..10).map(|number| message(number, 1)).collect();
    let counts = |lines| -> Vec<usize> {
        let batches = all(text.as_bytes(), BatchMax { lines, bytes: u64::MAX / 2 });
        batches.iter().map(|batch| batch.blocks.iter().map(|block| block.rows.len()).sum()).collect()
    };
    assert_eq!(counts(4), [4, 4, 2]);
    assert_eq!(counts(5), [5, 5, 0]);
    assert_eq!(counts(100), [10]);
}

#[test]
fn lines_keep_their_order_and_their_numbers() {
    let text: String = (0..30_000).map(|number| if number % 7 == 0 { "\n".to_owned() } else { message(number, 2) }).collect();
    let batches = all(text.as_bytes(), BatchMax { lines: 12_345, bytes: u64::MAX / 2 });
    let found: Vec<u64> = batches.iter().flat_map(|batch| &batch.blocks).flat_map(|block| &block.rows).map(|row| row.line).collect();
    let expected: Vec<u64> = (0..30_000).filter(|number| number % 7 != 0).map(|number| number + 1).collect();
    assert_eq!(found, expected);
    assert!(batches.iter().any(|batch| batch.blocks.len() > 1), "several blocks to a batch");
}

#[test]
fn whoever_stops_early_leaves_no_reader_behind() {
    let text: String = (0..50_000).map(|number| message(number, 1)).collect();
    let mut ahead = Ahead::new(rows(text.as_bytes(), BatchMax { lines: 100, bytes: u64::MAX / 2 }), 0).unwrap();
    assert_eq!(ahead.next().unwrap().unwrap().lines_done, 100);
    let reader = ahead.stop();
    reader.join().unwrap();
}

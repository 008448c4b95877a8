//! The inbox: what was acknowledged is there, whole and in order, wherever the file was torn.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn accepted(source: &str, lines: &str) -> Accepted {
    Accepted { source: source.to_owned(), lines: lines.as_bytes().to_vec() }
}

fn framed_bytes(accepted: &Accepted) -> usize {
    let mut bytes = Vec::new();
    accepted.frame(&mut bytes);
    bytes.len()
}

fn opened(folder: &Path) -> Inbox {
    Inbox::open(folder, InboxLimits::default()).expect("the inbox opens")
}

/// What the sealed files hold, by file and source.
fn held(folder: &Path) -> Vec<(String, String)> {
    let mut held = Vec::new();
    for file in sealed(folder).expect("sealed files") {
        let (expanded, damage) = expand(&file, &folder.join("out")).expect("expanded");
        assert_eq!(damage, None);
        held.extend(expanded.into_iter().map(|part| (part.source, fs::read_to_string(part.path).expect("text"))));
    }
    held
}

fn pair(source: &str, lines: &str) -> (String, String) {
    (source.to_owned(), lines.to_owned())
}

#[test]
fn what_was_appended_is_there_by_source_in_order() {
    let place = tempfile::tempdir().expect("a folder");
    let inbox = opened(place.path());
    inbox.append(&[accepted("web", "{1}\n"), accepted("app", "{2}\n{3}\n")]).expect("written");
    inbox.append(&[accepted("web", "{4}\n")]).expect("written");
    drop(inbox);
    assert_eq!(held(place.path()), [pair("app", "{2}\n{3}\n"), pair("web", "{1}\n{4}\n")]);
    // Every process begins a file of its own.
    opened(place.path()).append(&[accepted("web", "{5}\n")]).expect("written");
    assert_eq!(held(place.path()).len(), 3);
}

#[test]
fn while_somebody_writes_the_last_file_is_left_alone() {
    let place = tempfile::tempdir().expect("a folder");
    let inbox = opened(place.path());
    inbox.append(&[accepted("web", "{1}\n")]).expect("written");
    assert_eq!(sealed(place.path()).expect("a list"), Vec::<std::path::PathBuf>::new());
    assert!(inbox.sealed().expect("a list").is_empty());
    assert_eq!(inbox.seal().expect("sealed").len(), 1);
    assert_eq!(inbox.seal().expect("nothing new").len(), 1);
    inbox.append(&[accepted("web", "{2}\n")]).expect("written");
    assert_eq!(sealed(place.path()).expect("a list"), inbox.sealed().expect("a list"));
    assert!(matches!(Inbox::open(place.path(), InboxLimits::default()), Err(InboxError::Taken { .. })));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the lock has to be met before it is given back")]
fn whoever_only_looks_keeps_nobody_from_writing() {
    let place = tempfile::tempdir().expect("a folder");
    let looking = super::writer::lock(place.path()).expect("free");
    let writing = std::thread::scope(|scope| {
        let opening = scope.spawn(|| Inbox::open(place.path(), InboxLimits::default()));
        std::thread::sleep(std::time::Duration::from_millis(150));
        drop(looking);
        opening.join().expect("no panic")
    });
    assert!(writing.is_ok());
}

#[test]
fn files_are_sealed_by_size_and_the_inbox_fills() {
    let place = tempfile::tempdir().expect("a folder");
    let inbox = Inbox::open(place.path(), InboxLimits { file_bytes: 100, bytes_max: 250 }).expect("open");
    for _ in 0..3 {
        assert!(!inbox.is_full());
        inbox.append(&[accepted("web", &"x".repeat(90))]).expect("written");
    }
    assert!(inbox.is_full());
    let files = inbox.sealed().expect("a list");
    assert_eq!(files.len(), 3);
    fs::remove_file(&files[0]).expect("removed");
    inbox.measure().expect("measured");
    assert!(!inbox.is_full());
}

#[test]
fn a_tail_torn_at_any_byte_costs_only_what_was_not_acknowledged() {
    let place = tempfile::tempdir().expect("a folder");
    let whole = [accepted("web", "{1}\n"), accepted("web", "{2}\n")];
    let inbox = opened(place.path());
    inbox.append(&whole).expect("written");
    let file = inbox.seal().expect("sealed").remove(0);
    drop(inbox);
    let bytes = fs::read(&file).expect("bytes");
    let first_end = record::MAGIC.len() + framed_bytes(&whole[0]);
    for length in 0..bytes.len() {
        for zeroes in [0, 100] {
            let mut torn = bytes[..length].to_vec();
            torn.resize(length + zeroes, 0);
            fs::write(&file, &torn).expect("torn");
            let expected = if length < first_end { vec![] } else { vec![pair("web", "{1}\n")] };
            drop(opened(place.path()));
            assert_eq!(held(place.path()), expected, "{length} and {zeroes}");
        }
    }
}

#[test]
fn damage_in_the_middle_is_told_and_set_aside() {
    let place = tempfile::tempdir().expect("a folder");
    let inbox = opened(place.path());
    inbox.append(&[accepted("web", "{1}\n"), accepted("web", "{2}\n"), accepted("web", "{3}\n")]).expect("written");
    let file = inbox.seal().expect("sealed").remove(0);
    let mut bytes = fs::read(&file).expect("bytes");
    let record_bytes = framed_bytes(&accepted("web", "{1}\n"));
    bytes[record::MAGIC.len() + record_bytes + record_bytes / 2] ^= 1;
    fs::write(&file, &bytes).expect("damaged");
    let (expanded, damage) = expand(&file, &place.path().join("out")).expect("expanded");
    assert_eq!(fs::read_to_string(&expanded[0].path).expect("text"), "{1}\n");
    assert_eq!(damage.map(|damage| damage.lost_bytes), Some(2 * record_bytes as u64));
    assert!(set_aside(&file).expect("set aside").exists());
    assert!(inbox.sealed().expect("a list").is_empty());
}

#[test]
fn a_file_that_was_only_begun_holds_nothing_and_is_no_damage() {
    let place = tempfile::tempdir().expect("a folder");
    for (number, begun) in ["", "muster-1"].iter().enumerate() {
        fs::write(place.path().join(format!("{:012}.inbox", number + 1)), begun).expect("written");
    }
    opened(place.path()).append(&[accepted("web", "{1}\n")]).expect("written");
    assert_eq!(held(place.path()), [pair("web", "{1}\n")]);
}

#[test]
fn a_disk_that_says_no_leaves_nothing_behind() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("inbox");
    let inbox = opened(&folder);
    fs::rename(&folder, place.path().join("gone")).expect("moved");
    for _ in 0..3 {
        assert!(matches!(inbox.append(&[accepted("web", "{1}\n")]), Err(InboxError::Disk { .. })));
    }
    fs::rename(place.path().join("gone"), &folder).expect("moved back");
    inbox.append(&[accepted("web", "{2}\n")]).expect("written");
    assert_eq!(inbox.seal().expect("sealed").len(), 1);
    drop(inbox);
    assert_eq!(held(&folder), [pair("web", "{2}\n")]);
}

#[test]
fn a_file_of_another_kind_is_refused_and_kept() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("000000000001.inbox");
    fs::write(&file, "muster-2 and more").expect("written");
    assert!(matches!(Inbox::open(place.path(), InboxLimits::default()), Err(InboxError::Unknown { .. })));
    assert!(file.exists());
}

proptest! {
    /// Whatever bytes follow the last whole record, they are never taken for one (a checksum collision aside).
    #[test]
    fn garbage_after_records_is_cut_off(records in prop::collection::vec("[a-z]{0,40}", 1..5), garbage in prop::collection::vec(any::<u8>(), 1..200)) {
        let place = tempfile::tempdir().expect("a folder");
        let inbox = opened(place.path());
        let all: Vec<_> = records.iter().map(|lines| accepted("web", lines)).collect();
        inbox.append(&all).expect("written");
        let file = inbox.seal().expect("sealed").remove(0);
        drop(inbox);
        let mut bytes = fs::read(&file).expect("bytes");
        bytes.extend_from_slice(&garbage);
        fs::write(&file, &bytes).expect("written");
        prop_assert_eq!(held(place.path()), vec![pair("web", &records.concat())]);
    }

    /// A flipped bit anywhere loses the records from there on, and changes none.
    #[test]
    fn a_flipped_bit_is_noticed(records in prop::collection::vec("[a-z]{1,40}", 1..5), place_of_bit in any::<prop::sample::Index>()) {
        let mut bytes = Vec::new();
        for lines in &records {
            accepted("web", lines).frame(&mut bytes);
        }
        let bit = place_of_bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut from = bytes.as_slice();
        let mut read = Vec::new();
        let ended = loop {
            match record::next(&mut from).expect("memory is read") {
                record::Next::Record(accepted, _) => read.push(String::from_utf8(accepted.lines).expect("text")),
                ended => break ended,
            }
        };
        prop_assert_eq!(ended, record::Next::Torn);
        prop_assert!(read.len() < records.len());
        prop_assert_eq!(&records[..read.len()], read.as_slice());
    }
}

//! Damaged, missing and unwritable files say what they are.

use std::fs;

use model::Segment;

use super::{event, lake, traits};
use crate::{Lake, LakeError, Reader};

/// Every way of reading a segment.
fn errors(lake: &Lake, segment: &Segment) -> Vec<Option<LakeError>> {
    let reader = Reader::new(lake.clone(), 1 << 20);
    vec![
        lake.facts(segment).err(),
        lake.message_keys(segment).err(),
        lake.names(segment).err(),
        reader.frame(segment, &["total"]).err(),
        reader.ties(segment).err(),
    ]
}

#[track_caller]
fn check(damage: impl Fn(Vec<u8>) -> Vec<u8>) {
    let (folder, lake) = lake();
    let facts: Vec<_> = (0..500).map(|second| event("Order", second, &[("total", "very secret text".into())])).collect();
    let segments = lake.write(&facts).expect("written");
    let path = folder.path().join(&segments[0].path);
    let bytes = fs::read(&path).expect("a file");
    fs::write(&path, damage(bytes)).expect("written");
    let errors = errors(&lake, &segments[0]);
    assert!(errors[0].is_some());
    for error in errors.into_iter().flatten() {
        assert!(matches!(error, LakeError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(&segments[0].path), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn a_file_cut_off_is_damaged() {
    for kept in [0, 3, 11, 100] {
        check(|bytes| bytes[..kept].to_vec());
    }
    check(|bytes| bytes[..bytes.len() - 1].to_vec());
}

#[test]
fn a_file_overwritten_is_damaged() {
    check(|bytes| vec![0; bytes.len()]);
    check(|bytes| b"PAR1".iter().copied().cycle().take(bytes.len() / 4 * 4).chain(std::iter::repeat_n(0, bytes.len() % 4)).collect());
}

#[test]
fn any_byte_changed_is_found_when_reading_everything() {
    let (folder, lake) = lake();
    let facts: Vec<_> = (0..20).map(|second| traits(second, &[("total", Some(5.0.into()))])).collect();
    let segments = lake.write(&facts).expect("written");
    let path = folder.path().join(&segments[0].path);
    let bytes = fs::read(&path).expect("a file");
    for place in (0..bytes.len()).step_by(13) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x55;
        fs::write(&path, changed).expect("written");
        let found = errors(&lake, &segments[0]);
        assert!(matches!(found[0], Some(LakeError::Corrupt { .. })), "byte {place}");
        // Reading a part does not read all bytes; if it fails, it says why.
        assert!(found.iter().flatten().all(|error| matches!(error, LakeError::Corrupt { .. })), "byte {place}");
    }
}

#[test]
fn a_file_of_other_rows_is_damaged() {
    let (_folder, lake) = lake();
    let segments = lake.write(&[event("Order", 1, &[])]).expect("written");
    let claimed = Segment { rows: 2, ..segments[0].clone() };
    assert!(matches!(lake.message_keys(&claimed), Err(LakeError::Corrupt { .. })));
    assert!(matches!(Reader::new(lake, 0).frame(&claimed, &[]), Err(LakeError::Corrupt { .. })));
}

#[test]
fn a_file_gone_is_missing() {
    let (folder, lake) = lake();
    let segments = lake.write(&[event("Order", 1, &[])]).expect("written");
    fs::remove_file(folder.path().join(&segments[0].path)).expect("removed");
    for error in errors(&lake, &segments[0]) {
        let error = error.expect("nothing to read");
        assert!(matches!(error, LakeError::Missing { .. }), "{error:?}");
        assert!(error.to_string().contains(&segments[0].path), "{error}");
    }
}

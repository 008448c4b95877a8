//! The proof that a layout says the same as the text it was made of.

use std::path::Path;

use super::comments::{self, Found};
use super::document;
use crate::reader;
use crate::tree::{Data, Key, Node};

/// Whether the formatted text holds this tree and these comments, the order of keys aside.
pub(super) fn says_the_same(tree: &Node, found: &[Found], formatted: &str) -> bool {
    let mut findings = Vec::new();
    let Some(again) = reader::read(Path::new(""), formatted, &mut findings) else { return false };
    let Some(document) = document::read(formatted) else { return false };
    let sorted = |found: &[Found]| {
        let mut texts: Vec<String> = found.iter().map(|found| found.comment.text.clone()).collect();
        texts.sort_unstable();
        texts
    };
    findings.is_empty() && same(&tree.data, &again.data) && sorted(found) == sorted(&comments::scan(formatted, &document))
}

fn same(one: &Data, other: &Data) -> bool {
    match (one, other) {
        (Data::List(one), Data::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(&one.data, &other.data))
        }
        (Data::Map(one), Data::Map(other)) => {
            let value = |key: &Key| other.iter().find(|(other, _)| other.text == key.text).map(|(_, value)| value);
            one.len() == other.len() && one.iter().all(|(key, one)| value(key).is_some_and(|other| same(&one.data, &other.data)))
        }
        (
            Data::Null | Data::Flag(_) | Data::Number(_) | Data::Text(_) | Data::List(_) | Data::Map(_),
            Data::Null | Data::Flag(_) | Data::Number(_) | Data::Text(_) | Data::List(_) | Data::Map(_),
        ) => one == other,
    }
}

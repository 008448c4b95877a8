//! Which comment belongs to which piece.
//!
//! A comment on a line of its own belongs to what it precedes, unless it is indented like a block that ends there. A
//! comment behind something belongs to the innermost piece that is open there.

use super::comments::Found;
use super::document::{Document, GroupId, PieceId, Value};

/// Puts every comment where it belongs.
pub(super) fn attach(document: &mut Document, found: &[Found]) {
    for comment in found {
        let next = document.anchors.partition_point(|(position, _)| *position < comment.at);
        let before = next.checked_sub(1).map(|index| document.anchors[index].1);
        let after = document.anchors.get(next).map(|(_, piece)| *piece);
        match before {
            None => document.header.push(comment.comment.clone()),
            Some(before) if comment.own_line => own_line(document, comment, before, after),
            Some(before) => behind(document, comment, before),
        }
    }
}

fn behind(document: &mut Document, comment: &Found, before: PieceId) {
    let mut piece = before;
    loop {
        let group = &document.groups[document.pieces[piece].group];
        if !group.flow || comment.at < group.end {
            document.pieces[piece].trailing.push(comment.comment.clone());
            return;
        }
        let Some(owner) = group.owner else {
            let group = document.pieces[piece].group;
            document.groups[group].feet.push(comment.comment.clone());
            return;
        };
        piece = owner;
    }
}

fn own_line(document: &mut Document, comment: &Found, before: PieceId, after: Option<PieceId>) {
    let around_after = after.map_or_else(Vec::new, |piece| groups_around(document, piece));
    let mut ending = groups_around(document, before);
    if let Value::Group(group) = document.pieces[before].value {
        ending.insert(0, group);
    }
    for number in ending.into_iter().filter(|number| !around_after.contains(number)) {
        let group = &document.groups[number];
        let inside = if group.flow { comment.at < group.end } else { group.column <= comment.column };
        if inside {
            foot(document, number, comment);
            return;
        }
    }
    match after {
        Some(after) => document.pieces[after].leads.push(comment.comment.clone()),
        None => match document.root {
            Some(Value::Group(root)) => foot(document, root, comment),
            Some(Value::Scalar(_)) | None => document.header.push(comment.comment.clone()),
        },
    }
}

/// Below the last piece of a group, or above an empty one, which has no lines of its own.
fn foot(document: &mut Document, number: GroupId, comment: &Found) {
    let group = &mut document.groups[number];
    let into = match group.owner {
        Some(owner) if group.pieces.is_empty() => &mut document.pieces[owner].leads,
        None if group.pieces.is_empty() => &mut document.header,
        _ => &mut group.feet,
    };
    into.push(comment.comment.clone());
}

/// The groups that hold a piece, innermost first.
fn groups_around(document: &Document, piece: PieceId) -> Vec<GroupId> {
    let mut groups = Vec::new();
    let mut piece = Some(piece);
    while let Some(number) = piece {
        let group = document.pieces[number].group;
        groups.push(group);
        piece = document.groups[group].owner;
    }
    groups
}

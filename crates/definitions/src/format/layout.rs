//! Laying the pieces out: lines, indentation, brackets.

use super::document::{Comment, Document, GroupId, PieceId, Value};
use super::keys::Role;
use super::texts::{self, Around, WIDTH_MAX, Written};
use crate::tree::Data;

const STEP: usize = 2;

/// The whole text.
pub(super) fn lay_out(document: &Document) -> String {
    let mut layout = Layout { document, text: String::new() };
    layout.comments(&document.header, 0, true);
    match &document.root {
        Some(Value::Group(root)) => layout.root(*root),
        Some(Value::Scalar(scalar)) => match texts::in_block(scalar, 0, STEP) {
            Written::Line(line) => layout.line(&line),
            Written::Lines(header, lines) => layout.block_text(header, &lines, STEP),
        },
        None => {}
    }
    layout.text
}

struct Layout<'a> {
    document: &'a Document,
    text: String,
}

impl Layout<'_> {
    fn root(&mut self, root: GroupId) {
        let group = &self.document.groups[root];
        if group.pieces.is_empty() {
            self.line(if group.map { "{}" } else { "[]" });
        } else {
            let keys = group.pieces.iter().filter_map(|piece| self.document.pieces[*piece].key.as_deref());
            let role = if group.map { Role::of_file(keys) } else { Role::Free };
            if self.document.blank_below_header {
                self.blank();
            }
            self.group(root, 0, "", role, true);
        }
    }

    /// The lines of a block. The first piece begins behind `prefix`, which stands in for its indentation.
    fn group(&mut self, number: GroupId, indent: usize, prefix: &str, role: Role, first: bool) {
        for (index, piece) in self.sorted(number, role).into_iter().enumerate() {
            let own = " ".repeat(indent);
            let (start, first) = if index == 0 { (prefix, first) } else { (own.as_str(), false) };
            // What begins behind a dash has its comments above the dash.
            if index > 0 || prefix.trim().is_empty() {
                self.above(piece, indent, role, first);
            }
            self.piece(piece, indent, start, role);
        }
        self.comments(&self.document.groups[number].feet, indent, false);
    }

    /// The comments and the blank line above a piece.
    fn above(&mut self, piece: PieceId, indent: usize, role: Role, first: bool) {
        let comments = self.comments_above(piece, role);
        self.comments(&comments, indent, first);
        if self.document.pieces[piece].blank && !(first && comments.is_empty()) {
            self.blank();
        }
    }

    fn comments_above(&self, number: PieceId, role: Role) -> Vec<Comment> {
        let piece = &self.document.pieces[number];
        let mut comments = piece.leads.clone();
        let beside = usize::from(self.has_room_behind(number, role));
        comments.extend(piece.trailing.iter().take(piece.trailing.len().saturating_sub(beside)).cloned());
        if piece.key.is_none()
            && let Value::Group(group) = piece.value
            && self.brackets(number, role.item()).is_none()
            && let Some(inner) = self.sorted(group, role.item()).first()
        {
            comments.extend(self.comments_above(*inner, role.item()));
        }
        comments
    }

    /// Whether a comment can stand on the piece's first line: not where another piece begins on it.
    fn has_room_behind(&self, number: PieceId, role: Role) -> bool {
        let piece = &self.document.pieces[number];
        match (&piece.key, &piece.value) {
            (Some(_), _) | (None, Value::Scalar(_)) => true,
            (None, Value::Group(_)) => self.brackets(number, role.item()).is_some(),
        }
    }

    fn piece(&mut self, number: PieceId, indent: usize, start: &str, role: Role) {
        let piece = &self.document.pieces[number];
        let behind = if self.has_room_behind(number, role) { piece.trailing.last() } else { None };
        let behind = behind.map_or_else(String::new, |comment| format!(" {}", comment.text));
        let (head, role, inner) = match &piece.key {
            Some(key) => (format!("{start}{}:", texts::key(key, Around::Block)), role.under(key), indent + STEP),
            None => (format!("{start}-"), role.item(), indent + STEP),
        };
        let column = head.chars().count() + 1;
        match &piece.value {
            Value::Scalar(scalar) => match texts::in_block(scalar, column, inner) {
                Written::Line(line) if line.is_empty() => self.line(&format!("{head}{behind}")),
                Written::Line(line) => self.line(&format!("{head} {line}{behind}")),
                Written::Lines(header, lines) => self.block_text(&format!("{head} {header}{behind}"), &lines, inner),
            },
            Value::Group(group) => match self.brackets(number, role) {
                Some(text) => self.line(&format!("{head} {text}{behind}")),
                None if piece.key.is_some() => {
                    self.line(&format!("{head}{behind}"));
                    let own = " ".repeat(inner);
                    self.group(*group, inner, &own, role, true);
                }
                None => self.group(*group, inner, &format!("{head} "), role, true),
            },
        }
    }

    /// A piece's list or map in brackets, if it is to be written so wherever it fits.
    fn brackets(&self, piece: PieceId, role: Role) -> Option<String> {
        let Value::Group(number) = self.document.pieces[piece].value else { return None };
        let group = &self.document.groups[number];
        let scalars = group.pieces.iter().all(|piece| matches!(self.document.pieces[*piece].value, Value::Scalar(_)));
        let wanted = group.flow || group.pieces.is_empty() || role.is_small() || (!group.map && scalars);
        let text = if wanted { self.in_brackets(number, role) } else { None }?;
        let column = self.value_column(piece);
        (group.pieces.is_empty() || column + text.chars().count() <= WIDTH_MAX).then_some(text)
    }

    /// Where a piece's value begins when everything around it is a block.
    fn value_column(&self, piece: PieceId) -> usize {
        let mut depth = 0;
        let mut group = &self.document.groups[self.document.pieces[piece].group];
        while let Some(owner) = group.owner {
            depth += 1;
            group = &self.document.groups[self.document.pieces[owner].group];
        }
        let head = self.document.pieces[piece].key.as_ref().map_or(1, |key| texts::key(key, Around::Block).chars().count() + 1);
        depth * STEP + head + 1
    }

    fn in_brackets(&self, number: GroupId, role: Role) -> Option<String> {
        let group = &self.document.groups[number];
        if !group.feet.is_empty() {
            return None;
        }
        let mut parts = Vec::with_capacity(group.pieces.len());
        for piece in self.sorted(number, role) {
            let piece = &self.document.pieces[piece];
            if !piece.leads.is_empty() || !piece.trailing.is_empty() {
                return None;
            }
            let role = piece.key.as_ref().map_or_else(|| role.item(), |key| role.under(key));
            let value = match &piece.value {
                Value::Scalar(scalar) => match &scalar.data {
                    Data::Text(text) if text.contains('\n') => return None,
                    Data::Null | Data::Flag(_) | Data::Number(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => {
                        texts::on_a_line(scalar, Around::Brackets)
                    }
                },
                Value::Group(group) => self.in_brackets(*group, role)?,
            };
            parts.push(match &piece.key {
                Some(key) => format!("{}: {value}", texts::key(key, Around::Brackets)),
                None => value,
            });
        }
        let inside = parts.join(", ");
        Some(match (group.map, inside.is_empty()) {
            (true, true) => "{}".to_owned(),
            (true, false) => format!("{{ {inside} }}"),
            (false, _) => format!("[{inside}]"),
        })
    }

    fn sorted(&self, number: GroupId, role: Role) -> Vec<PieceId> {
        let mut pieces = self.document.groups[number].pieces.clone();
        pieces.sort_by_key(|piece| self.document.pieces[*piece].key.as_deref().map_or(0, |key| role.rank(key)));
        pieces
    }

    fn comments(&mut self, comments: &[Comment], indent: usize, first: bool) {
        for (index, comment) in comments.iter().enumerate() {
            if comment.blank && !(first && index == 0) {
                self.blank();
            }
            self.line(&format!("{}{}", " ".repeat(indent), comment.text));
        }
    }

    fn block_text(&mut self, head: &str, lines: &[String], indent: usize) {
        self.line(head);
        for line in lines {
            let line = if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(indent)) };
            self.line(&line);
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// One blank line, never two and never at the top.
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

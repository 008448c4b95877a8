//! The text as pieces: entries of maps and items of lists, where each stands, and how it was written.
//!
//! Positions count characters. **Invariant:** only text that `reader` took without errors comes here.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::reader::plain_data;
use crate::tree::Data;

/// The number of a [`Piece`] in its document.
pub(super) type PieceId = usize;
/// The number of a [`Group`] in its document.
pub(super) type GroupId = usize;

/// A whole file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) pieces: Vec<Piece>,
    pub(super) groups: Vec<Group>,
    /// Absent in a file of comments alone.
    pub(super) root: Option<Value>,
    /// Comments above everything.
    pub(super) header: Vec<Comment>,
    /// Whether a blank line sets them apart from the first piece.
    pub(super) blank_below_header: bool,
    /// Where pieces and their values begin, in order of the text.
    pub(super) anchors: Vec<(usize, PieceId)>,
    /// The characters that scalars cover: what looks like a comment there is none.
    pub(super) covered: Vec<std::ops::Range<usize>>,
}

/// An entry of a map or an item of a list.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) group: GroupId,
    /// Absent for an item.
    pub(super) key: Option<String>,
    pub(super) value: Value,
    /// Whether the line before it is blank.
    pub(super) blank: bool,
    /// Comments on lines of their own above it.
    pub(super) leads: Vec<Comment>,
    /// Comments behind it.
    pub(super) trailing: Vec<Comment>,
}

/// A map or a list.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) map: bool,
    pub(super) pieces: Vec<PieceId>,
    /// Whether it was written in brackets.
    pub(super) flow: bool,
    /// Where its last bracket stands, when it is in brackets.
    pub(super) end: usize,
    /// The column its pieces stand in, when it is a block.
    pub(super) column: usize,
    /// The piece whose value it is; absent for the root.
    pub(super) owner: Option<PieceId>,
    /// Comments below its last piece.
    pub(super) feet: Vec<Comment>,
}

/// What a piece holds.
#[derive(Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    Group(GroupId),
}

/// A value without parts.
#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) data: Data,
    /// Nothing was written at all.
    pub(super) empty: bool,
    /// It was written over several lines.
    pub(super) spread: bool,
}

/// A comment with its `#`, and whether a blank line stood above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) text: String,
    pub(super) blank: bool,
}

/// Takes the text apart. `None` for what `reader` would have refused.
pub(super) fn read(text: &str) -> Option<Document> {
    let chars: Vec<char> = text.chars().collect();
    let mut builder = Builder {
        document: Document {
            pieces: Vec::new(),
            groups: Vec::new(),
            root: None,
            header: Vec::new(),
            blank_below_header: false,
            anchors: Vec::new(),
            covered: Vec::new(),
        },
        chars,
        open: Vec::new(),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let (start, end) = (span.start.index(), span.end.index());
        match event {
            Event::Scalar(value, style, ..) => builder.scalar(&value, style, start, end),
            Event::MappingStart(..) => builder.begin(true, start, span.start.col()),
            Event::SequenceStart(..) => builder.begin(false, start, span.start.col()),
            Event::MappingEnd | Event::SequenceEnd => builder.end(start)?,
            Event::Alias(_) => return None,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
    }
    Some(builder.document)
}

struct Builder {
    document: Document,
    chars: Vec<char>,
    /// The groups that are still being read, each with the key that waits for its value.
    open: Vec<(GroupId, Option<PieceId>)>,
}

impl Builder {
    fn scalar(&mut self, value: &str, style: ScalarStyle, start: usize, end: usize) {
        let plain = style == ScalarStyle::Plain;
        let quote = match style {
            ScalarStyle::SingleQuoted => Some('\''),
            ScalarStyle::DoubleQuoted => Some('"'),
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => None,
        };
        // The parser's span of a quoted scalar may go on behind its quote.
        let end = quote.map_or(end, |quote| self.closing(start, quote));
        let empty = plain && value.is_empty();
        let covered = if empty { start..start } else { start..end.min(self.chars.len()) };
        let spread = !plain && quote.is_none() || self.chars[covered.clone()].contains(&'\n');
        if !empty {
            self.document.covered.push(covered);
        }
        if let Some((group, waiting @ None)) = self.open.last_mut()
            && self.document.groups[*group].map
        {
            let group = *group;
            *waiting = Some(self.document.pieces.len());
            self.piece(group, Some(value.to_owned()), start);
            return;
        }
        let data = if plain { plain_data(value) } else { Data::Text(value.to_owned()) };
        self.value(Value::Scalar(Scalar { data, empty, spread }), (!empty).then_some(start), start);
    }

    fn begin(&mut self, map: bool, start: usize, column: usize) {
        let flow = matches!(self.chars.get(start), Some('[' | '{'));
        let number = self.document.groups.len();
        let owner = self.value(Value::Group(number), flow.then_some(start), start);
        let column = if map || flow { column } else { self.dash_column(start, column) };
        self.document.groups.push(Group { map, pieces: Vec::new(), flow, end: start, column, owner, feet: Vec::new() });
        self.open.push((number, None));
    }

    fn end(&mut self, end: usize) -> Option<()> {
        let (group, _) = self.open.pop()?;
        self.document.groups[group].end = end;
        Some(())
    }

    /// Puts a value where it belongs; the piece that now holds it.
    fn value(&mut self, value: Value, anchor: Option<usize>, start: usize) -> Option<PieceId> {
        let Some((group, waiting)) = self.open.last_mut() else {
            self.document.root = Some(value);
            return None;
        };
        let piece = if let Some(piece) = waiting.take() {
            self.document.anchors.extend(anchor.map(|anchor| (anchor, piece)));
            piece
        } else {
            let group = *group;
            self.piece(group, None, start);
            self.document.pieces.len() - 1
        };
        self.document.pieces[piece].value = value;
        Some(piece)
    }

    fn piece(&mut self, group: GroupId, key: Option<String>, start: usize) {
        let number = self.document.pieces.len();
        let parent = &self.document.groups[group];
        let first = parent.pieces.is_empty();
        let blank = !parent.flow && self.blank_above(start);
        if first && parent.owner.is_none() {
            self.document.blank_below_header = blank;
        }
        let nothing = Value::Scalar(Scalar { data: Data::Null, empty: true, spread: false });
        self.document.pieces.push(Piece { group, key, value: nothing, blank: blank && !first, leads: Vec::new(), trailing: Vec::new() });
        self.document.groups[group].pieces.push(number);
        self.document.anchors.push((start, number));
    }

    /// Whether the line above the one with this character is blank.
    fn blank_above(&self, at: usize) -> bool {
        let before = &self.chars[..at.min(self.chars.len())];
        let Some(line_start) = before.iter().rposition(|c| *c == '\n') else { return false };
        let above = before[..line_start].iter().rposition(|c| *c == '\n').map_or(0, |newline| newline + 1);
        before[above..line_start].iter().all(|c| c.is_whitespace())
    }

    /// A list's first dash: the parser names it or what follows it.
    fn dash_column(&self, start: usize, column: usize) -> usize {
        if self.chars.get(start) == Some(&'-') && self.chars.get(start + 1).is_none_or(|c| c.is_whitespace()) {
            return column;
        }
        let line = &self.chars[start - column.min(start)..start.min(self.chars.len())];
        line.iter().rposition(|c| *c == '-').unwrap_or_else(|| column.saturating_sub(2))
    }

    /// The character behind a quoted scalar's last quote.
    fn closing(&self, start: usize, quote: char) -> usize {
        let mut at = start + 1;
        while let Some(c) = self.chars.get(at) {
            let escaped = (*c == '\\' && quote == '"') || (*c == quote && quote == '\'' && self.chars.get(at + 1) == Some(&quote));
            if escaped {
                at += 2;
            } else if *c == quote {
                return at + 1;
            } else {
                at += 1;
            }
        }
        self.chars.len()
    }
}

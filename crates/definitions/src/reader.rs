//! From YAML text to the tree: YAML 1.2 core schema, strict, with a place for everything.
//!
//! **Invariant:** what comes back has unique keys and no anchors, aliases, merge keys or tags; it is at most
//! [`DEPTH_MAX`] deep. Nothing here knows what the keys mean.

use std::collections::BTreeMap;
use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::diagnostic::{Diagnostic, Place};
use crate::number;
use crate::places::Places;
use crate::quote::quoted;
use crate::tree::{Data, Key, Node};

/// How deep lists and maps may nest.
const DEPTH_MAX: usize = 64;

/// One file's text as a tree; an empty document is `null`. `file` is only named in findings.
///
/// # Errors
/// Every mistake of YAML in it.
pub fn read_tree(file: &Path, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    match read(file, text, &mut findings) {
        Some(node) if findings.is_empty() => Ok(node),
        Some(_) | None => Err(findings),
    }
}

/// Reads one file's text. `None` when it is not YAML at all; an empty document is `null`.
pub(crate) fn read(file: &Path, text: &str, findings: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder { places: Places::new(file, text), findings, open: Vec::new(), root: None };
    let mut documents = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                let place = builder.places.visible_point(error.marker().index());
                builder.findings.push(syntax_error(error.info()).at(&place));
                return None;
            }
        };
        let (start, end) = (span.start.index(), span.end.index());
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    let place = builder.places.span(start, end);
                    let message = "a second document begins here";
                    builder.findings.push(Diagnostic::error("several-documents", message).at(&place).help("one file, one definition"));
                    break;
                }
            }
            Event::Alias(_) => {
                let place = builder.places.span(start, end);
                builder.findings.push(anchor_error("an alias stands for another value").at(&place));
                builder.add(Node { place, data: Data::Null }, Source::Refused);
            }
            Event::Scalar(value, style, anchor, tag) => {
                builder.refuse_marks(start, anchor, tag.is_some());
                let plain = style == ScalarStyle::Plain;
                let data = if plain { plain_data(&value) } else { Data::Text(value.clone().into_owned()) };
                let place = builder.places.span(start, end);
                builder.add(Node { place, data }, Source::Scalar { text: &value, plain });
            }
            Event::SequenceStart(anchor, tag) => {
                builder.refuse_marks(start, anchor, tag.is_some());
                builder.begin(start, Collection::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                builder.refuse_marks(start, anchor, tag.is_some());
                builder.begin(start, Collection::Map { entries: Vec::new(), places: BTreeMap::new(), pending: Pending::Nothing })?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.end(end),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    let empty = Node { place: builder.places.point(0), data: Data::Null };
    Some(builder.root.unwrap_or(empty))
}

/// A list or map that is still being read.
struct Open {
    start: usize,
    collection: Collection,
}

enum Collection {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, places: BTreeMap<String, Place>, pending: Pending },
}

/// What a map waits for.
enum Pending {
    Nothing,
    ValueOf(Key),
    /// The value of a key that was refused: read and dropped.
    Dropped,
}

/// How a finished node was written: keys must be scalars.
#[derive(Clone, Copy)]
enum Source<'a> {
    Scalar { text: &'a str, plain: bool },
    Collection,
    Refused,
}

struct Builder<'a> {
    places: Places<'a>,
    findings: &'a mut Vec<Diagnostic>,
    open: Vec<Open>,
    root: Option<Node>,
}

impl Builder<'_> {
    fn begin(&mut self, start: usize, collection: Collection) -> Option<()> {
        if self.open.len() == DEPTH_MAX {
            let place = self.places.point(start);
            let message = format!("lists and maps nest deeper than {DEPTH_MAX}");
            self.findings.push(Diagnostic::error("nested-too-deep", message).at(&place).help("split the definition with `in_audience`"));
            return None;
        }
        self.open.push(Open { start, collection });
        Some(())
    }

    fn end(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let first = match &open.collection {
            Collection::List(items) => items.first().map(|item| item.place.clone()),
            Collection::Map { entries, .. } => entries.first().map(|(key, _)| key.place.clone()),
        };
        // A block has no bracket to point at: its first entry stands for it.
        let place = match first {
            Some(first) if !self.places.is_bracket(open.start) => first,
            _ => self.places.span(open.start, end),
        };
        let data = match open.collection {
            Collection::List(items) => Data::List(items),
            Collection::Map { entries, .. } => Data::Map(entries),
        };
        self.add(Node { place, data }, Source::Collection);
    }

    fn add(&mut self, node: Node, source: Source<'_>) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.collection {
            Collection::List(items) => items.push(node),
            Collection::Map { entries, places, pending } => match std::mem::replace(pending, Pending::Nothing) {
                Pending::Nothing => match key(node.place, source, places) {
                    Ok(key) => *pending = Pending::ValueOf(key),
                    Err(finding) => {
                        self.findings.extend(finding);
                        *pending = Pending::Dropped;
                    }
                },
                Pending::ValueOf(key) => entries.push((key, node)),
                Pending::Dropped => {}
            },
        }
    }

    fn refuse_marks(&mut self, start: usize, anchor: usize, tag: bool) {
        if anchor != 0 {
            let place = self.places.word_at(start, '&');
            self.findings.push(anchor_error("an anchor names a value for use elsewhere").at(&place));
        }
        if tag {
            let place = self.places.word_at(start, '!');
            let finding = Diagnostic::error("tag", "tags are not part of the language").at(&place);
            self.findings.push(finding.help("remove the tag; put a value in quotes to make it text"));
        }
    }
}

fn key(place: Place, source: Source<'_>, places: &mut BTreeMap<String, Place>) -> Result<Key, Option<Diagnostic>> {
    let (text, plain) = match source {
        Source::Scalar { text, plain } => (text, plain),
        Source::Collection => return Err(Some(Diagnostic::error("key-not-text", "a list or map cannot be a key").at(&place))),
        Source::Refused => return Err(None),
    };
    if plain && text == "<<" {
        let finding = Diagnostic::error("merge-key", "merge keys are not part of the language").at(&place);
        return Err(Some(finding.help("write the keys out; share conditions between audiences with `in_audience`")));
    }
    if text.is_empty() {
        return Err(Some(Diagnostic::error("key-not-text", "a key is empty").at(&place)));
    }
    if let Some(first) = places.get(text) {
        let finding = Diagnostic::error("duplicate-key", format!("the key {} stands here twice", quoted(text))).at(&place);
        return Err(Some(finding.label(first, "first here").help("keep one of them")));
    }
    places.insert(text.to_owned(), place.clone());
    Ok(Key { place, text: text.to_owned() })
}

/// Resolves an unquoted scalar by the core schema.
pub(crate) fn plain_data(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Data::Null,
        "true" | "True" | "TRUE" => Data::Flag(true),
        "false" | "False" | "FALSE" => Data::Flag(false),
        _ if number::is_number(text) => Data::Number(text.to_owned()),
        _ => Data::Text(text.to_owned()),
    }
}

fn anchor_error(message: &str) -> Diagnostic {
    let help = "write the value out; put a text that begins with `*` or `&` in quotes";
    Diagnostic::error("anchor", format!("{message}; anchors and aliases are not part of the language")).help(help)
}

fn syntax_error(info: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("yaml-syntax", format!("not valid YAML: {}", info.trim_end_matches('.')));
    let help = if info.contains("tab") {
        "indent with spaces; YAML allows no tabs there"
    } else if info.contains("mapping values are not allowed") {
        "put a text that contains `: ` in quotes, or check the indentation of this line"
    } else if info.contains("anchor") {
        "put a text that begins with `*` or `&` in quotes"
    } else if info.contains("quoted scalar") {
        "look for a quote that is not closed"
    } else if info.contains("flow") {
        "look for a bracket or brace that is not closed"
    } else if info.contains("simple key") || info.contains("expected key") {
        "every line of a map is `key: value`, indented like the lines beside it"
    } else {
        return diagnostic;
    };
    diagnostic.help(help)
}

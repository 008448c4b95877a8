//! A YAML document as a tree that remembers its places.
//!
//! YAML 1.2 core schema, strict: duplicate keys, anchors, aliases, merge keys, tags and several documents are errors.

use crate::diagnostic::{Diagnostic, Place};
use crate::fields::Fields;
use crate::number;
use crate::quote::quoted;

/// A node of the document and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub place: Place,
    /// What.
    pub data: Data,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number, with its text as written.
    Number(String),
    /// Text; dates stay text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in order, keys unique.
    Map(Vec<(Key, Node)>),
}

/// A mapping's key and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Where.
    pub place: Place,
    /// The text.
    pub text: String,
}

impl Node {
    /// The text.
    ///
    /// # Errors
    /// A finding at its place when it is something else.
    pub fn as_text(&self) -> Result<&str, Diagnostic> {
        match &self.data {
            Data::Text(text) => Ok(text),
            Data::Number(number) => Err(self.wrong_type("text").help(format!("write it in quotes if it is a text: `\"{number}\"`"))),
            Data::Flag(flag) => Err(self.wrong_type("text").help(format!("write it in quotes if it is a text: `\"{flag}\"`"))),
            Data::Null | Data::List(_) | Data::Map(_) => Err(self.wrong_type("text")),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// A finding at its place when it is something else.
    pub fn as_flag(&self) -> Result<bool, Diagnostic> {
        match &self.data {
            Data::Flag(flag) => Ok(*flag),
            Data::Text(text) if matches!(text.to_ascii_lowercase().as_str(), "yes" | "on") => {
                Err(self.wrong_type("`true` or `false`").help("write `true`; `yes` and `on` are texts"))
            }
            Data::Text(text) if matches!(text.to_ascii_lowercase().as_str(), "no" | "off") => {
                Err(self.wrong_type("`true` or `false`").help("write `false`; `no` and `off` are texts"))
            }
            _ => Err(self.wrong_type("`true` or `false`")),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// A finding at its place when it is something else, or lies outside 64 bits.
    pub fn as_integer(&self) -> Result<i64, Diagnostic> {
        let wrong = || self.wrong_type("a whole number such as `3`");
        match &self.data {
            Data::Number(text) => number::integer(text).and_then(|integer| i64::try_from(integer).ok()).ok_or_else(wrong),
            Data::Text(text) if number::integer(text).is_some() => Err(wrong().help(format!("write it without quotes: `{text}`"))),
            _ => Err(wrong()),
        }
    }

    /// The items of a list.
    ///
    /// # Errors
    /// A finding at its place when it is something else.
    pub fn as_list(&self) -> Result<&[Node], Diagnostic> {
        match &self.data {
            Data::List(items) => Ok(items),
            Data::Text(text) => Err(self.wrong_type("a list").help(format!("write `[{text}]`"))),
            _ => Err(self.wrong_type("a list such as `[first, second]`")),
        }
    }

    /// The entries of a map, to be taken by name; what is left over is unknown.
    ///
    /// # Errors
    /// A finding at its place when it is something else.
    pub fn as_map(&self) -> Result<Fields<'_>, Diagnostic> {
        match &self.data {
            Data::Map(entries) => Ok(Fields::new(self, entries)),
            _ => Err(self.wrong_type("a map of `key: value`")),
        }
    }

    /// Whether it is `null`, `~` or nothing.
    pub fn is_null(&self) -> bool {
        self.data == Data::Null
    }

    /// What it is, in words: for messages that say what was found.
    pub fn describe(&self) -> String {
        match &self.data {
            Data::Null => "nothing".to_owned(),
            Data::Flag(flag) => format!("`{flag}`"),
            Data::Number(text) => format!("the number {}", quoted(text)),
            Data::Text(text) => format!("the text {}", quoted(text)),
            Data::List(_) => "a list".to_owned(),
            Data::Map(_) => "a map".to_owned(),
        }
    }

    /// The finding that something else was expected here.
    pub fn wrong_type(&self, expected: &str) -> Diagnostic {
        if self.is_null() {
            let message = format!("expected {expected}, found nothing");
            return Diagnostic::error("no-value", message).at(&self.place).help("give it a value, or remove the key");
        }
        Diagnostic::error("wrong-type", format!("expected {expected}, found {}", self.describe())).at(&self.place)
    }
}

//! A YAML document as a tree that remembers its places.
//!
//! YAML 1.2 core schema, strict: duplicate keys, anchors, aliases, merge keys, tags and several documents are errors.

use crate::diagnostic::Place;

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

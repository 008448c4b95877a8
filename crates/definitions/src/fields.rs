//! Taking a map apart by name: what was asked for is known, what is left over is a mistake.

use crate::diagnostic::{Diagnostic, Place};
use crate::quote::{alternatives, quoted};
use crate::suggest::suggest;
use crate::tree::{Key, Node};

/// How many known keys a help lists when nothing is similar.
const LISTED_MAX: usize = 12;

/// The entries of a map while they are taken by name.
#[derive(Debug)]
pub struct Fields<'a> {
    place: &'a Place,
    left: Vec<(&'a Key, &'a Node)>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(node: &'a Node, entries: &'a [(Key, Node)]) -> Self {
        Self { place: &node.place, left: entries.iter().map(|(key, value)| (key, value)).collect(), known: Vec::new() }
    }

    /// Where the map stands.
    pub fn place(&self) -> &'a Place {
        self.place
    }

    /// Takes the value under this key, if there is one; the key counts as known from here on.
    pub fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.take_entry(name).map(|(_, value)| value)
    }

    /// Takes the value under this key.
    ///
    /// # Errors
    /// A finding at the map's place when the key is missing, or at a key that was probably meant.
    pub fn require(&mut self, name: &'static str) -> Result<&'a Node, Diagnostic> {
        self.require_or(name, &[])
    }

    /// The same, where other products call the key one of the `foreign` words.
    pub(crate) fn require_or(&mut self, name: &'static str, foreign: &[&str]) -> Result<&'a Node, Diagnostic> {
        if let Some(value) = self.take(name) {
            return Ok(value);
        }
        // A misspelled key is one mistake, not two.
        let meant = |key: &Key| foreign.contains(&key.text.as_str()) || suggest(&key.text, [name]).is_some();
        if let Some(index) = self.left.iter().position(|(key, _)| meant(key)) {
            let (key, _) = self.left.remove(index);
            let foreign: Vec<(&str, &str)> = foreign.iter().map(|word| (*word, name)).collect();
            return Err(unknown_key(key, &[name], &foreign));
        }
        Err(Diagnostic::error("missing-key", format!("{} is missing", quoted(name))).at(self.place))
    }

    /// Takes key and value.
    pub fn take_entry(&mut self, name: &'static str) -> Option<(&'a Key, &'a Node)> {
        self.known.push(name);
        let index = self.left.iter().position(|(key, _)| key.text == name)?;
        Some(self.left.remove(index))
    }

    /// The place of a key that has not been taken yet.
    pub fn key_place(&self, name: &str) -> Option<&'a Place> {
        self.left.iter().find(|(key, _)| key.text == name).map(|(key, _)| &key.place)
    }

    /// Every entry not taken, in order of the file.
    pub fn rest(self) -> Vec<(&'a Key, &'a Node)> {
        self.left
    }

    /// One finding for every entry not taken: each is an unknown key.
    pub fn finish(self) -> Vec<Diagnostic> {
        self.left.iter().map(|(key, _)| unknown_key(key, &self.known, &[])).collect()
    }
}

/// The finding about a key nobody knows; the nearest known one is suggested, or what other products call `foreign`.
pub(crate) fn unknown_key(key: &Key, known: &[&'static str], foreign: &[(&str, &str)]) -> Diagnostic {
    let diagnostic = Diagnostic::error("unknown-key", format!("unknown key {}", quoted(&key.text))).at(&key.place);
    let lower = key.text.to_lowercase();
    let translated = foreign.iter().find(|(word, _)| *word == lower).map(|(_, ours)| (*ours).to_owned());
    if let Some(nearest) = translated.or_else(|| suggest(&key.text, known.iter().copied())) {
        return diagnostic.help(format!("did you mean {}?", quoted(&nearest)));
    }
    if known.is_empty() || known.len() > LISTED_MAX {
        return diagnostic;
    }
    diagnostic.help(format!("known here: {}", alternatives(known.iter().copied())))
}

//! Turning positions counted in characters into places: bytes, line and column.

use std::path::{Path, PathBuf};

use crate::diagnostic::Place;

/// The positions of one text.
pub(crate) struct Places<'a> {
    file: PathBuf,
    text: &'a str,
    /// The byte at which each character starts, and the end.
    bytes: Vec<usize>,
    /// The character at which each line starts.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(file: &Path, text: &'a str) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        let mut lines = vec![0];
        let mut previous = ' ';
        for (index, (byte, c)) in text.char_indices().enumerate() {
            if previous == '\n' || (previous == '\r' && c != '\n') {
                lines.push(index);
            }
            bytes.push(byte);
            previous = c;
        }
        if matches!(previous, '\n' | '\r') {
            lines.push(bytes.len());
        }
        bytes.push(text.len());
        Self { file: file.to_owned(), text, bytes, lines }
    }

    /// From one character to another, without white space at the end.
    pub(crate) fn span(&self, start: usize, end: usize) -> Place {
        let (start, start_byte) = self.clamp(start);
        let end_byte = self.clamp(end).1.max(start_byte);
        let end_byte = start_byte + self.text[start_byte..end_byte].trim_end().len();
        let line = self.lines.partition_point(|first| *first <= start);
        let column = start - self.lines[line - 1] + 1;
        Place { file: self.file.clone(), span: start_byte..end_byte, line, column }
    }

    /// At one character.
    pub(crate) fn point(&self, at: usize) -> Place {
        self.span(at, at)
    }

    /// The word that begins with `mark` at a node or shortly before it: where an anchor or tag stands.
    pub(crate) fn word_at(&self, at: usize, mark: char) -> Place {
        let at_byte = self.clamp(at).1;
        let found = if self.text[at_byte..].starts_with(['&', '!']) {
            self.text[at_byte..].find(mark).map(|byte| at_byte + byte)
        } else {
            self.text[..at_byte].rfind(mark)
        };
        let Some(byte) = found else { return self.point(at) };
        let length = self.text[byte..].find(char::is_whitespace).unwrap_or(self.text.len() - byte);
        let start = self.bytes.partition_point(|first| *first < byte);
        let end = self.bytes.partition_point(|first| *first < byte + length);
        self.span(start, end)
    }

    /// At one character, or at the last visible one when that lies behind it: where the text stopped too early.
    pub(crate) fn visible_point(&self, at: usize) -> Place {
        let visible = self.text.trim_end().chars().count();
        self.point(at.min(visible.saturating_sub(1)))
    }

    /// Whether a flow list or map begins at this character.
    pub(crate) fn is_bracket(&self, at: usize) -> bool {
        self.text[self.clamp(at).1..].starts_with(['[', '{'])
    }

    fn clamp(&self, at: usize) -> (usize, usize) {
        let at = at.min(self.bytes.len() - 1);
        (at, self.bytes[at])
    }
}

//! One canonical layout for definition files: text in, text out.
//!
//! The rules:
//! - Keys stand in the language's order, the head of a condition first; keys it does not know keep their order at the end.
//!   The order of list items, of paths and of operators is the author's (it may be part of a fingerprint).
//! - Two spaces, lists indented, one blank line where the author left one or more (never first in a block).
//! - A list of scalars is written in brackets when it fits in 100 columns, and so is a matcher; any other list or map
//!   stays in brackets when it was and fits. A comment inside makes it a block.
//! - A text is unquoted where YAML 1.1 and 1.2 read it as this very text. Dates and timestamps stay unquoted too: a
//!   reader that makes a date of them loses nothing. Quoted all the same: two capital letters (a country code must not
//!   depend on being `NO`), and whatever holds a `*` (a schedule looks the same whichever field begins it).
//! - Comments above the first key stay on top. Others stay above what they precede, or on the line of what they follow; one
//!   indented like a block that ends there stays at its end. One comment to a line: of two on one thing, the first moves above it.
//!
//! **Invariant:** the result holds the same tree and the same comments as the text, or there is none: every result is
//! read again and compared before it is handed out. Nothing here touches files.

mod attach;
mod comments;
mod document;
mod keys;
mod layout;
mod proof;
mod texts;

use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity};
use crate::reader;

/// Why a file keeps the layout it has.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FormatError {
    /// It is not YAML as the language takes it: the mistakes.
    #[error("the file has mistakes of YAML")]
    Refused(Vec<Diagnostic>),
    /// The canonical layout of something unusual in it would not read back as the same.
    #[error("the file holds something whose layout cannot be changed without changing what it says")]
    Unproven,
}

/// The text in its canonical layout. `file` is only named in findings.
///
/// # Errors
/// When the text is not YAML as the language takes it, or its layout cannot be changed safely.
pub fn format(file: &Path, text: &str) -> Result<String, FormatError> {
    let mut findings = Vec::new();
    let tree = reader::read(file, text, &mut findings);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    let Some(tree) = tree.filter(|_| !refused) else { return Err(FormatError::Refused(findings)) };
    let mut document = document::read(text).ok_or(FormatError::Unproven)?;
    let found = comments::scan(text, &document);
    attach::attach(&mut document, &found);
    let formatted = layout::lay_out(&document);
    if proof::says_the_same(&tree, &found, &formatted) { Ok(formatted) } else { Err(FormatError::Unproven) }
}

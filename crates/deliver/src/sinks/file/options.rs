//! Options: what one folder of files is configured with, judged at their places, every mistake at once.

use std::path::PathBuf;

use definitions::{Destination, Diagnostic, Node};
use model::IdentifierKind;

use crate::options::{Reader, invalid, minimum_size, not_blank, unknown_word};

const FIELDS_MAX: usize = 200;
const PATH_HELP: &str = "name a folder: `path: /srv/audiences`";
/// What stands before the name of a trait.
const TRAIT: &str = "traits.";
const ID: &str = "id";

/// What one folder is configured with.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) write: Write,
    pub(super) fields: Vec<Field>,
    /// Identifiers leave as their SHA-256 only.
    pub(super) hash: bool,
    /// Cells that a spreadsheet would run as a formula get an apostrophe in front.
    pub(super) spreadsheet_safe: bool,
    pub(super) minimum_size: u64,
}

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Ndjson,
    Parquet,
}

impl Format {
    pub(super) const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Parquet];

    /// The end of a file's name.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }
}

/// Which files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Both,
    Changes,
    Members,
}

impl Write {
    pub(super) fn changes(self) -> bool {
        self != Self::Members
    }

    pub(super) fn members(self) -> bool {
        self != Self::Changes
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// The opaque id that muster gives.
    Id,
    /// The identifier of a kind that was seen first.
    Identifier(&'static str),
    /// A trait, computed or said; a name with dots may lie inside objects.
    Trait(String),
}

impl Field {
    /// The column's name, as it is written in the options.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Id => ID.to_owned(),
            Self::Identifier(kind) => (*kind).to_owned(),
            Self::Trait(name) => format!("{TRAIT}{name}"),
        }
    }
}

impl Options {
    /// Reads all options; nothing when one of them is wrong.
    pub(super) fn read(destination: &Destination) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::default();
        let mut fields = match destination.options.as_map() {
            Ok(fields) => fields,
            Err(problem) => return (None, vec![problem]),
        };
        let path = reader.require(&mut fields, "path", PATH_HELP, not_blank);
        let formats = [("csv", Format::Csv), ("ndjson", Format::Ndjson), ("parquet", Format::Parquet)];
        let format = reader.choice(&mut fields, "format", &formats);
        let options = Self {
            path: PathBuf::from(path.unwrap_or_default()),
            format,
            write: reader.choice(&mut fields, "write", &[("both", Write::Both), ("changes", Write::Changes), ("members", Write::Members)]),
            fields: fields.take("fields").map_or_else(default_fields, |node| columns(node, &mut reader)),
            hash: reader.choice(&mut fields, "hash", &[("none", false), ("sha256", true)]),
            spreadsheet_safe: reader.take(&mut fields, "spreadsheet_safe", |node| spreadsheet_safe(node, format)).unwrap_or(false),
            minimum_size: reader.take(&mut fields, "minimum_size", minimum_size).unwrap_or(0),
        };
        reader.problems.extend(fields.finish());
        (reader.is_fine().then_some(options), reader.problems)
    }
}

fn default_fields() -> Vec<Field> {
    vec![Field::Id, Field::Identifier(IdentifierKind::USER_ID), Field::Identifier(IdentifierKind::EMAIL)]
}

/// All columns that are right; what is wrong with the others goes to the reader.
fn columns(node: &Node, reader: &mut Reader) -> Vec<Field> {
    let items = match node.as_list() {
        Ok(items) => items,
        Err(problem) => {
            reader.problems.push(problem);
            return Vec::new();
        }
    };
    if items.is_empty() || items.len() > FIELDS_MAX {
        reader.problems.push(invalid(node, format!("there are between 1 and {FIELDS_MAX} fields")));
    }
    let mut read = Vec::new();
    for item in items {
        match column(item) {
            Ok(field) if read.contains(&field) => reader.problems.push(invalid(item, format!("`{}` is there twice", field.name()))),
            Ok(field) => read.push(field),
            Err(problem) => reader.problems.push(problem),
        }
    }
    read
}

fn column(node: &Node) -> Result<Field, Diagnostic> {
    let word = node.as_text()?;
    if word == ID {
        return Ok(Field::Id);
    }
    if let Some(name) = word.strip_prefix(TRAIT).filter(|name| !name.trim().is_empty()) {
        return Ok(Field::Trait(name.to_owned()));
    }
    if let Some(kind) = IdentifierKind::KNOWN.into_iter().find(|kind| *kind == word) {
        return Ok(Field::Identifier(kind));
    }
    let problem = unknown_word(node, "fields", word, std::iter::once(ID).chain(IdentifierKind::KNOWN));
    Err(problem.note(format!("a trait has `{TRAIT}` in front: `{TRAIT}first_name`")))
}

fn spreadsheet_safe(node: &Node, format: Format) -> Result<bool, Diagnostic> {
    match node.as_flag()? {
        true if format != Format::Csv => Err(invalid(node, "`spreadsheet_safe` is for `format: csv` only")),
        safe => Ok(safe),
    }
}

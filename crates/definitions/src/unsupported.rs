//! Keys of the language that this version does not evaluate: known, and refused plainly.
//!
//! They are not unknown keys: the definition is right, this version is behind.

use crate::diagnostic::Diagnostic;
use crate::quote::quoted;
use crate::tree::Key;

/// A key and what it would do: the sentence goes on "it ...".
pub(crate) type Unsupported = (&'static str, &'static str);

/// Keys of an audience file.
pub(crate) const AUDIENCE: &[Unsupported] =
    &[("guards", "holds a sync when the membership moves too far"), ("tests", "checks example people against the audience")];

/// Keys of a sync.
pub(crate) const SYNC: &[Unsupported] = &[
    ("value", "sends a number trait as the customer's value"),
    ("on_exit", "chooses what happens to those who exit; this version always removes them"),
    ("start_with", "chooses who is sent first; this version sends everyone"),
];

/// What the key would do, if it is in the table.
pub(crate) fn does(table: &'static [Unsupported], key: &str) -> Option<&'static str> {
    table.iter().find(|(name, _)| *name == key).map(|(_, does)| *does)
}

/// The finding about such a key.
pub(crate) fn refused(key: &Key, does: &str) -> Diagnostic {
    not_supported(&quoted(&key.text), does).at(&key.place)
}

/// The finding about something else that this version is behind with.
pub(crate) fn not_supported(what: &str, does: &str) -> Diagnostic {
    let finding = Diagnostic::error("not-supported", format!("this version does not evaluate {what} yet"));
    finding.note(format!("it {does}")).help("the spelling is right; leave it out until a version supports it")
}

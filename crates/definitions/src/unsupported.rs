//! Keys of the language that this version does not evaluate: known, and refused plainly.
//!
//! They are not unknown keys: the definition is right, this version is behind.

use crate::diagnostic::Diagnostic;
use crate::quote::quoted;
use crate::tree::Key;

/// A key and what it would do: the sentence goes on "it ...".
pub(crate) type Unsupported = (&'static str, &'static str);

/// Heads of conditions.
pub(crate) const HEADS: &[Unsupported] = &[
    ("active_within", "holds for those with any event at all in a window"),
    ("inactive_for", "holds for those without any event in a window"),
    ("entered_audience", "holds for those who entered another audience recently"),
    ("exited_audience", "holds for those who exited another audience recently"),
    ("any_user", "looks for one user of an account"),
    ("all_users", "looks at every user of an account"),
    ("no_user", "looks for an account without such a user"),
    ("account", "looks at the account a user belongs to"),
    ("sample", "takes a stable random share of people"),
];

/// Companions of `did`.
pub(crate) const DID: &[Unsupported] = &[
    ("then", "looks for an event that follows"),
    ("which", "chooses the occurrence that a sequence starts from"),
    ("same", "ties two events of a sequence together"),
    ("sum", "adds up a property of the events"),
    ("average", "takes the mean of a property of the events"),
    ("min", "takes the smallest value of a property"),
    ("max", "takes the largest value of a property"),
    ("first", "takes the value on the earliest event"),
    ("last", "takes the value on the latest event"),
    ("most_frequent", "takes the commonest value of a property"),
    ("unique", "collects the different values of a property"),
    ("unique_count", "counts the different values of a property"),
];

/// Companions of `in_audience`.
pub(crate) const IN_AUDIENCE: &[Unsupported] = &[("for_at_least", "asks how long somebody has been a member")];

/// Operators of matchers.
pub(crate) const MATCHER: &[Unsupported] = &[
    ("includes", "looks for an element of a list"),
    ("includes_any", "looks for one of several elements of a list"),
    ("includes_all", "looks for all of several elements of a list"),
    ("includes_none", "asks that a list has none of several elements"),
    ("anniversary_within_next", "asks for an anniversary ahead"),
];

/// Stand-ins for a constant.
pub(crate) const REFERENCE: &[Unsupported] =
    &[("trait", "compares with a trait of the same profile"), ("parent", "compares with the event that a sequence starts from")];

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

//! What files share: the key that equals the file's name, descriptions and titles.

use model::InvalidKey;

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::Node;

/// Shortest description that can be a sentence.
const DESCRIPTION_MIN: usize = 10;
/// Longest description that is still read.
const DESCRIPTION_MAX: usize = 1_000;
/// Longest title that destinations take.
const TITLE_MAX: usize = 100;

/// Checks that the key in the file equals the file's name, and that this is a key at all.
pub(crate) fn file_key(what: &'static str, stem: &str, parsed: Result<(), InvalidKey>, fields: &mut Fields<'_>, scope: &mut Scope) {
    let place = fields.place();
    if let Err(error) = parsed {
        let node = fields.take(what);
        let message = format!("the file's name {} cannot be {}: {}", quoted(stem), error.what, error.rule);
        let finding = Diagnostic::error("invalid-key", message).at(node.map_or(place, |node| &node.place));
        scope.report(finding.help("rename the file, and write the same key inside"));
        return;
    }
    let node = fields.require(what).map_err(|finding| finding.help_or(format!("write `{what}: {stem}`: it equals the file's name")));
    let Some(node) = scope.keep(node) else { return };
    let Some(text) = scope.keep(node.as_text()) else { return };
    if text != stem {
        let message = format!("the key {} is not the file's name {}", quoted(text), quoted(stem));
        let finding = Diagnostic::error("key-not-file-name", message).at(&node.place);
        scope.report(finding.help(format!("write `{what}: {stem}`, or rename the file")));
    }
}

/// One sentence a colleague understands.
pub(crate) fn description(fields: &mut Fields<'_>, scope: &mut Scope) -> Option<String> {
    const HELP: &str = "write one sentence that a colleague understands";
    let node = fields.require("description").map_err(|finding| finding.help_or(HELP));
    let node = scope.keep(node)?;
    let text = scope.keep(node.as_text())?.trim();
    let finding = match text.chars().count() {
        ..DESCRIPTION_MIN => Diagnostic::error("short-description", format!("a description has at least {DESCRIPTION_MIN} characters")),
        DESCRIPTION_MIN..=DESCRIPTION_MAX => return Some(text.to_owned()),
        _ => Diagnostic::error("long-description", format!("a description has at most {DESCRIPTION_MAX} characters")),
    };
    scope.report(finding.at(&node.place).help(HELP));
    None
}

/// A name shown at destinations.
pub(crate) fn title(node: &Node, scope: &mut Scope) -> Option<String> {
    one_line("title", node, scope)
}

/// A short text on one line; `what` it is, in a word.
pub(crate) fn one_line(what: &str, node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?.trim();
    if text.is_empty() || text.chars().count() > TITLE_MAX || text.chars().any(char::is_control) {
        let finding = Diagnostic::error("invalid-title", format!("a {what} is one line of 1 to {TITLE_MAX} characters"));
        scope.report(finding.at(&node.place));
        return None;
    }
    Some(text.to_owned())
}

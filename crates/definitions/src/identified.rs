//! `identified_by`: the identifiers a member must have at least one of.
//!
//! Accounts are known by `group_id` alone, users by everything else. `phone` is accepted beside other kinds, because
//! definitions brought from elsewhere have it, and changes nothing: messages carry phone numbers as a trait. Alone it
//! would make an audience that nobody is ever in, and is refused.

use model::{Collection, IdentifierKind};

use crate::diagnostic::Diagnostic;
use crate::quote::{alternatives, quoted};
use crate::scope::{Scope, duplicate_item};
use crate::suggest::suggest;
use crate::tree::{Data, Node};

/// What a phone number is called where it counts as an identifier.
const PHONE: &str = "phone";

/// Reads the list of kinds. Without one, those that the collection is known by.
pub(crate) fn identified_by(node: Option<&Node>, scope: &mut Scope) -> Option<Vec<IdentifierKind>> {
    match (node, scope.collection) {
        (Some(node), _) => listed(node, scope),
        (None, Collection::Users) => Some(IdentifierKind::UNIVERSE_DEFAULT.map(IdentifierKind::new).to_vec()),
        (None, Collection::Accounts) => Some(vec![IdentifierKind::new(IdentifierKind::GROUP_ID)]),
    }
}

fn listed(node: &Node, scope: &mut Scope) -> Option<Vec<IdentifierKind>> {
    let items = scope.items(node)?;
    let mut kinds: Vec<IdentifierKind> = Vec::with_capacity(items.len());
    let mut complete = true;
    for (index, item) in items.iter().enumerate() {
        if items[..index].iter().any(|other| other.data == item.data) {
            scope.report(duplicate_item(item));
            complete = false;
            continue;
        }
        if items.len() > 1 && scope.collection == Collection::Users && item.data == Data::Text(PHONE.to_owned()) {
            scope.report(idle_phone(item));
            continue;
        }
        match kind(item, scope) {
            Some(kind) => kinds.push(kind),
            None => complete = false,
        }
    }
    complete.then_some(kinds)
}

fn kind(node: &Node, scope: &mut Scope) -> Option<IdentifierKind> {
    let name = scope.keep(node.as_text())?;
    let known = IdentifierKind::KNOWN.contains(&name);
    let finding = match (scope.collection, name == IdentifierKind::GROUP_ID) {
        (Collection::Accounts, true) => return Some(IdentifierKind::new(name)),
        (Collection::Users, false) if known => return Some(IdentifierKind::new(name)),
        (Collection::Accounts, false) => {
            let message = format!("accounts are known by `group_id` only, not by {}", quoted(name));
            Diagnostic::error("identifier-of-others", message)
                .help("write `identified_by: [group_id]`, or leave it out; ask about an account's users with `any_user`")
        }
        (Collection::Users, true) => Diagnostic::error("identifier-of-others", "`group_id` identifies accounts, not users")
            .help("write `of: accounts` to make the members accounts; `account:` asks about the account a user belongs to"),
        (Collection::Users, false) => unknown(name),
    };
    scope.report(finding.at(&node.place));
    None
}

fn unknown(name: &str) -> Diagnostic {
    let finding = Diagnostic::error("unknown-identifier", format!("no identifier is called {}", quoted(name)));
    let known = || IdentifierKind::KNOWN.into_iter().filter(|kind| *kind != IdentifierKind::GROUP_ID);
    if name == PHONE {
        finding.help("a phone number is a trait: ask for it with `traits: { phone: { exists: true } }`")
    } else if let Some(nearest) = suggest(name, known()) {
        finding.help(format!("did you mean `{nearest}`?"))
    } else {
        finding.help(format!("known: {}", alternatives(known())))
    }
}

fn idle_phone(node: &Node) -> Diagnostic {
    let finding = Diagnostic::warning("idle-identifier", "`phone` identifies nobody: messages carry it as a trait").at(&node.place);
    finding.help("leave it out; to ask for a phone number, write `traits: { phone: { exists: true } }`")
}

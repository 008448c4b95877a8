//! `identified_by`: the identifiers a member must have at least one of.
//!
//! Accounts are known by `group_id` and the settings' own kinds for them, users by everything else. `phone` is accepted beside
//! other kinds even where the settings do not name it, because definitions brought from elsewhere have it, and changes nothing
//! then: messages carry phone numbers as a trait. Alone it would make an audience that nobody is ever in, and is refused.

use model::{Collection, IdentifierKind, IdentityRules};

use crate::diagnostic::Diagnostic;
use crate::language::PHONE;
use crate::quote::{alternatives, quoted};
use crate::scope::{Scope, duplicate_item};
use crate::suggest::suggest;
use crate::tree::{Data, Node};

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
        let is_idle = item.data == Data::Text(PHONE.to_owned()) && scope.identity.kind(PHONE).is_none();
        if items.len() > 1 && scope.collection == Collection::Users && is_idle {
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
    let finding = match (scope.collection, scope.identity.kind(name).map(|rule| rule.collection)) {
        (asked, Some(found)) if asked == found => return Some(IdentifierKind::new(name)),
        (Collection::Accounts, _) => {
            let known = alternatives(kinds(&scope.identity, Collection::Accounts));
            Diagnostic::error("identifier-of-others", format!("accounts are known by {known}, not by {}", quoted(name)))
                .help("write `identified_by: [group_id]`, or leave it out; ask about an account's users with `any_user`")
        }
        (Collection::Users, Some(_)) => {
            Diagnostic::error("identifier-of-others", format!("{} identifies accounts, not users", quoted(name)))
                .help("write `of: accounts` to make the members accounts; `account:` asks about the account a user belongs to")
        }
        (Collection::Users, None) => unknown(name, &scope.identity),
    };
    scope.report(finding.at(&node.place));
    None
}

/// The kinds that find users, or accounts.
fn kinds(identity: &IdentityRules, collection: Collection) -> impl Iterator<Item = &str> {
    identity.kinds().iter().filter(move |rule| rule.collection == collection).map(|rule| rule.kind.as_str())
}

fn unknown(name: &str, identity: &IdentityRules) -> Diagnostic {
    let finding = Diagnostic::error("unknown-identifier", format!("no identifier is called {}", quoted(name)));
    let known = || kinds(identity, Collection::Users);
    if name == PHONE {
        finding.help("a phone number is a trait, unless `muster.yaml` has `identity: { kinds: { phone: } }`; ask for it with `traits: { phone: { exists: true } }`")
    } else if let Some(nearest) = suggest(name, known()) {
        finding.help(format!("did you mean `{nearest}`?"))
    } else {
        finding.help(format!("known: {}", alternatives(known())))
    }
}

fn idle_phone(node: &Node) -> Diagnostic {
    let finding = Diagnostic::warning("idle-identifier", "`phone` identifies nobody here: messages carry it as a trait").at(&node.place);
    finding.help("leave it out; to ask for a phone number, write `traits: { phone: { exists: true } }`")
}

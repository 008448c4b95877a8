//! Between users and accounts: quantifiers over an account's users, and the account a user belongs to.
//!
//! Each turns the view around: inside `any_user`, `all_users` and `no_user` a condition speaks of one user, inside
//! `account` of one account, with all its users' events as its own. They may nest: the users of a user's account.

use model::Collection;

use crate::condition;
use crate::diagnostic::Diagnostic;
use crate::meaning::Condition;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::{Key, Node};

/// Reads what must hold for one or more of the account's users.
pub(crate) fn users(head: &Key, value: &Node, depth: usize, scope: &mut Scope) -> Option<Box<Condition>> {
    turned(Collection::Users, head, value, depth, scope)
}

/// Reads what must hold for the user's account.
pub(crate) fn account(head: &Key, value: &Node, depth: usize, scope: &mut Scope) -> Option<Box<Condition>> {
    turned(Collection::Accounts, head, value, depth, scope)
}

fn turned(to: Collection, head: &Key, value: &Node, depth: usize, scope: &mut Scope) -> Option<Box<Condition>> {
    let already_there = scope.collection == to;
    if already_there {
        let in_place = "leave it out, and write the condition in its place";
        let (message, help) = match to {
            Collection::Users if scope.turned > 0 => ("asks about an account's users, and this speaks of users", in_place),
            Collection::Users => {
                ("asks about an account's users, and this speaks of users", "write `of: accounts` at the top of the file, or leave it out")
            }
            Collection::Accounts => ("asks about a user's account, and this speaks of accounts", in_place),
        };
        let finding = Diagnostic::error("wrong-collection", format!("{} {message}", quoted(&head.text))).at(&head.place);
        scope.report(finding.help(help));
    }
    let inner = scope.about(to, |scope| condition::condition(value, depth + 1, scope))?;
    (!already_there).then(|| Box::new(inner))
}

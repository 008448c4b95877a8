//! `identity` in the settings: which kinds of identifiers find a profile, how far each is trusted, and how many one may have.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{BlockedValue, Collection, IdentifierKind, IdentityRules, KindRule, Limit, Period};

use crate::diagnostic::Diagnostic;
use crate::quote::{alternatives, quoted};
use crate::scope::{Scope, duplicate_item};
use crate::suggest::suggest;
use crate::tree::{Data, Key, Node};

const KINDS_MAX: usize = 100;
const KIND_BYTES_MAX: usize = 64;
const LIMIT_MAX: u32 = 10_000;
const HELP: &str = "write for example `{ kinds: { email: { limit: 3 } }, priority: [user_id, email] }`";
const LIMIT_HELP: &str = "write a number, or for example `{ most: 5, per: week }`";
const PERIODS: [Period; 4] = [Period::Ever, Period::Week, Period::Month, Period::Year];

/// Reads the rules; what is not said keeps its default.
pub(crate) fn identity(node: &Node, scope: &mut Scope) -> Arc<IdentityRules> {
    let default = IdentityRules::default();
    let Some(mut fields) = scope.keep(node.as_map().map_err(|finding| finding.help_or(HELP))) else { return Arc::new(default) };
    let mut kinds = fields.take("kinds").map(|node| kinds(node, scope)).unwrap_or_default();
    let everywhere = fields.take("block").map(|node| blocked(node, scope)).unwrap_or_default();
    let priority = fields.take("priority").map(|node| priority(node, &kinds, scope)).unwrap_or_default();
    let merges_max = fields.take("merges_max").and_then(|node| count(node, 0, scope)).unwrap_or(default.merges_max);
    let identifiers_max = fields.take("identifiers_max").and_then(|node| count(node, 1, scope)).unwrap_or(default.identifiers_max);
    scope.findings.extend(fields.finish());
    if !everywhere.is_empty() {
        let unnamed = IdentifierKind::KNOWN.into_iter().filter(|known| kinds.iter().all(|rule| rule.kind.as_str() != *known));
        let unnamed: Vec<KindRule> = unnamed.map(KindRule::of).collect();
        kinds.extend(unnamed);
        for rule in &mut kinds {
            rule.blocked.extend(everywhere.iter().cloned());
        }
    }
    Arc::new(IdentityRules::new(kinds, &priority, merges_max, identifiers_max))
}

fn kinds(node: &Node, scope: &mut Scope) -> Vec<KindRule> {
    let Some(fields) = scope.keep(node.as_map().map_err(|finding| finding.help_or("write for example `loyalty_id: { from: loyalty_id }`")))
    else {
        return Vec::new();
    };
    let mut rules = Vec::new();
    for (key, value) in fields.rest() {
        if rules.len() == KINDS_MAX {
            scope.report(
                Diagnostic::error("list-too-long", format!("more than {KINDS_MAX} kinds of identifiers")).at(&key.place).help("name fewer"),
            );
            break;
        }
        if is_kind(&key.text) {
            rules.extend(rule(key, value, scope));
        } else {
            let finding = Diagnostic::error("unknown-value", format!("{} cannot be a kind of identifier", quoted(&key.text)));
            scope.report(finding.at(&key.place).help("use lower-case letters, digits, `_` and `.`, such as `loyalty_id`"));
        }
    }
    rules
}

fn is_kind(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= KIND_BYTES_MAX && name.bytes().all(allowed)
}

fn rule(key: &Key, node: &Node, scope: &mut Scope) -> Option<KindRule> {
    let mut rule = KindRule::of(&key.text);
    if node.is_null() {
        return Some(rule);
    }
    let help = "write for example `{ limit: 5, block: [\"test*\"] }`, or nothing";
    let mut fields = scope.keep(node.as_map().map_err(|finding| finding.help_or(help)))?;
    let is_known = IdentifierKind::KNOWN.contains(&key.text.as_str());
    if let Some(of) = fields.take("of") {
        match collection(of, scope) {
            Some(_) if is_known => {
                let finding = Diagnostic::error("unknown-value", format!("what `{}` finds is fixed", key.text)).at(&of.place);
                scope.report(finding.help("leave `of` out"));
            }
            Some(collection) => rule.collection = collection,
            None => {}
        }
    }
    if let Some(limit) = fields.take("limit").and_then(|node| limit(node, scope)) {
        rule.limit = limit;
    }
    if let Some(block) = fields.take("block") {
        rule.blocked = blocked(block, scope);
    }
    if let Some(from) = fields.take("from") {
        rule.fields = names(from, scope).iter().flat_map(|name| spellings(name)).collect::<BTreeSet<_>>().into_iter().collect();
    }
    scope.findings.extend(fields.finish());
    Some(rule)
}

fn collection(node: &Node, scope: &mut Scope) -> Option<Collection> {
    match scope.keep(node.as_text())? {
        "users" => Some(Collection::Users),
        "accounts" => Some(Collection::Accounts),
        other => {
            let finding = Diagnostic::error("unknown-value", format!("identifiers find no {}", quoted(other))).at(&node.place);
            scope.report(finding.help("write `users` or `accounts`"));
            None
        }
    }
}

fn limit(node: &Node, scope: &mut Scope) -> Option<Limit> {
    match &node.data {
        Data::Map(_) => {
            let mut fields = scope.keep(node.as_map())?;
            let most = fields.require("most").map_err(|finding| finding.help_or(LIMIT_HELP));
            let most = scope.keep(most).and_then(|node| count(node, 1, scope));
            let per = fields.take("per").map_or(Some(Period::Ever), |node| period(node, scope));
            scope.findings.extend(fields.finish());
            Some(Limit { most: most?, per: per? })
        }
        Data::Number(_) => count(node, 1, scope).map(|most| Limit { most, per: Period::Ever }),
        _ => {
            scope.report(node.wrong_type("a limit").help(LIMIT_HELP));
            None
        }
    }
}

fn period(node: &Node, scope: &mut Scope) -> Option<Period> {
    let word = scope.keep(node.as_text())?;
    let found = PERIODS.into_iter().find(|period| period.as_str() == word);
    if found.is_none() {
        let finding = Diagnostic::error("unknown-value", format!("no period is called {}", quoted(word))).at(&node.place);
        scope.report(finding.help(format!("known: {}", alternatives(PERIODS.map(Period::as_str)))));
    }
    found
}

fn blocked(node: &Node, scope: &mut Scope) -> Vec<BlockedValue> {
    let mut values = Vec::new();
    for item in scope.items(node).unwrap_or_default() {
        let Some(text) = scope.keep(item.as_text()) else { continue };
        match BlockedValue::new(text) {
            Some(value) if !value.is_everything() => values.push(value),
            Some(_) | None => {
                let finding = Diagnostic::error("unknown-value", format!("{} would block everything or nothing", quoted(text)));
                scope.report(finding.at(&item.place).help("write a value; `*` in it stands for anything, as in `*@example.invalid`"));
            }
        }
    }
    values
}

/// One name, or several.
fn names(node: &Node, scope: &mut Scope) -> Vec<String> {
    let items = match &node.data {
        Data::List(_) => scope.items(node).unwrap_or_default(),
        _ => std::slice::from_ref(node),
    };
    let mut names = Vec::new();
    for item in items {
        let Some(text) = scope.keep(item.as_text()) else { continue };
        if text.trim().is_empty() {
            let finding = Diagnostic::error("unknown-value", "a trait or property has a name").at(&item.place);
            scope.report(finding.help("write for example `from: loyalty_id`"));
        } else {
            names.push(text.to_owned());
        }
    }
    names
}

/// A name as written, in snake case and in camel case: SDKs differ.
fn spellings(name: &str) -> [String; 3] {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    let mut camel = String::new();
    let mut capital = false;
    for c in snake.chars() {
        if c == '_' && !camel.is_empty() {
            capital = true;
        } else {
            camel.push(if capital { c.to_ascii_uppercase() } else { c });
            capital = false;
        }
    }
    [name.to_owned(), snake, camel]
}

fn priority(node: &Node, kinds: &[KindRule], scope: &mut Scope) -> Vec<IdentifierKind> {
    let known = || IdentifierKind::KNOWN.into_iter().chain(kinds.iter().map(|rule| rule.kind.as_str()));
    let mut priority = Vec::new();
    let items = scope.items(node).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let Some(name) = scope.keep(item.as_text()) else { continue };
        if items[..index].iter().any(|other| other.data == item.data) {
            scope.report(duplicate_item(item));
        } else if known().any(|kind| kind == name) {
            priority.push(IdentifierKind::new(name));
        } else {
            let finding = Diagnostic::error("unknown-identifier", format!("no identifier is called {}", quoted(name))).at(&item.place);
            scope.report(match suggest(name, known()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("name it under `kinds` first"),
            });
        }
    }
    priority
}

fn count(node: &Node, least: u32, scope: &mut Scope) -> Option<u32> {
    let number = scope.keep(node.as_integer())?;
    let count = u32::try_from(number).ok().filter(|count| (least..=LIMIT_MAX).contains(count));
    if count.is_none() {
        let finding = Diagnostic::error("wrong-type", format!("expected a number from {least} to {LIMIT_MAX}, found `{number}`"));
        scope.report(finding.at(&node.place).help("write a whole number such as `5`"));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_two_spellings_more() {
        assert_eq!(spellings("loyalty_id"), ["loyalty_id", "loyalty_id", "loyaltyId"]);
        assert_eq!(spellings("loyaltyId"), ["loyaltyId", "loyalty_id", "loyaltyId"]);
        assert_eq!(spellings("LoyaltyId"), ["LoyaltyId", "loyalty_id", "loyaltyId"]);
        assert_eq!(spellings("phone"), ["phone", "phone", "phone"]);
    }
}

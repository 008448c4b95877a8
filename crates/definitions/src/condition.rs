//! Conditions: maps with exactly one head.

use model::AudienceKey;

use crate::diagnostic::{Diagnostic, Place};
use crate::event::EventYaml;
use crate::fields::{Fields, unknown_key};
use crate::matcher;
use crate::meaning::{Condition, CountRange};
use crate::quote::{alternatives, quoted};
use crate::scope::{Reference, Scope};
use crate::tree::{Data, Key, Node};
use crate::unsupported::{self, Unsupported};

/// How many leaf conditions one audience may have.
const LEAVES_MAX: usize = 50;
/// How deep groups may nest.
const DEPTH_MAX: usize = 16;

/// The heads that this version evaluates.
const HEADS: [&str; 8] = ["all", "any", "none", "did", "did_not", "traits", "in_audience", "not_in_audience"];
/// What may stand beside a head, under `did` or `did_not`.
const COMPANIONS: [&str; 8] = ["where", "where_any", "within", "from", "until", "at_least", "at_most", "exactly"];

/// What other products call these keys.
const FOREIGN: &[(&str, &str)] = &[
    ("not", "none"),
    ("and", "all"),
    ("or", "any"),
    ("does", "did"),
    ("do", "did"),
    ("done", "did"),
    ("didn't", "did_not"),
    ("has_not", "did_not"),
    ("event", "did"),
    ("events", "did"),
    ("track", "did"),
    ("performed", "did"),
    ("page", "did"),
    ("screen", "did"),
    ("not_performed", "did_not"),
    ("trait", "traits"),
    ("attributes", "traits"),
    ("segment", "in_audience"),
    ("cohort", "in_audience"),
    ("audience", "in_audience"),
    ("count", "at_least"),
    ("times", "at_least"),
    ("window", "within"),
    ("last", "within"),
    ("in_last", "within"),
    ("since", "from"),
    ("after", "from"),
    ("to", "until"),
    ("before", "until"),
    ("with", "where"),
    ("filter", "where"),
    ("properties", "where"),
];

/// Reads one condition and everything below it.
pub(crate) fn condition(node: &Node, depth: usize, scope: &mut Scope) -> Option<Condition> {
    if depth > DEPTH_MAX {
        let finding = Diagnostic::error("nested-too-deep", format!("conditions nest deeper than {DEPTH_MAX}")).at(&node.place);
        scope.report(finding.help("make the inner part an audience of its own, and name it with `in_audience`"));
        return None;
    }
    if let Data::List(_) = &node.data {
        let finding = node.wrong_type("a condition").help("put the list under `all:`, `any:` or `none:`");
        scope.report(finding);
        return None;
    }
    let mut fields = scope.keep(node.as_map())?;
    let (key, value) = head(node, &mut fields, scope)?;
    let extra: &'static [Unsupported] = match key.text.as_str() {
        "did" => unsupported::DID,
        "in_audience" => unsupported::IN_AUDIENCE,
        _ => &[],
    };
    let condition = match key.text.as_str() {
        "all" => group(value, depth, scope).map(|members| conjunction(&members, scope)),
        "any" => group(value, depth, scope).map(|members| Some(Condition::Any(meanings(members)?))),
        "none" => group(value, depth, scope).map(|members| Some(Condition::None(meanings(members)?))),
        "did" => {
            count_leaves(1, &key.place, scope);
            Some(EventYaml::take_did(value, &mut fields).did(scope).map(Condition::Event))
        }
        "did_not" => {
            count_leaves(1, &key.place, scope);
            Some(EventYaml::take_did_not(value, &mut fields).did_not(scope).map(Condition::Event))
        }
        "traits" => {
            let matches = matcher::path_matches(value, scope);
            count_leaves(value.as_map().map_or(1, |fields| fields.rest().len()), &key.place, scope);
            Some(matches.map(Condition::Traits))
        }
        "in_audience" => Some(reference(value, scope).map(Condition::InAudience)),
        "not_in_audience" => Some(reference(value, scope).map(Condition::NotInAudience)),
        _ => None,
    };
    let clean = refuse_rest(key, fields, extra, scope);
    condition.flatten().filter(|_| clean)
}

/// The one head of a condition, as an entry.
fn head<'a>(node: &'a Node, fields: &mut Fields<'a>, scope: &mut Scope) -> Option<(&'a Key, &'a Node)> {
    let Data::Map(entries) = &node.data else { return None };
    let is_head = |key: &Key| HEADS.contains(&key.text.as_str()) || unsupported::does(unsupported::HEADS, &key.text).is_some();
    let heads: Vec<&Key> = entries.iter().map(|(key, _)| key).filter(|key| is_head(key)).collect();
    match heads.as_slice() {
        [] => {
            no_head(node, entries, scope);
            None
        }
        [only] => {
            if let Some(does) = unsupported::does(unsupported::HEADS, &only.text) {
                scope.report(unsupported::refused(only, does));
                return None;
            }
            HEADS.iter().find(|head| **head == only.text).and_then(|head| fields.take_entry(head))
        }
        [first, others @ ..] => {
            for other in others {
                let message = format!("a condition has one head; this one has {} and {}", quoted(&first.text), quoted(&other.text));
                let finding = Diagnostic::error("several-heads", message).at(&other.place).label(&first.place, "the first head");
                scope.report(finding.help("make a list of them: `all:`, and each with `- ` on a line of its own"));
            }
            None
        }
    }
}

fn no_head(node: &Node, entries: &[(Key, Node)], scope: &mut Scope) {
    let strange: Vec<&Key> = entries.iter().map(|(key, _)| key).filter(|key| !COMPANIONS.contains(&key.text.as_str())).collect();
    let known: Vec<&'static str> = HEADS.into_iter().chain(COMPANIONS).collect();
    for key in &strange {
        let finding = unknown_key(key, &known, FOREIGN);
        let finding = match (key.text.as_str(), finding.help.is_some()) {
            ("page", _) => finding.help("page calls are events: `did: Page Viewed`"),
            ("screen", _) => finding.help("screen calls are events: `did: Screen Viewed`"),
            (_, true) => finding,
            (_, false) => finding.help(format!("a condition begins with {}", alternatives(HEADS))),
        };
        scope.report(finding);
    }
    if strange.is_empty() {
        let finding = Diagnostic::error("no-head", "nothing says what kind of condition this is").at(&node.place);
        scope.report(finding.help(format!("add one of {}", alternatives(HEADS))));
    }
}

/// Notes every key that does not go with the head; whether there was none.
fn refuse_rest(head: &Key, fields: Fields<'_>, extra: &'static [Unsupported], scope: &mut Scope) -> bool {
    let rest = fields.rest();
    let clean = rest.is_empty();
    for (key, _) in rest {
        if let Some(does) = unsupported::does(extra, &key.text) {
            scope.report(unsupported::refused(key, does));
        } else if COMPANIONS.contains(&key.text.as_str()) || unsupported::does(unsupported::DID, &key.text).is_some() {
            let finding = Diagnostic::error("misplaced-key", format!("{} does not go with {}", quoted(&key.text), quoted(&head.text)));
            let help = match head.text.as_str() {
                "did_not" => "`did_not` means zero times; use `did` to count or to go on",
                "traits" => "a trait is what it is now, without a window or a count; use `did` for events",
                "in_audience" | "not_in_audience" => "a membership is as of the run, without a window or a count",
                _ => "put it beside `did`, inside the list",
            };
            scope.report(finding.at(&key.place).label(&head.place, "the head").help(help));
        } else {
            let known: Vec<&'static str> = match head.text.as_str() {
                "did" => COMPANIONS.to_vec(),
                "did_not" => COMPANIONS[..5].to_vec(),
                _ => Vec::new(),
            };
            let alone = known.is_empty();
            let finding = unknown_key(key, &known, if alone { &[] } else { FOREIGN });
            scope.report(if alone { finding.help(format!("nothing goes beside {}", quoted(&head.text))) } else { finding });
        }
    }
    clean
}

/// The members of a group, with their places.
type Members = Vec<(Place, Option<Condition>)>;

fn group(node: &Node, depth: usize, scope: &mut Scope) -> Option<Members> {
    if let Data::Map(_) = &node.data {
        let finding = node.wrong_type("a list of conditions").help("begin each condition with `- `");
        scope.report(finding);
        condition(node, depth + 1, scope);
        return None;
    }
    let items = scope.items(node)?;
    Some(items.iter().map(|item| (item.place.clone(), condition(item, depth + 1, scope))).collect())
}

fn meanings(members: Members) -> Option<Vec<Condition>> {
    members.into_iter().map(|(_, condition)| condition).collect()
}

/// `all`, unless two members exclude each other.
fn conjunction(members: &Members, scope: &mut Scope) -> Option<Condition> {
    let understood: Vec<(&Place, &Condition)> =
        members.iter().filter_map(|(place, condition)| condition.as_ref().map(|condition| (place, condition))).collect();
    for (index, (place, condition)) in understood.iter().enumerate() {
        if let Some((first, _)) = understood[..index].iter().find(|(_, other)| exclude(other, condition)) {
            let finding = Diagnostic::error("contradiction", "nobody can meet this and the condition above").at(place);
            scope.report(finding.label(first, "these two exclude each other").help("use `any`, or change one of them"));
            return None;
        }
    }
    meanings(members.clone()).map(Condition::All)
}

/// Whether both ask for the same thing with opposite answers.
fn exclude(one: &Condition, other: &Condition) -> bool {
    let disjoint =
        |a: CountRange, b: CountRange| a.at_most.is_some_and(|most| most < b.at_least) || b.at_most.is_some_and(|most| most < a.at_least);
    match (one, other) {
        (Condition::Event(a), Condition::Event(b)) => {
            a.event == b.event && a.window == b.window && a.filter == b.filter && disjoint(a.count, b.count)
        }
        (Condition::InAudience(a), Condition::NotInAudience(b)) | (Condition::NotInAudience(a), Condition::InAudience(b)) => a == b,
        _ => false,
    }
}

fn reference(node: &Node, scope: &mut Scope) -> Option<AudienceKey> {
    count_leaves(1, &node.place, scope);
    let text = scope.keep(node.as_text())?;
    let key = AudienceKey::parse(text).map_err(|error| {
        let message = format!("{} cannot be {}: {}", quoted(&error.text), error.what, error.rule);
        Diagnostic::error("invalid-key", message).at(&node.place)
    });
    let to = scope.keep(key)?;
    scope.references.push(Reference { to: to.clone(), of: scope.collection, place: node.place.clone() });
    Some(to)
}

fn count_leaves(more: usize, place: &Place, scope: &mut Scope) {
    let before = scope.leaves;
    scope.leaves += more;
    if before <= LEAVES_MAX && scope.leaves > LEAVES_MAX {
        let finding = Diagnostic::error("too-many-conditions", format!("an audience has at most {LEAVES_MAX} conditions")).at(place);
        scope.report(finding.help("make a part of it an audience of its own, and name it with `in_audience`"));
    }
}

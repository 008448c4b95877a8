//! Taking a condition's or step's one head, and saying why another key stands in the wrong place. The heads and what may
//! stand beside each are the tables of [`crate::language`], which the schema and the reference are made of too.

use crate::aggregate;
use crate::diagnostic::Diagnostic;
use crate::fields::{Fields, unknown_key};
use crate::foreign::FOREIGN;
use crate::language::{CONDITION_HEADS, HeadSpec, STEP_HEADS};
use crate::quote::{alternatives, quoted};
use crate::scope::Scope;
use crate::tree::{Data, Key, Node};

/// Where a head stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// A condition of its own.
    Condition,
    /// Under `then`.
    Step,
}

impl Position {
    pub(crate) fn heads(self) -> &'static [HeadSpec] {
        match self {
            Self::Condition => CONDITION_HEADS,
            Self::Step => STEP_HEADS,
        }
    }
}

/// Aggregates that only a computed trait has.
const TRAIT_FILES: [&str; 2] = ["unique", "count"];
const COUNTS: [&str; 3] = ["at_least", "at_most", "exactly"];

/// What was found when looking for a head.
pub(crate) enum Found<'a> {
    /// Exactly one: its row, key and value.
    One(&'static HeadSpec, &'a Key, &'a Node),
    /// None at all, which is not noted yet.
    None,
    /// Several, which is noted.
    Several,
}

/// Takes the one head out of the fields.
pub(crate) fn take_one<'a>(fields: &mut Fields<'a>, position: Position, scope: &mut Scope) -> Found<'a> {
    let mut found: Vec<(&'static HeadSpec, &'a Key, &'a Node)> =
        position.heads().iter().filter_map(|head| fields.take_entry(head.key.name).map(|(key, value)| (head, key, value))).collect();
    found.sort_by_key(|(_, key, _)| key.place.span.start);
    match found.as_slice() {
        [] => Found::None,
        [(head, key, value)] => Found::One(head, key, value),
        [(_, first, _), others @ ..] => {
            let (what, help) = match position {
                Position::Condition => ("a condition", "make a list of them: `all:`, and each with `- ` on a line of its own"),
                Position::Step => ("a step", "keep one; a second sequence stands beside this one, under `all`"),
            };
            for (_, other, _) in others {
                let message = format!("{what} has one head; this one has {} and {}", quoted(&first.text), quoted(&other.text));
                let finding = Diagnostic::error("several-heads", message).at(&other.place).label(&first.place, "the first head");
                scope.report(finding.help(help));
            }
            Found::Several
        }
    }
}

/// Notes that a map has no head.
pub(crate) fn none_found(node: &Node, position: Position, scope: &mut Scope) {
    let entries: &[(Key, Node)] = if let Data::Map(entries) = &node.data { entries } else { &[] };
    let names = || position.heads().iter().map(|head| head.key.name);
    let (what, missing) = match position {
        Position::Condition => ("a condition", "nothing says what kind of condition this is"),
        Position::Step => ("a step", "nothing says what must follow"),
    };
    let known: Vec<&'static str> = names().chain(companions()).collect();
    let strange: Vec<&Key> = entries.iter().map(|(key, _)| key).filter(|key| !companions().any(|name| name == key.text)).collect();
    for key in &strange {
        let finding = unknown_key(key, &known, FOREIGN);
        scope.report(match key.text.as_str() {
            "page" => finding.help("page calls are events: `did: Page Viewed`"),
            "screen" => finding.help("screen calls are events: `did: Screen Viewed`"),
            _ => finding.help_or(format!("{what} begins with {}", alternatives(names()))),
        });
    }
    if strange.is_empty() {
        let finding = Diagnostic::error("no-head", missing).at(&node.place);
        scope.report(finding.help(format!("add one of {}", alternatives(names()))));
    }
}

/// Notes every key that does not go with the head; whether there was none.
pub(crate) fn refuse_rest(head: &HeadSpec, key: &Key, fields: Fields<'_>, position: Position, scope: &mut Scope) -> bool {
    let rest = fields.rest();
    let clean = rest.is_empty();
    for (other, _) in rest {
        scope.report(if let ("sample", "salt" | "percent") = (head.key.name, other.text.as_str()) {
            let finding = Diagnostic::error("misplaced-key", format!("{} belongs inside `sample`", quoted(&other.text)));
            finding.at(&other.place).label(&key.place, "the head").help("write `sample: { percent: 10, salt: holdout }`")
        } else if companions().any(|name| name == other.text) {
            misplaced(head, key, other, position)
        } else if head.beside.is_empty() {
            unknown_key(other, &[], &[]).help(format!("nothing goes beside {}", quoted(head.key.name)))
        } else {
            let help = format!("beside {} may stand {}", quoted(head.key.name), alternatives(head.beside.iter().copied()));
            unknown_key(other, head.beside, FOREIGN).help_or(help)
        });
    }
    clean
}

/// Every key that may stand beside some head.
fn companions() -> impl Iterator<Item = &'static str> {
    let beside = CONDITION_HEADS.iter().chain(STEP_HEADS).flat_map(|head| head.beside.iter().copied());
    beside.chain(TRAIT_FILES)
}

fn misplaced(head: &HeadSpec, key: &Key, other: &Key, position: Position) -> Diagnostic {
    let (head, other_name) = (head.key.name, other.text.as_str());
    let code = if other_name == "same" { "no-sequence" } else { "misplaced-key" };
    let under = if position == Position::Step { " under `then`" } else { "" };
    let finding = Diagnostic::error(code, format!("{} does not go with {}{under}", quoted(other_name), quoted(head)));
    let is_aggregate = aggregate::inline().any(|(name, _)| name == other_name);
    let help = match (head, other_name) {
        (_, "count") => "a count of events is `at_least`, `at_most` or `exactly`, beside `did`; `count: true` belongs in `traits/`",
        (_, "unique") => "it makes a list, for `traits/`; compare how many there are with `unique_count: { of: sku, at_least: 3 }`",
        ("did_not", "then" | "which") => "nothing follows what did not happen: begin with `did`, and put `did_not` last, under `then`",
        ("did_not", _) if is_aggregate => "there is nothing to compute over events that did not happen; use `did`",
        ("did_not", name) if COUNTS.contains(&name) => "`did_not` means zero times; use `did` to count",
        ("did" | "did_not", "from" | "until") => "in a sequence `within` counts from the event before: `within: 7 days`",
        ("did", "which") => "it chooses where the whole sequence starts: put it beside the first `did`",
        ("did" | "did_not", "same") => "it ties an event to the one before it: put it under `then`",
        ("did" | "did_not", "for_at_least") => "it says how long a membership has lasted, beside `in_audience`; for events use `within`",
        ("did", _) if position == Position::Step => "an aggregate looks at the first events of a sequence: put it beside the first `did`",
        ("traits", _) => "a trait is what it is now, without a window or a count; use `did` for events",
        ("in_audience", "within") => {
            "`for_at_least` says how long it has lasted; `entered_audience` with `within` asks for a recent change"
        }
        ("not_in_audience", "for_at_least") => "put `in_audience` with `for_at_least` under `none`",
        ("in_audience" | "not_in_audience", _) => "a membership is as of the run, without a window or a count",
        ("entered_audience" | "exited_audience", _) => "only `within` goes beside it",
        ("active_within" | "inactive_for", _) => "it looks at every event, whatever its name; use `did` or `did_not` for one of them",
        ("any_user" | "all_users" | "no_user" | "account", _) => "put it inside, beside the head it belongs to",
        (_, "for_at_least") => "put it beside `in_audience`, inside the list",
        _ => "put it beside `did`, inside the list",
    };
    finding.at(&other.place).label(&key.place, "the head").help(help)
}

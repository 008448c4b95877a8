//! Sequences: `then` under `did`, up to five deep, and the occurrence they start from.
//!
//! A step is `did` or `did_not`; its `within` counts from the event before. A step whose count has an upper end waits
//! until `within` has passed: without `within` it means "not so far".
//! `which: first` and `which: last` choose one occurrence, so neither a count nor an aggregate goes with them.

use crate::counts::{self, CountYaml};
use crate::diagnostic::Diagnostic;
use crate::event::{event_name, written_name};
use crate::fields::Fields;
use crate::filter::FilterYaml;
use crate::heads::{self, Found, Position};
use crate::language::HeadSpec;
use crate::limits;
use crate::matcher::Subject;
use crate::meaning::{CountRange, SamePath, Step, Which};
use crate::path;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::suggest::suggest;
use crate::tree::{Data, Key, Node};
use crate::when;

/// How many events may follow each other after the first.
const STEPS_MAX: usize = 5;

type Entry<'a> = Option<(&'a Key, &'a Node)>;

/// A sequence's keys beside its first event, as typed.
pub(crate) struct SequenceYaml<'a> {
    which: Entry<'a>,
    then: Entry<'a>,
}

impl<'a> SequenceYaml<'a> {
    /// Takes `which` and `then`.
    pub(crate) fn take(fields: &mut Fields<'a>) -> Self {
        Self { which: fields.take_entry("which"), then: fields.take_entry("then") }
    }

    /// Reads them. `parent` is the first event's name; `over_several` a count or aggregate beside it.
    pub(crate) fn read(&self, parent: &str, over_several: Option<&Key>, scope: &mut Scope) -> Option<(Which, Option<Box<Step>>)> {
        let which = self.which.map_or(Some(Which::Any), |(_, node)| which(node, scope));
        let then = self.then.map_or(Some(None), |(key, node)| step(key, node, 1, parent, scope).map(|step| Some(Box::new(step))));
        if let (Some((key, _)), None) = (self.which, self.then) {
            let message = "`which` chooses where a sequence starts, and nothing follows here";
            let finding = Diagnostic::error("no-sequence", message).at(&key.place);
            scope.report(finding.help("add `then`, or leave it out; a property of the latest event is `last: { of: price, below: 10 }`"));
            return None;
        }
        if let (Some((key, node)), Some(Which::First | Which::Last), Some(other)) = (self.which, which, over_several) {
            let message = format!("`{}: {}` chooses one occurrence; {} is over several", key.text, written_name(node), quoted(&other.text));
            let finding =
                Diagnostic::error("conflicting-keys", message).at(&other.place).label(&key.place, "one occurrence is chosen here");
            scope.report(finding.help("keep one of them"));
            return None;
        }
        if let (Some((key, _)), None, Some(Some(first))) = (self.then, self.which, &then)
            && has_did_not(first)
        {
            let message = "this does not say which occurrence the sequence starts from";
            let finding = Diagnostic::warning("which-unsaid", message).at(&key.place);
            let finding = finding.note(format!("as it stands, any one {} for which it holds is enough", quoted(parent)));
            scope.report(finding.help("beside `did`, add `which: last` to look at the latest alone, or `which: any` to look at each"));
        }
        Some((which?, then?))
    }
}

fn has_did_not(step: &Step) -> bool {
    step.count == counts::NEVER || step.then.as_deref().is_some_and(has_did_not)
}

fn which(node: &Node, scope: &mut Scope) -> Option<Which> {
    let Data::Text(text) = &node.data else {
        scope.report(node.wrong_type("`any`, `first` or `last`"));
        return None;
    };
    let known = [("any", Which::Any), ("first", Which::First), ("last", Which::Last)];
    if let Some((_, which)) = known.iter().find(|(name, _)| name == text) {
        return Some(*which);
    }
    let meant = match text.as_str() {
        "latest" | "newest" | "most_recent" => Some("last".to_owned()),
        "earliest" | "oldest" => Some("first".to_owned()),
        "all" | "each" | "every" => Some("any".to_owned()),
        _ => suggest(text, known.map(|(name, _)| name)),
    };
    let finding = Diagnostic::error("unknown-value", format!("{} is no value of `which`", quoted(text))).at(&node.place);
    scope.report(match meant {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding.help("write `any`, `first` or `last`"),
    });
    None
}

/// Reads what follows: the value of `then`.
fn step(then: &Key, node: &Node, depth: usize, parent: &str, scope: &mut Scope) -> Option<Step> {
    if depth > STEPS_MAX {
        let finding = Diagnostic::error("sequence-too-long", format!("a sequence has at most {STEPS_MAX} steps after its first event"));
        scope.report(finding.at(&then.place).help("leave out steps that the others imply"));
        return None;
    }
    match &node.data {
        Data::Text(text) => {
            scope.report(node.wrong_type("a step").help(format!("write `then: {{ did: {text} }}`")));
            return None;
        }
        Data::List(_) => {
            scope.report(node.wrong_type("a step").help("what comes later stands inside: `then: { did: First, then: { did: Second } }`"));
            return None;
        }
        Data::Null | Data::Flag(_) | Data::Number(_) => {
            scope.report(node.wrong_type("a step").help("write `then: { did: Order Completed }`"));
            return None;
        }
        Data::Map(_) => {}
    }
    let mut fields = scope.keep(node.as_map())?;
    let (head, key, value) = head(node, &mut fields, scope)?;
    limits::count_leaves(1, &key.place, scope);
    let event = event_name(value, scope);
    let name = written_name(value);
    let filter = FilterYaml::take(&mut fields).read(Subject::Property { event: name, parent: Some(parent) }, scope);
    let within = fields.take("within").map_or(Some(None), |node| when::lookback(node, scope).map(Some));
    let same = fields.take("same").map_or(Some(Vec::new()), |node| same(node, name, parent, scope));
    let (count, next) = if head.key.name == "did" {
        let count = CountYaml::take(&mut fields).read(scope);
        let next = fields.take_entry("then");
        let followed = next.map(|(then, _)| then);
        let next = next.map_or(Some(None), |(then, node)| step(then, node, depth + 1, name, scope).map(|step| Some(Box::new(step))));
        if let (Some(Some(_)), Some(count), Some(then)) = (&next, count, followed) {
            refuse_open_end(count, then, key, scope)?;
        }
        (count, next)
    } else {
        (Some(counts::NEVER), Some(None))
    };
    let clean = heads::refuse_rest(head, key, fields, Position::Step, scope);
    let step = Step { event: event?, filter: filter?, within: within?, count: count?, same: same?, then: next? };
    clean.then_some(step)
}

/// A step with an upper end waits for its time to pass; what must follow each of its events may take longer still.
fn refuse_open_end(count: CountRange, then: &Key, head: &Key, scope: &mut Scope) -> Option<()> {
    if count.at_most.is_none() {
        return Some(());
    }
    let finding = Diagnostic::error("count-before-then", "a step with an upper end cannot be followed by another").at(&then.place);
    let finding = finding.label(&head.place, "whether one of these counts is not known before what must follow has had its time");
    scope.report(finding.help("use `at_least` alone here, or leave out the further `then`"));
    None
}

/// The one head of a step.
fn head<'a>(node: &'a Node, fields: &mut Fields<'a>, scope: &mut Scope) -> Option<(&'static HeadSpec, &'a Key, &'a Node)> {
    match heads::take_one(fields, Position::Step, scope) {
        Found::One(head, key, value) => return Some((head, key, value)),
        Found::Several => return None,
        Found::None => {}
    }
    let other = Position::Condition.heads().iter().find_map(|head| fields.take_entry(head.key.name));
    match other {
        None => heads::none_found(node, Position::Step, scope),
        Some((other, _)) => {
            let finding = Diagnostic::error("misplaced-key", format!("{} cannot follow in a sequence", quoted(&other.text)));
            let help = "a step is `did` or `did_not`; put other conditions beside the sequence, under `all`";
            scope.report(finding.at(&other.place).help(help));
        }
    }
    None
}

/// `same: cart_id`, or `same: { order_id: refund.order_id }`: the path on the event before, and on the step's own.
fn same(node: &Node, event: &str, parent: &str, scope: &mut Scope) -> Option<Vec<SamePath>> {
    let help = "write `same: cart_id`, or `same: { order_id: refund.order_id }` for different paths on the event before and this one";
    match &node.data {
        Data::Text(text) => {
            let path = scope.keep(path::steps(text, &node.place))?;
            scope.name_property(parent, &path, None, &node.place);
            scope.name_property(event, &path, None, &node.place);
            Some(vec![SamePath { parent_path: path.clone(), path }])
        }
        Data::Map(entries) if entries.is_empty() => {
            scope.report(Diagnostic::error("empty-map", "nothing is tied together here").at(&node.place).help(help));
            None
        }
        Data::Map(entries) => {
            let pairs: Vec<_> = entries.iter().map(|(key, value)| same_path(key, value, event, parent, scope)).collect();
            pairs.into_iter().collect()
        }
        Data::List(items) => {
            let paths: Vec<&str> = items.iter().map(written_name).filter(|path| !path.is_empty()).collect();
            let pairs: Vec<String> = paths.iter().map(|path| format!("{path}: {path}")).collect();
            let finding = node.wrong_type("a property");
            scope.report(if pairs.is_empty() {
                finding.help(help)
            } else {
                finding.help(format!("write `same: {{ {} }}`", pairs.join(", ")))
            });
            None
        }
        Data::Null | Data::Flag(_) | Data::Number(_) => {
            scope.report(node.wrong_type("a property").help_or(help));
            None
        }
    }
}

fn same_path(key: &Key, value: &Node, event: &str, parent: &str, scope: &mut Scope) -> Option<SamePath> {
    let parent_path = scope.keep(path::steps(&key.text, &key.place));
    let text = scope.keep(value.as_text());
    let path = text.and_then(|text| scope.keep(path::steps(text, &value.place)));
    let same = SamePath { parent_path: parent_path?, path: path? };
    scope.name_property(parent, &same.parent_path, None, &key.place);
    scope.name_property(event, &same.path, None, &value.place);
    Some(same)
}

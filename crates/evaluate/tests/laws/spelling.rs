//! From meaning back to the language: what a random definition would look like in a file.

use definitions::{
    Audience, AudienceState, Comparison, ComputedTrait, Condition, CountRange, EventCondition, Filter, MOST_FREQUENT_AT_LEAST, Matcher,
    Operator, PathMatch, Reducer, Reference, ReferenceOf, SamePath, Scalar, Step, Which,
};
use model::{Collection, Moment, MomentSpec, NUMBER_EXACT_MAX, Window};
use serde_json::{Map, Value, json};

/// The body of an audience's file, without its key and description.
pub(crate) fn audience(audience: &Audience) -> Value {
    let mut body = Map::new();
    if audience.of == Collection::Accounts {
        body.insert("of".to_owned(), json!("accounts"));
    }
    match audience.state {
        AudienceState::Live => {}
        AudienceState::Paused => {
            body.insert("state".to_owned(), json!("paused"));
        }
        AudienceState::Retired => {
            body.insert("state".to_owned(), json!("retired"));
        }
    }
    let kinds: Vec<&str> = audience.identified_by.iter().map(model::IdentifierKind::as_str).collect();
    body.insert("identified_by".to_owned(), json!(kinds));
    body.insert("who".to_owned(), condition(&audience.who));
    Value::Object(body)
}

/// The body of a computed trait's file, without its key and description.
pub(crate) fn computed_trait(computed: &ComputedTrait) -> Value {
    let mut body = Map::new();
    if computed.of == Collection::Accounts {
        body.insert("of".to_owned(), json!("accounts"));
    }
    body.insert("event".to_owned(), json!(computed.event.as_str()));
    add_filter(&mut body, &computed.filter);
    add_window(&mut body, computed.window);
    let reducer = computed.aggregate.reducer;
    let of = match reducer {
        Reducer::Count => json!(true),
        Reducer::MostFrequent { at_least } if at_least != MOST_FREQUENT_AT_LEAST => {
            json!({ "of": path(&computed.aggregate.path), "at_least": at_least })
        }
        _ => json!(path(&computed.aggregate.path)),
    };
    body.insert(reducer_name(reducer).to_owned(), of);
    if let Some(value) = &computed.if_none {
        // A list of unique values is given as its one value.
        let value = match value {
            model::Value::List(items) => items.iter().map(|item| serde_json::to_value(item).expect("a text")).next().unwrap_or_default(),
            scalar => serde_json::to_value(scalar).expect("a scalar"),
        };
        body.insert("if_none".to_owned(), value);
    }
    Value::Object(body)
}

pub(crate) fn condition(meaning: &Condition) -> Value {
    let all = |parts: &[Condition]| -> Vec<Value> { parts.iter().map(condition).collect() };
    match meaning {
        Condition::All(parts) => json!({ "all": all(parts) }),
        Condition::Any(parts) => json!({ "any": all(parts) }),
        Condition::None(parts) => json!({ "none": all(parts) }),
        Condition::Event(event) => event_condition(event),
        Condition::Traits(matches) => json!({ "traits": path_matches(matches) }),
        Condition::ActiveWithin(length) => json!({ "active_within": length.to_string() }),
        Condition::InactiveFor(length) => json!({ "inactive_for": length.to_string() }),
        Condition::InAudience(key) => json!({ "in_audience": key.as_str() }),
        Condition::NotInAudience(key) => json!({ "not_in_audience": key.as_str() }),
        Condition::MemberFor { audience, at_least } => json!({ "in_audience": audience.as_str(), "for_at_least": at_least.to_string() }),
        Condition::EnteredAudience { audience, within } => json!({ "entered_audience": audience.as_str(), "within": within.to_string() }),
        Condition::ExitedAudience { audience, within } => json!({ "exited_audience": audience.as_str(), "within": within.to_string() }),
        Condition::AnyUser(inner) => json!({ "any_user": condition(inner) }),
        Condition::AllUsers(inner) => json!({ "all_users": condition(inner) }),
        Condition::NoUser(inner) => json!({ "no_user": condition(inner) }),
        Condition::Account(inner) => json!({ "account": condition(inner) }),
        Condition::Sample { percent, salt } => json!({ "sample": { "percent": number(*percent), "salt": salt } }),
    }
}

fn event_condition(event: &EventCondition) -> Value {
    let mut body = Map::new();
    let asks_more = event.then.is_some() || event.aggregate.is_some() || event.which != Which::Any;
    add_count(&mut body, event.event.as_str(), event.count, asks_more);
    add_filter(&mut body, &event.filter);
    add_window(&mut body, event.window);
    if let Some(asked) = &event.aggregate {
        let mut operators = matcher(&asked.matcher);
        operators.insert("of".to_owned(), json!(path(&asked.aggregate.path)));
        body.insert(reducer_name(asked.aggregate.reducer).to_owned(), Value::Object(operators));
    }
    match event.which {
        Which::Any => {}
        Which::First => {
            body.insert("which".to_owned(), json!("first"));
        }
        Which::Last => {
            body.insert("which".to_owned(), json!("last"));
        }
    }
    add_then(&mut body, event.then.as_deref());
    Value::Object(body)
}

fn add_then(body: &mut Map<String, Value>, then: Option<&Step>) {
    let Some(step) = then else { return };
    let mut inner = Map::new();
    add_count(&mut inner, step.event.as_str(), step.count, step.then.is_some());
    add_filter(&mut inner, &step.filter);
    if let Some(within) = step.within {
        inner.insert("within".to_owned(), json!(within.to_string()));
    }
    match step.same.as_slice() {
        [] => {}
        [SamePath { parent_path, path: own }] if parent_path == own => {
            inner.insert("same".to_owned(), json!(path(own)));
        }
        several => {
            let pairs = several.iter().map(|same| (path(&same.parent_path), json!(path(&same.path))));
            inner.insert("same".to_owned(), Value::Object(pairs.collect()));
        }
    }
    add_then(&mut inner, step.then.as_deref());
    body.insert("then".to_owned(), Value::Object(inner));
}

fn add_count(body: &mut Map<String, Value>, event: &str, count: CountRange, asks_more: bool) {
    let CountRange { at_least, at_most } = count;
    if at_most == Some(0) && !asks_more {
        body.insert("did_not".to_owned(), json!(event));
        return;
    }
    body.insert("did".to_owned(), json!(event));
    match at_most {
        None if at_least == 1 => {}
        None => {
            body.insert("at_least".to_owned(), json!(at_least));
        }
        Some(at_most) if at_most == at_least => {
            body.insert("exactly".to_owned(), json!(at_least));
        }
        Some(at_most) => {
            body.insert("at_least".to_owned(), json!(at_least));
            body.insert("at_most".to_owned(), json!(at_most));
        }
    }
}

fn add_filter(body: &mut Map<String, Value>, filter: &Filter) {
    if !filter.all.is_empty() {
        body.insert("where".to_owned(), path_matches(&filter.all));
    }
    if !filter.any.is_empty() {
        let sets: Vec<Value> = filter.any.iter().map(|set| path_matches(set)).collect();
        body.insert("where_any".to_owned(), Value::Array(sets));
    }
}

fn add_window(body: &mut Map<String, Value>, window: Window) {
    match window {
        Window::Ever => {}
        Window::Within(length) => {
            body.insert("within".to_owned(), json!(length.to_string()));
        }
        Window::Between { from, until } => {
            for (name, spec) in [("from", from), ("until", until)] {
                if let Some(spec) = spec {
                    body.insert(name.to_owned(), json!(moment_spec(spec)));
                }
            }
        }
    }
}

fn path_matches(matches: &[PathMatch]) -> Value {
    Value::Object(matches.iter().map(|path_match| (path(&path_match.path), Value::Object(matcher(&path_match.matcher)))).collect())
}

fn matcher(meaning: &Matcher) -> Map<String, Value> {
    let mut body: Map<String, Value> =
        meaning.operators.iter().map(|operator| (operator_name(operator).to_owned(), operand(operator))).collect();
    for (name, set) in [("ignore_case", meaning.ignore_case), ("or_missing", meaning.or_missing)] {
        if set {
            body.insert(name.to_owned(), json!(true));
        }
    }
    body
}

/// The key under which an operator stands.
pub(crate) fn operator_name(operator: &Operator) -> &'static str {
    match operator {
        Operator::Equals(_) => "equals",
        Operator::NotEquals(_) => "not_equals",
        Operator::OneOf(_) => "one_of",
        Operator::NoneOf(_) => "none_of",
        Operator::Contains(_) => "contains",
        Operator::NotContains(_) => "not_contains",
        Operator::ContainsAny(_) => "contains_any",
        Operator::StartsWith(_) => "starts_with",
        Operator::EndsWith(_) => "ends_with",
        Operator::Above(_) => "above",
        Operator::AtLeast(_) => "at_least",
        Operator::Below(_) => "below",
        Operator::AtMost(_) => "at_most",
        Operator::Exists(_) => "exists",
        Operator::Before(_) => "before",
        Operator::After(_) => "after",
        Operator::WithinLast(_) => "within_last",
        Operator::WithinNext(_) => "within_next",
        Operator::AnniversaryWithinNext(_) => "anniversary_within_next",
        Operator::Includes(_) => "includes",
        Operator::IncludesAny(_) => "includes_any",
        Operator::IncludesAll(_) => "includes_all",
        Operator::IncludesNone(_) => "includes_none",
        Operator::Compare { comparison, .. } => match comparison {
            Comparison::Equals => "equals",
            Comparison::NotEquals => "not_equals",
            Comparison::Contains => "contains",
            Comparison::NotContains => "not_contains",
            Comparison::StartsWith => "starts_with",
            Comparison::EndsWith => "ends_with",
            Comparison::Above => "above",
            Comparison::AtLeast => "at_least",
            Comparison::Below => "below",
            Comparison::AtMost => "at_most",
            Comparison::Before => "before",
            Comparison::After => "after",
        },
    }
}

fn operand(operator: &Operator) -> Value {
    match operator {
        Operator::Equals(constant) | Operator::NotEquals(constant) | Operator::Includes(constant) => scalar(constant),
        Operator::OneOf(constants)
        | Operator::NoneOf(constants)
        | Operator::IncludesAny(constants)
        | Operator::IncludesAll(constants)
        | Operator::IncludesNone(constants) => constants.iter().map(scalar).collect(),
        Operator::Contains(needle) | Operator::NotContains(needle) | Operator::StartsWith(needle) | Operator::EndsWith(needle) => {
            json!(needle)
        }
        Operator::ContainsAny(needles) => json!(needles),
        Operator::Above(bound) | Operator::AtLeast(bound) | Operator::Below(bound) | Operator::AtMost(bound) => number(*bound),
        Operator::Exists(expected) => json!(expected),
        Operator::Before(spec) | Operator::After(spec) => json!(moment_spec(*spec)),
        Operator::WithinLast(length) | Operator::WithinNext(length) | Operator::AnniversaryWithinNext(length) => json!(length.to_string()),
        Operator::Compare { comparison: _, with: Reference { of: ReferenceOf::Trait, path: to } } => json!({ "trait": path(to) }),
        Operator::Compare { comparison: _, with: Reference { of: ReferenceOf::Parent, path: to } } => json!({ "parent": path(to) }),
    }
}

fn scalar(constant: &Scalar) -> Value {
    match constant {
        Scalar::Flag(flag) => json!(flag),
        Scalar::Number(float) => number(*float),
        Scalar::Integer(integer) => serde_json::from_str(&integer.to_string()).expect("at most 64 bits"),
        Scalar::Text(text) => json!(text),
    }
}

/// Whole numbers without a point, as people write them.
fn number(float: f64) -> Value {
    if float.fract() == 0.0 && float.abs() <= NUMBER_EXACT_MAX as f64 {
        #[expect(clippy::cast_possible_truncation, reason = "checked: whole and at most 2^53")]
        return json!(float as i64);
    }
    json!(float)
}

fn reducer_name(reducer: Reducer) -> &'static str {
    match reducer {
        Reducer::Count => "count",
        Reducer::Sum => "sum",
        Reducer::Average => "average",
        Reducer::Min => "min",
        Reducer::Max => "max",
        Reducer::First => "first",
        Reducer::Last => "last",
        Reducer::MostFrequent { .. } => "most_frequent",
        Reducer::Unique => "unique",
        Reducer::UniqueCount => "unique_count",
    }
}

fn path(steps: &[String]) -> String {
    let escaped: Vec<String> = steps.iter().map(|step| step.replace('\\', "\\\\").replace('.', "\\.")).collect();
    escaped.join(".")
}

fn moment_spec(spec: MomentSpec) -> String {
    match spec {
        MomentSpec::Date(day) => day.to_string(),
        MomentSpec::At(at) => moment(at),
        MomentSpec::Ago(length) => format!("{length} ago"),
        MomentSpec::FromNow(length) => format!("{length} from now"),
        MomentSpec::Now => "now".to_owned(),
        MomentSpec::Today => "today".to_owned(),
    }
}

/// A moment to the microsecond.
pub(crate) fn moment(at: Moment) -> String {
    at.to_utc().format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
}

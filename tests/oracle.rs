//! The oracle: who is in, asked one profile and one fact at a time.
//!
//! It holds the real evaluator to its meaning, so it shares no code with it: no columns, no bitmaps, no plan, no
//! indexes, nothing remembered from one question to the next. It is slow and meant to be obviously right; where a
//! choice exists it takes the most literal reading of the rule. It knows `model` (what a moment and a lookback are)
//! and `definitions` (what a condition says), nothing else of ours.
//!
//! Included by tests with `#[path]`; it is not a test of its own.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use definitions::{Audience, Catalog, Condition, EventCondition, Matcher, Operator, PathMatch, Scalar};
use model::{AsOf, AudienceKey, Fact, FactKind, Moment, MomentSpec, People, ProfileId, Value, Window};
use unicode_normalization::UnicodeNormalization as _;

/// The members of every audience, as profile numbers.
pub(crate) fn evaluate(catalog: &Catalog, facts: &[Fact], people: &People, as_of: AsOf) -> BTreeMap<AudienceKey, BTreeSet<u32>> {
    let oracle = Oracle { catalog, facts, people, as_of };
    let members =
        |audience: &Audience| oracle.everybody().filter(|profile| oracle.is_member(audience, *profile)).map(|profile| profile.0).collect();
    catalog.audiences.iter().map(|(key, audience)| (key.clone(), members(audience))).collect()
}

struct Oracle<'a> {
    catalog: &'a Catalog,
    facts: &'a [Fact],
    people: &'a People,
    as_of: AsOf,
}

impl Oracle<'_> {
    /// Everybody who was not merged into somebody else.
    fn everybody(&self) -> impl Iterator<Item = ProfileId> + '_ {
        let numbers = (0..u32::try_from(self.people.len()).expect("few people in a test")).map(ProfileId);
        numbers.filter(|profile| self.people.survivor(*profile) == *profile)
    }

    fn is_member(&self, audience: &Audience, profile: ProfileId) -> bool {
        self.is_considered(audience, profile) && self.holds(&audience.who, profile)
    }

    fn is_considered(&self, audience: &Audience, profile: ProfileId) -> bool {
        let is_account = self.people.accounts.iter().any(|account| self.people.survivor(*account) == profile);
        let is_identified = audience.identified_by.iter().any(|kind| {
            let sightings = self.people.sightings.get(kind).into_iter().flatten();
            sightings
                .into_iter()
                .any(|sighting| self.people.survivor(sighting.profile) == profile && sighting.first_seen_at <= self.as_of.moment())
        });
        is_identified && !is_account
    }

    fn holds(&self, condition: &Condition, profile: ProfileId) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|part| self.holds(part, profile)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part, profile)),
            Condition::None(parts) => !parts.iter().any(|part| self.holds(part, profile)),
            Condition::Event(event) => {
                let count = self.facts_of(profile).filter(|fact| self.counts(event, fact)).count();
                let enough = count >= event.count.at_least as usize;
                let too_many = event.count.at_most.is_some_and(|at_most| count > at_most as usize);
                enough && !too_many
            }
            Condition::Traits(matches) => matches.iter().all(|path_match| {
                let value = self.trait_value(profile, &path_match.path[0]);
                self.matches(path_match, value.as_ref())
            }),
            Condition::InAudience(key) => self.is_member(&self.catalog.audiences[key], profile),
            Condition::NotInAudience(key) => !self.is_member(&self.catalog.audiences[key], profile),
            _ => unimplemented!(),
        }
    }

    /// What is known about a profile as of the moment asked, also from before profiles were merged into it.
    fn facts_of(&self, profile: ProfileId) -> impl Iterator<Item = &Fact> + '_ {
        let by_then = self.facts.iter().filter(|fact| fact.occurred_at <= self.as_of.moment());
        by_then.filter(move |fact| self.people.survivor(fact.profile) == profile)
    }

    fn counts(&self, condition: &EventCondition, fact: &Fact) -> bool {
        let FactKind::Event { name, properties } = &fact.kind else {
            return false;
        };
        let property = |name: &str| properties.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let all_match = |set: &[PathMatch]| set.iter().all(|path_match| self.matches(path_match, property(&path_match.path[0])));
        let filter = &condition.filter;
        *name == condition.event
            && self.lies_in(condition.window, fact.occurred_at)
            && all_match(&filter.all)
            && (filter.any.is_empty() || filter.any.iter().any(|set| all_match(set)))
    }

    fn lies_in(&self, window: Window, at: Moment) -> bool {
        let zone = self.catalog.settings.zone;
        match window {
            Window::Ever => true,
            Window::Within(length) => at >= length.before(self.as_of.moment(), zone),
            Window::Between { from, until } => {
                from.is_none_or(|spec| at >= spec.resolve(self.as_of, zone)) && until.is_none_or(|spec| at < spec.resolve(self.as_of, zone))
            }
        }
    }

    /// The last thing said about a trait; nothing when that was that it is gone.
    fn trait_value(&self, profile: ProfileId, name: &str) -> Option<Value> {
        let mut said: Vec<(&Fact, &Option<Value>)> = Vec::new();
        for fact in self.facts_of(profile) {
            if let FactKind::Traits(traits) = &fact.kind {
                said.extend(traits.iter().filter(|(known, _)| known == name).map(|(_, value)| (fact, value)));
            }
        }
        said.sort_by_key(|(fact, _)| (fact.occurred_at, fact.received_at, fact.message_key));
        said.last().and_then(|(_, value)| (*value).clone())
    }

    fn matches(&self, path_match: &PathMatch, value: Option<&Value>) -> bool {
        let found: Vec<&Value> = value.into_iter().flat_map(|value| walk(value, &path_match.path[1..])).collect();
        let elements: Vec<&Value> = found.iter().flat_map(|value| elements(value)).collect();
        let matcher = &path_match.matcher;
        if elements.is_empty() && matcher.or_missing {
            return true;
        }
        matcher.operators.iter().all(|operator| self.operator_holds(operator, matcher, !found.is_empty(), &elements))
    }

    fn operator_holds(&self, operator: &Operator, matcher: &Matcher, present: bool, elements: &[&Value]) -> bool {
        let any = |test: &dyn Fn(&Value) -> Option<bool>| elements.iter().any(|element| test(element) == Some(true));
        let every =
            |test: &dyn Fn(&Value) -> Option<bool>| !elements.is_empty() && elements.iter().all(|element| test(element) == Some(true));
        let spell = |text: &str| spell(text, matcher.ignore_case);
        let text = |value: &Value| value.to_text().map(|text| spell(&text));
        let equals = |value: &Value, constant: &Scalar| equals(value, constant, matcher.ignore_case);
        match operator {
            Operator::Exists(expected) => present == *expected,
            Operator::Equals(constant) => any(&|value| equals(value, constant)),
            Operator::OneOf(constants) => constants.iter().any(|constant| any(&|value| equals(value, constant))),
            Operator::NotEquals(constant) => every(&|value| equals(value, constant).map(|equal| !equal)),
            Operator::NoneOf(constants) => constants.iter().all(|constant| every(&|value| equals(value, constant).map(|equal| !equal))),
            Operator::Contains(needle) => any(&|value| Some(text(value)?.contains(&spell(needle)))),
            Operator::NotContains(needle) => every(&|value| Some(!text(value)?.contains(&spell(needle)))),
            Operator::ContainsAny(needles) => needles.iter().any(|needle| any(&|value| Some(text(value)?.contains(&spell(needle))))),
            Operator::StartsWith(needle) => any(&|value| Some(text(value)?.starts_with(&spell(needle)))),
            Operator::EndsWith(needle) => any(&|value| Some(text(value)?.ends_with(&spell(needle)))),
            Operator::Above(bound) => any(&|value| Some(decimal(value)? > Decimal::of(*bound))),
            Operator::AtLeast(bound) => any(&|value| Some(decimal(value)? >= Decimal::of(*bound))),
            Operator::Below(bound) => any(&|value| Some(decimal(value)? < Decimal::of(*bound))),
            Operator::AtMost(bound) => any(&|value| Some(decimal(value)? <= Decimal::of(*bound))),
            Operator::Before(spec) => any(&|value| Some(self.is_before(&date(value)?, *spec))),
            Operator::After(spec) => any(&|value| Some(!self.is_before(&date(value)?, *spec))),
            Operator::WithinLast(length) => any(&|value| {
                let date = date(value)?;
                Some(!self.is_before(&date, MomentSpec::Ago(*length)) && self.is_before(&date, MomentSpec::Now))
            }),
            Operator::WithinNext(length) => any(&|value| {
                let date = date(value)?;
                Some(!self.is_before(&date, MomentSpec::Now) && self.is_before(&date, MomentSpec::FromNow(*length)))
            }),
            _ => unimplemented!(),
        }
    }

    fn is_before(&self, date: &Date, spec: MomentSpec) -> bool {
        let zone = self.catalog.settings.zone;
        match date {
            Date::Day(day) => *day < spec.day(self.as_of, zone),
            Date::Instant(moment) => *moment < spec.resolve(self.as_of, zone),
        }
    }
}

fn walk<'a>(value: &'a Value, path: &[String]) -> Vec<&'a Value> {
    match (value, path) {
        (_, []) => vec![value],
        (Value::Object(members), [step, rest @ ..]) => members.get(step).map(|member| walk(member, rest)).unwrap_or_default(),
        (Value::List(items), _) => items.iter().flat_map(|item| walk(item, path)).collect(),
        _ => Vec::new(),
    }
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) => items.iter().flat_map(elements).collect(),
        other => vec![other],
    }
}

fn spell(text: &str, ignore_case: bool) -> String {
    let composed: String = text.nfc().collect();
    if !ignore_case {
        return composed;
    }
    let mut folded = String::new();
    for c in composed.chars() {
        folded.extend(c.to_lowercase());
    }
    folded.replace('\u{3c2}', "\u{3c3}") // a final sigma is a sigma
}

fn equals(value: &Value, constant: &Scalar, ignore_case: bool) -> Option<bool> {
    match constant {
        Scalar::Text(expected) => Some(spell(&value.to_text()?, ignore_case) == spell(expected, ignore_case)),
        Scalar::Number(expected) => Some(decimal(value)? == Decimal::of(*expected)),
        Scalar::Integer(expected) => Some(decimal(value)? == Decimal::read(&expected.to_string())?),
        Scalar::Flag(expected) => match value {
            Value::Flag(flag) => Some(flag == expected),
            Value::Text(text) if text == "true" => Some(*expected),
            Value::Text(text) if text == "false" => Some(!*expected),
            _ => None,
        },
    }
}

/// A decimal number as written, compared digit by digit.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    /// Without leading zeroes.
    whole: String,
    /// Without trailing zeroes.
    fraction: String,
}

impl Decimal {
    fn of(number: f64) -> Self {
        Self::read(&number.to_string()).expect("floats are shown as plain decimals")
    }

    fn read(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole, fraction })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let size = |number: &Self| (number.whole.len(), number.whole.clone(), number.fraction.clone());
        Some(match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (false, true) => std::cmp::Ordering::Greater,
            (true, false) => std::cmp::Ordering::Less,
        })
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(Decimal::of(*number)),
        Value::Integer(integer) => Decimal::read(&integer.to_string()),
        Value::Text(text) => Decimal::read(text),
        _ => None,
    }
}

enum Date {
    /// A whole day, told by the calendar on the wall of the workspace.
    Day(NaiveDate),
    Instant(Moment),
}

fn date(value: &Value) -> Option<Date> {
    let Value::Text(text) = value else {
        return None;
    };
    if let Ok(day) = text.trim().parse::<NaiveDate>() {
        return Some(Date::Day(day));
    }
    Moment::parse(text).ok().map(Date::Instant)
}

//! Random conditions: of users and of accounts, every head, sequences up to three steps deep.

use definitions::{
    Aggregate, AggregateMatch, Condition, CountRange, EventCondition, Filter, MOST_FREQUENT_AT_LEAST, Reducer, SamePath, Step, Which,
};
use model::{AudienceKey, Collection, EventName, Lookback, Window};
use proptest::prelude::*;
use proptest::sample::select;

use crate::histories::EVENTS;
use crate::matchers::{Sight, filter, filters_alike, lookback, matcher, moment_spec, number_matcher, path, path_matches};

const NESTED: u32 = 2;
const STEPS: u32 = 2;

/// References to audiences are drawn before anybody knows what there is to refer to: they hold a number.
pub(crate) fn condition(of: Collection) -> BoxedStrategy<Condition> {
    nested(of, NESTED)
}

fn nested(of: Collection, depth: u32) -> BoxedStrategy<Condition> {
    if depth == 0 {
        return leaf().boxed();
    }
    let parts = || prop::collection::vec(nested(of, depth - 1), 1..4);
    let groups = prop_oneof![parts().prop_map(Condition::All), parts().prop_map(Condition::Any), parts().prop_map(Condition::None)];
    let across = match of {
        Collection::Users => nested(Collection::Accounts, depth - 1).prop_map(|inner| Condition::Account(Box::new(inner))).boxed(),
        Collection::Accounts => {
            let inner = || nested(Collection::Users, depth - 1).prop_map(Box::new);
            prop_oneof![inner().prop_map(Condition::AnyUser), inner().prop_map(Condition::AllUsers), inner().prop_map(Condition::NoUser)]
                .boxed()
        }
    };
    prop_oneof![5 => leaf(), 2 => groups, 2 => across].boxed()
}

fn leaf() -> impl Strategy<Value = Condition> {
    let salt = select(vec!["", "a", "hold-out"]);
    let percent = select(vec![0.5, 10.0, 33.3, 50.0, 100.0]);
    prop_oneof![
        12 => event_condition().prop_map(Condition::Event),
        3 => alike(),
        5 => path_matches(Sight::Profile, 1..3).prop_map(Condition::Traits),
        1 => lookback().prop_map(Condition::ActiveWithin),
        1 => lookback().prop_map(Condition::InactiveFor),
        1 => key().prop_map(Condition::InAudience),
        1 => key().prop_map(Condition::NotInAudience),
        2 => (key(), lookback()).prop_map(|(audience, at_least)| Condition::MemberFor { audience, at_least }),
        2 => (key(), lookback()).prop_map(|(audience, within)| Condition::EnteredAudience { audience, within }),
        2 => (key(), lookback()).prop_map(|(audience, within)| Condition::ExitedAudience { audience, within }),
        1 => (percent, salt).prop_map(|(percent, salt)| Condition::Sample { percent, salt: salt.to_owned() }),
    ]
}

/// Conditions on one event whose filters look at the same properties: they are counted in one pass.
fn alike() -> impl Strategy<Value = Condition> {
    let group = select(vec![Condition::All as fn(Vec<Condition>) -> Condition, Condition::Any, Condition::None]);
    (event(), filters_alike(), prop::collection::vec((window(), count()), 5), group).prop_map(|(event, filters, asked, group)| {
        let condition = |(filter, (window, count))| EventCondition { filter, window, count, ..EventCondition::did(event.clone()) };
        group(filters.into_iter().zip(asked).map(condition).map(Condition::Event).collect())
    })
}

fn key() -> impl Strategy<Value = AudienceKey> {
    (0..4_usize).prop_map(numbered)
}

/// Keys descend, so that the order of evaluation is not that of the keys.
pub(crate) fn numbered(number: usize) -> AudienceKey {
    AudienceKey::parse(&format!("audience_{}", 9 - number)).expect("plain")
}

/// `did_not` stands alone; whatever else is asked goes with a count of at least one, and one chosen occurrence with no
/// count at all.
fn event_condition() -> impl Strategy<Value = EventCondition> {
    let plain = (event(), filter(Sight::Profile), window(), count());
    let which = select(vec![Which::Any, Which::First, Which::Last]);
    let sequence = prop_oneof![1 => Just(None), 1 => (which, step(STEPS)).prop_map(Some)];
    (plain, sequence, prop::option::weighted(0.3, aggregate_match())).prop_map(|((event, filter, window, count), sequence, aggregate)| {
        let (which, then) = match sequence {
            Some((which, step)) => (which, Some(Box::new(step))),
            None => (Which::Any, None),
        };
        if which != Which::Any {
            return EventCondition { filter, window, which, then, ..EventCondition::did(event) };
        }
        let asks_more = then.is_some() || aggregate.is_some();
        let count = if asks_more && is_none(count) { CountRange { at_least: 0, at_most: Some(1) } } else { count };
        EventCondition { event, filter, window, count, aggregate, which, then }
    })
}

fn is_none(count: CountRange) -> bool {
    count == CountRange { at_least: 0, at_most: Some(0) }
}

fn step(deeper: u32) -> BoxedStrategy<Step> {
    let same = prop_oneof![
        6 => Just(Vec::new()),
        1 => (path(), path()).prop_map(|(parent_path, path)| vec![SamePath { parent_path, path }]),
        1 => path().prop_map(|path| vec![SamePath { parent_path: path.clone(), path }]),
    ];
    let then = if deeper == 0 { Just(None).boxed() } else { prop::option::weighted(0.4, step(deeper - 1)).boxed() };
    let within = prop_oneof![3 => select(vec!["7 days", "1 day", "12 hours", "8 days"]).prop_map(length), 1 => lookback()];
    let filter = prop_oneof![2 => Just(Filter::default()), 1 => filter(Sight::Parent)];
    let event = prop_oneof![2 => select(vec!["A", "B"]).prop_map(named), 1 => event()];
    (event, filter, prop::option::weighted(0.7, within), count(), same, then)
        .prop_map(|(event, filter, within, count, same, then)| {
            let then = then.filter(|_| !is_none(count)).map(Box::new);
            Step { event, filter, within, count, same, then }
        })
        .boxed()
}

fn aggregate_match() -> impl Strategy<Value = AggregateMatch> {
    let of_numbers = select(vec![Reducer::Sum, Reducer::Average, Reducer::Min, Reducer::Max, Reducer::UniqueCount]);
    let of_anything = select(vec![Reducer::First, Reducer::Last, Reducer::MostFrequent { at_least: MOST_FREQUENT_AT_LEAST }]);
    let asked = prop_oneof![(of_numbers, number_matcher()), (of_anything, matcher(Sight::Profile))];
    (asked, path()).prop_map(|((reducer, matcher), path)| AggregateMatch { aggregate: Aggregate { reducer, path }, matcher })
}

fn count() -> impl Strategy<Value = CountRange> {
    prop_oneof![
        4 => Just(CountRange { at_least: 1, at_most: None }),
        2 => Just(CountRange { at_least: 0, at_most: Some(0) }),
        1 => (1..4_u32).prop_map(|exactly| CountRange { at_least: exactly, at_most: Some(exactly) }),
        1 => (2..4_u32).prop_map(|at_least| CountRange { at_least, at_most: None }),
        1 => (0..3_u32, 1..3_u32).prop_map(|(at_least, more)| CountRange { at_least, at_most: Some(at_least + more) }),
    ]
}

pub(crate) fn event() -> impl Strategy<Value = EventName> {
    select(EVENTS.to_vec()).prop_map(named)
}

fn named(name: &str) -> EventName {
    EventName::parse(name).expect("plain")
}

fn length(text: &str) -> Lookback {
    Lookback::parse(text).expect("plain")
}

pub(crate) fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        2 => Just(Window::Ever),
        2 => lookback().prop_map(Window::Within),
        1 => moment_spec().prop_map(|from| Window::Between { from: Some(from), until: None }),
        1 => moment_spec().prop_map(|until| Window::Between { from: None, until: Some(until) }),
        2 => (moment_spec(), moment_spec()).prop_map(|(from, until)| Window::Between { from: Some(from), until: Some(until) }),
    ]
}

//! Facts on their way into the lake, their texts borrowed from whoever read them.
//!
//! A [`Fact`] owns each name and text it holds, which an import of millions would pay for with an allocation each.

use model::{EventName, Fact, FactKind, MessageKey, Moment, ProfileId, SourceOrder, Value};

/// A fact as [`crate::Lake::write_told`] takes it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'t> {
    /// See [`Fact::profile`].
    pub profile: ProfileId,
    /// See [`Fact::occurred_at`].
    pub occurred_at: Moment,
    /// See [`Fact::received_at`].
    pub received_at: Moment,
    /// See [`Fact::message_key`].
    pub message_key: MessageKey,
    /// See [`Fact::source_order`].
    pub source_order: SourceOrder,
    /// The event; none for traits.
    pub event: Option<&'t EventName>,
    /// Its properties or traits. Names are unique.
    pub members: &'t [Member<'t>],
}

/// A property or trait: its name and its value.
pub type Member<'t> = (&'t str, ValueRef<'t>);

/// The value of a property or trait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'t> {
    /// A number that a 64-bit float holds.
    Number(f64),
    /// A text.
    Text(&'t str),
    /// `true` or `false`.
    Flag(bool),
    /// A list, an object or a whole number beyond 2^53.
    Json(&'t Value),
    /// The trait was taken away.
    Gone,
}

impl<'t> From<&'t Value> for ValueRef<'t> {
    fn from(value: &'t Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text),
            Value::Flag(flag) => Self::Flag(*flag),
            Value::Integer(_) | Value::List(_) | Value::Object(_) => Self::Json(value),
        }
    }
}

/// The members of all these facts, and where those of each begin.
pub(crate) fn members(facts: &[Fact]) -> (Vec<Member<'_>>, Vec<usize>) {
    let (mut members, mut starts) = (Vec::new(), Vec::with_capacity(facts.len() + 1));
    starts.push(0);
    for fact in facts {
        match &fact.kind {
            FactKind::Event { properties, .. } => members.extend(properties.iter().map(|(name, value)| (name.as_str(), value.into()))),
            FactKind::Traits(traits) => {
                members.extend(traits.iter().map(|(name, value)| (name.as_str(), value.as_ref().map_or(ValueRef::Gone, ValueRef::from))));
            }
        }
        starts.push(members.len());
    }
    (members, starts)
}

/// The fact with its members at hand.
pub(crate) fn told<'t>(fact: &'t Fact, members: &'t [Member<'t>]) -> Told<'t> {
    let event = match &fact.kind {
        FactKind::Event { name, .. } => Some(name),
        FactKind::Traits(_) => None,
    };
    let Fact { profile, occurred_at, received_at, message_key, source_order, .. } = *fact;
    Told { profile, occurred_at, received_at, message_key, source_order, event, members }
}

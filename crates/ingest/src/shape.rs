//! A line as typed: JSON taken as it comes, before anything is checked.
//!
//! Types are forgiving here, so that a wrong one is named by `parse` instead of ending the line with a parser's words
//! (which might repeat personal data). Of two equal keys the last wins; null is absent; what nobody asks for is skipped.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use model::Value;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::message::{Given, Member};

/// An object whose keys are taken one by one.
pub(crate) trait Fields<'de>: Default {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error>;
}

/// What stands where an object is expected.
#[derive(Debug, Default)]
pub(crate) enum Shape<T> {
    #[default]
    Absent,
    Object(T),
    Other,
}

/// What stands where a text, a number or a flag is expected.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Scalar<'de> {
    #[default]
    Absent,
    Text(Cow<'de, str>),
    /// As decimal text.
    Number(String),
    Flag(bool),
    Other,
}

/// The fields of a message that mean something here.
#[derive(Debug, Default)]
pub(crate) struct Line<'de> {
    pub(crate) kind: Scalar<'de>,
    pub(crate) user_id: Scalar<'de>,
    pub(crate) anonymous_id: Scalar<'de>,
    pub(crate) group_id: Scalar<'de>,
    pub(crate) previous_id: Scalar<'de>,
    pub(crate) message_id: Scalar<'de>,
    pub(crate) event: Scalar<'de>,
    pub(crate) name: Scalar<'de>,
    pub(crate) category: Scalar<'de>,
    pub(crate) timestamp: Scalar<'de>,
    pub(crate) original_timestamp: Scalar<'de>,
    pub(crate) sent_at: Scalar<'de>,
    pub(crate) received_at: Scalar<'de>,
    pub(crate) properties: Shape<Members<'de>>,
    pub(crate) traits: Shape<Members<'de>>,
    pub(crate) context: Shape<Context<'de>>,
}

/// Properties or traits, in the order sent; names may repeat.
#[derive(Debug, Default)]
pub(crate) struct Members<'de>(pub(crate) Vec<Member<'de>>);

/// The part of `context` that identifies.
#[derive(Debug, Default)]
pub(crate) struct Context<'de> {
    pub(crate) group_id: Scalar<'de>,
    pub(crate) traits: Shape<Members<'de>>,
    pub(crate) device: Shape<ContextDevice<'de>>,
    pub(crate) external_ids: Items<ContextExternalId<'de>>,
    pub(crate) integrations: Shape<ContextIntegrations<'de>>,
}

/// What stands where a list of objects is expected: the objects in it.
#[derive(Debug)]
pub(crate) struct Items<T>(pub(crate) Vec<Shape<T>>);

/// An entry of `context.externalIds`.
#[derive(Debug, Default)]
pub(crate) struct ContextExternalId<'de> {
    pub(crate) id: Scalar<'de>,
    pub(crate) kind: Scalar<'de>,
    pub(crate) collection: Scalar<'de>,
    pub(crate) encoding: Scalar<'de>,
}

/// The part of `context.integrations` that identifies.
#[derive(Debug, Default)]
pub(crate) struct ContextIntegrations<'de> {
    pub(crate) google_analytics: Shape<ContextGoogleAnalytics<'de>>,
}

/// What Google Analytics says of a browser.
#[derive(Debug, Default)]
pub(crate) struct ContextGoogleAnalytics<'de> {
    pub(crate) client_id: Scalar<'de>,
}

/// `context.device`.
#[derive(Debug, Default)]
pub(crate) struct ContextDevice<'de> {
    pub(crate) id: Scalar<'de>,
    pub(crate) kind: Scalar<'de>,
    pub(crate) advertising_id: Scalar<'de>,
    pub(crate) tracking_enabled: Scalar<'de>,
    pub(crate) token: Scalar<'de>,
}

impl<'de> Fields<'de> for Line<'de> {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*name {
            "type" => self.kind = map.next_value()?,
            "userId" => self.user_id = map.next_value()?,
            "anonymousId" => self.anonymous_id = map.next_value()?,
            "groupId" => self.group_id = map.next_value()?,
            "previousId" => self.previous_id = map.next_value()?,
            "messageId" => self.message_id = map.next_value()?,
            "event" => self.event = map.next_value()?,
            "name" => self.name = map.next_value()?,
            "category" => self.category = map.next_value()?,
            "timestamp" => self.timestamp = map.next_value()?,
            "originalTimestamp" => self.original_timestamp = map.next_value()?,
            "sentAt" => self.sent_at = map.next_value()?,
            "receivedAt" => self.received_at = map.next_value()?,
            "properties" => map.next_value_seed(InPlace(&mut self.properties))?,
            "traits" => map.next_value_seed(InPlace(&mut self.traits))?,
            "context" => map.next_value_seed(InPlace(&mut self.context))?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Members<'de> {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        self.0.push((name, map.next_value()?));
        Ok(())
    }
}

impl<'de> Fields<'de> for Context<'de> {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*name {
            "groupId" => self.group_id = map.next_value()?,
            "traits" => map.next_value_seed(InPlace(&mut self.traits))?,
            "device" => map.next_value_seed(InPlace(&mut self.device))?,
            "externalIds" => self.external_ids = map.next_value()?,
            "integrations" => map.next_value_seed(InPlace(&mut self.integrations))?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for ContextExternalId<'de> {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*name {
            "id" => self.id = map.next_value()?,
            "type" => self.kind = map.next_value()?,
            "collection" => self.collection = map.next_value()?,
            "encoding" => self.encoding = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for ContextIntegrations<'de> {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*name {
            "Google Analytics" => map.next_value_seed(InPlace(&mut self.google_analytics))?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for ContextGoogleAnalytics<'de> {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*name {
            "clientId" => self.client_id = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for ContextDevice<'de> {
    fn set<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*name {
            "id" => self.id = map.next_value()?,
            "type" => self.kind = map.next_value()?,
            "advertisingId" => self.advertising_id = map.next_value()?,
            "adTrackingEnabled" => self.tracking_enabled = map.next_value()?,
            "token" => self.token = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

/// Reads into a shape where it stands: a message is too large to be handed from hand to hand.
pub(crate) struct InPlace<'s, T>(pub(crate) &'s mut Shape<T>);

impl<'de, T: Fields<'de>> DeserializeSeed<'de> for InPlace<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Fields<'de>> Visitor<'de> for InPlace<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let fields = self.0.begin();
        while let Some(Key(name)) = map.next_key()? {
            fields.set(name, &mut map)?;
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        *self.0 = Shape::Absent;
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        *self.0 = Shape::Other;
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        *self.0 = Shape::Other;
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        *self.0 = Shape::Other;
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        *self.0 = Shape::Other;
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        *self.0 = Shape::Other;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        *self.0 = Shape::Other;
        Ok(())
    }
}

impl<T: Default> Shape<T> {
    /// An object without any field yet.
    fn begin(&mut self) -> &mut T {
        *self = Self::Object(T::default());
        match self {
            Self::Object(fields) => fields,
            Self::Absent | Self::Other => unreachable!("it was made an object just now"),
        }
    }
}

impl<'de, T: Fields<'de>> Deserialize<'de> for Shape<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut shape = Self::Absent;
        InPlace(&mut shape).deserialize(deserializer)?;
        Ok(shape)
    }
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Fields<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemsVisitor(PhantomData))
    }
}

struct ItemsVisitor<T>(PhantomData<T>);

impl<'de, T: Fields<'de>> Visitor<'de> for ItemsVisitor<T> {
    type Value = Items<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<T>, A::Error> {
        let mut items = Items::default();
        while let Some(item) = seq.next_element()? {
            items.0.push(item);
        }
        Ok(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Items::default())
    }

    fn visit_unit<E: Error>(self) -> Result<Items<T>, E> {
        Ok(Items::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Items<T>, E> {
        Ok(Items::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Items<T>, E> {
        Ok(Items::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Items<T>, E> {
        Ok(Items::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Items<T>, E> {
        Ok(Items::default())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Items<T>, E> {
        Ok(Items::default())
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a flag")
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

impl<'de> Deserialize<'de> for Given<'de> {
    /// Reads any JSON value but null, as [`Value`] does; texts without a copy where the line can be pointed at.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GivenVisitor)
    }
}

struct GivenVisitor;

impl<'de> Visitor<'de> for GivenVisitor {
    type Value = Given<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value other than null")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Given<'de>, E> {
        Ok(Given::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Given<'de>, E> {
        Ok(Given::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Given<'de>, E> {
        Ok(Given::Other(Value::Flag(flag)))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Given<'de>, E> {
        Ok(Given::Other(Value::from_integer(i128::from(integer))))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Given<'de>, E> {
        Ok(Given::Other(Value::from_integer(i128::from(integer))))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Given<'de>, E> {
        Ok(Given::Other(Value::Number(number)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Given<'de>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(Given::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Given<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Given::Other)
    }
}

/// A key, without a copy where the line itself can be pointed at.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

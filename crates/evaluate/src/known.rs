//! What is known of profiles besides their events: traits as said, and traits computed in this run.
//!
//! A computed trait takes the place of one that is said under the same name, for profiles of its collection.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use definitions::{Catalog, Reference, ReferenceOf};
use lake::Reader;
use model::{AsOf, Collection, TraitKey, Value};

use crate::computed::Computed;
use crate::error::EvaluateError;
use crate::gathered::{Gathered, Row};
use crate::matcher::reach;
use crate::newest::Newest;
use crate::operator::References;
use crate::segments::Snapshot;
use crate::standing::Standing;

/// The computed trait that a name means for profiles of a collection.
pub(crate) fn computed_key(catalog: &Catalog, name: &str, of: Collection) -> Option<TraitKey> {
    let key = TraitKey::parse(name).ok()?;
    catalog.traits.get(&key).filter(|computed| computed.of == of).map(|computed| computed.key.clone())
}

/// Traits of every profile: those that were asked for.
#[derive(Default)]
pub(crate) struct KnownTraits {
    said: BTreeMap<String, Arc<Newest>>,
    computed: BTreeMap<TraitKey, Computed>,
}

impl KnownTraits {
    /// Adds a computed trait, for those computed after it and for conditions.
    pub(crate) fn add(&mut self, key: TraitKey, computed: Computed) {
        self.computed.insert(key, computed);
    }

    /// Finds the newest values of these traits, as said.
    pub(crate) fn find_said(
        &mut self,
        standing: &Standing,
        reader: &Reader,
        snapshot: &Snapshot,
        names: BTreeSet<String>,
        as_of: AsOf,
    ) -> Result<(), EvaluateError> {
        for name in names {
            let newest = standing.find(reader, snapshot, &name, as_of)?;
            self.said.insert(name, newest);
        }
        Ok(())
    }

    /// The traits as said, by name.
    pub(crate) fn said_mut(&mut self) -> impl Iterator<Item = (&String, &mut Newest)> {
        self.said.iter_mut().map(|(name, newest)| (name, Arc::make_mut(newest)))
    }

    /// Takes a computed trait away, to be added again.
    pub(crate) fn take(&mut self, key: &TraitKey) -> Option<Computed> {
        self.computed.remove(key)
    }

    /// A computed trait.
    pub(crate) fn computed(&self, key: &TraitKey) -> Option<&Computed> {
        self.computed.get(key)
    }

    /// The value of a profile's trait.
    pub(crate) fn value(&self, named: &Named, profile: usize) -> Option<Cow<'_, Value>> {
        match named {
            Named::Computed(key) => self.computed.get(key)?.value(profile).map(Cow::Borrowed),
            Named::Said(name) => self.said.get(name)?.value(profile).map(Cow::Owned),
        }
    }
}

/// Which trait a name means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    Computed(TraitKey),
    Said(String),
}

impl Named {
    pub(crate) fn of(catalog: &Catalog, name: &str, of: Collection) -> Self {
        computed_key(catalog, name, of).map_or_else(|| Self::Said(name.to_owned()), Self::Computed)
    }
}

/// What references lead to: traits of one profile, and properties of the event before.
pub(crate) struct About<'a> {
    pub(crate) traits: &'a KnownTraits,
    pub(crate) names: &'a TraitNames,
    pub(crate) profile: usize,
    pub(crate) parent: Option<(&'a Gathered<'a>, Row)>,
}

/// The traits that references of one leaf name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TraitNames(pub(crate) BTreeMap<String, Named>);

impl TraitNames {
    /// The names that are said, not computed.
    pub(crate) fn said(&self) -> impl Iterator<Item = &String> {
        self.0.values().filter_map(|named| match named {
            Named::Said(name) => Some(name),
            Named::Computed(_) => None,
        })
    }
}

impl References for About<'_> {
    fn values(&self, reference: &Reference) -> Vec<Value> {
        let Some((name, steps)) = reference.path.split_first() else { return Vec::new() };
        let value = match reference.of {
            ReferenceOf::Trait => {
                let named = self.names.0.get(name).expect("every trait referred to was named when planning");
                self.traits.value(named, self.profile)
            }
            ReferenceOf::Parent => self.parent.and_then(|(gathered, row)| gathered.value(row, gathered.column(name))).map(Cow::Owned),
        };
        let mut reached = Vec::new();
        if let Some(value) = &value {
            reach(value, steps, &mut reached);
        }
        reached.into_iter().cloned().collect()
    }
}

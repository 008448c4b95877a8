//! `traits`: what was said, what is computed, and the audiences, each as one trait by its name.
//!
//! An audience is `true` for who is in as of its latest run and `false` for who is not; a computed trait takes the place of one
//! that was said under its name, an audience that of both.

use std::collections::BTreeMap;

use definitions::AudienceState;
use model::{AsOf, Moment, Value};
use serde_json::{Map, Value as Json, json};

use super::answer::{ApiError, Cursor};
use super::routes::Asked;

const LIMIT: (usize, usize) = (10, 200);

/// Which traits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    All,
    Audience,
    ComputedTrait,
}

struct Trait {
    value: Value,
    updated_at: Option<Moment>,
}

pub(crate) async fn page(asked: &Asked) -> Result<Json, ApiError> {
    let parameters = &asked.parameters;
    let limit = parameters.limit(LIMIT.0, LIMIT.1)?;
    let is_verbose = parameters.flag("verbose")?;
    let include = parameters.names("include");
    let class = match parameters.text("class") {
        None => Class::All,
        Some("audience") => Class::Audience,
        Some("computed_trait") => Class::ComputedTrait,
        Some(_) => return Err(ApiError::Validation("`class` is `audience` or `computed_trait`".to_owned())),
    };
    let after = parameters.text("next").unwrap_or_default();
    let is_asked = |name: &str| include.is_empty() || include.contains(name);
    let mut left = known(asked, class, &is_asked).await?.into_iter().filter(|(name, _)| name.as_str() > after);
    let (mut traits, mut last) = (Map::new(), String::new());
    for (name, found) in left.by_ref().take(limit) {
        let Trait { value, updated_at } = found;
        // Facts do not keep which source said them.
        let told = if is_verbose {
            json!({ "value": value, "source_id": null, "updated_at": updated_at.map(Moment::rfc3339) })
        } else {
            json!(value)
        };
        last.clone_from(&name);
        traits.insert(name, told);
    }
    let next = left.next().map(|_| last);
    Ok(json!({ "traits": traits, "cursor": Cursor::new(&asked.url, next, limit) }))
}

/// The traits asked for, by name.
async fn known(asked: &Asked, class: Class, is_asked: &impl Fn(&str) -> bool) -> Result<BTreeMap<String, Trait>, ApiError> {
    let Asked { workspace, record, .. } = asked;
    let (numbers, now) = (record.numbers(), AsOf(workspace.clock.now()));
    let mut traits = BTreeMap::new();
    if class == Class::All {
        let said = workspace.traits_said(&numbers, now).await?.into_iter().filter(|(name, _)| is_asked(name));
        traits.extend(said.map(|(name, said)| (name, Trait { value: said.value, updated_at: Some(said.said_at) })));
    }
    let computes = workspace.catalog.traits.values().any(|computed| computed.of == record.collection && is_asked(computed.key.as_str()));
    if class != Class::Audience && computes {
        let computed = workspace.traits_computed(record.profile, now).await?.into_iter().filter(|(name, _)| is_asked(name));
        traits.extend(computed.map(|(name, value)| (name, Trait { value, updated_at: Some(now.moment()) })));
    }
    if class != Class::ComputedTrait {
        let mut audiences = Vec::new();
        for audience in workspace.catalog.audiences.values() {
            if audience.of == record.collection && audience.state != AudienceState::Retired && is_asked(audience.key.as_str()) {
                audiences.push(audience.key.clone());
            }
        }
        let is_in = if audiences.is_empty() { BTreeMap::new() } else { workspace.audiences_of(&numbers).await? };
        for audience in audiences {
            let as_of = is_in.get(&audience);
            let found = Trait { value: as_of.is_some().into(), updated_at: as_of.map(|as_of| as_of.moment()) };
            traits.insert(audience.to_string(), found);
        }
    }
    Ok(traits)
}

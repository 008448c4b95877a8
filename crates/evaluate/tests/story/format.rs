//! The format of stories, as `fixtures/stories/README.md` describes it.

use std::collections::{BTreeMap, BTreeSet};

use definitions::Loaded;
use model::Value;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::folder;

/// Names of profiles.
pub(crate) type Names = BTreeSet<String>;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    pub(crate) says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) profiles: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) accounts: Names,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) anonymous: Names,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) traits: BTreeMap<String, Map<String, Json>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) audiences: BTreeMap<String, Map<String, Json>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) recorded: BTreeMap<String, Past>,
    pub(crate) steps: Vec<Step>,
}

/// What was recorded of an audience before the story begins.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Past {
    pub(crate) since: String,
    pub(crate) members: Names,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Change>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) at: String,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) entered: Names,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) exited: Names,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) write: Vec<Said>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seen: Vec<Seen>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) link: Vec<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) into: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) define: Option<Definitions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tick: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) entered: BTreeMap<String, Names>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) exited: BTreeMap<String, Names>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) touched: Option<Names>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) computed: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Definitions that take the place of those of the same key.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definitions {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) traits: BTreeMap<String, Map<String, Json>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) audiences: BTreeMap<String, Map<String, Json>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) who: String,
    pub(crate) at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) received: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) properties: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) traits: BTreeMap<String, Option<Value>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) who: String,
    pub(crate) with: String,
    pub(crate) at: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    pub(crate) user: String,
    pub(crate) account: String,
    pub(crate) since: String,
}

impl Definitions {
    /// The definitions a story begins with.
    pub(crate) fn of(story: &Story) -> Self {
        Self { traits: story.traits.clone(), audiences: story.audiences.clone() }
    }

    /// Takes over what is defined anew.
    pub(crate) fn replace(&mut self, by: &Self) {
        self.traits.extend(by.traits.clone());
        self.audiences.extend(by.audiences.clone());
    }

    /// Loads them as files.
    pub(crate) fn load(&self, zone: Option<&str>) -> Loaded {
        let mut files = Vec::new();
        for (key, body) in &self.traits {
            files.push((format!("traits/{key}.yaml"), file("trait", key, body.clone())));
        }
        for (key, body) in &self.audiences {
            let body =
                if body.contains_key("who") { body.clone() } else { Map::from_iter([("who".to_owned(), Json::Object(body.clone()))]) };
            files.push((format!("audiences/{key}.yaml"), file("audience", key, body)));
        }
        folder::load(&files, zone.unwrap_or("UTC"))
    }
}

fn file(sort: &str, key: &str, mut body: Map<String, Json>) -> String {
    body.insert(sort.to_owned(), Json::from(key));
    body.insert("description".to_owned(), Json::from("Told in a story."));
    Json::Object(body).to_string()
}

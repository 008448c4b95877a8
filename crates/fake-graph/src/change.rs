//! What "somebody else" does to audiences: a colleague in the Ads Manager, or Facebook itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audiences::Audience;
use crate::keys::Key;
use crate::state::State;

/// One thing that happens behind the client's back. The JSON of `POST /_fake/audiences`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum AudienceChange {
    /// Somebody creates an audience, perhaps with a name that is taken.
    Created {
        /// An account number, without `act_`.
        account: String,
        /// Its name.
        name: String,
        /// Its description.
        #[serde(default)]
        description: String,
        /// Left out: `CUSTOM`.
        #[serde(default = "custom")]
        subtype: String,
    },
    /// Somebody deletes it.
    Deleted {
        /// The audience.
        id: String,
    },
    /// Somebody renames it or uploads to it.
    Edited {
        /// The audience.
        id: String,
        /// A new name.
        #[serde(default)]
        name: Option<String>,
        /// A new description.
        #[serde(default)]
        description: Option<String>,
        /// Rows to add, from schema key to cell.
        #[serde(default)]
        rows: Vec<BTreeMap<String, String>>,
    },
    /// It is flagged for integrity: status 471, and uploads fail.
    Flagged {
        /// The audience.
        id: String,
        /// The fields at fault.
        #[serde(default = "name_field")]
        fields: Vec<String>,
    },
    /// The flag is lifted.
    Unflagged {
        /// The audience.
        id: String,
    },
    /// Its `operation_status` reads as given; without one, as it is.
    Status {
        /// The audience.
        id: String,
        /// A status code.
        #[serde(default)]
        operation_status: Option<u32>,
        /// When it will be deleted, for status 100.
        #[serde(default)]
        delete_time: Option<i64>,
    },
    /// The caller may no longer edit it.
    Locked {
        /// The audience.
        id: String,
    },
    /// The caller may edit it again.
    Unlocked {
        /// The audience.
        id: String,
    },
}

impl AudienceChange {
    /// Makes the change, and answers the id of the audience; or says what is wrong with it.
    pub(crate) fn apply(&self, state: &mut State) -> Result<String, String> {
        match self {
            Self::Created { account, name, description, subtype } => {
                if !state.accounts.contains_key(account) {
                    return Err(format!("no account `{account}`"));
                }
                let audience = Audience::new(account, name, description, subtype, state.clock.now());
                let id = state.next_id();
                state.audiences.insert(id, audience);
                return Ok(id.to_string());
            }
            Self::Deleted { id } => {
                let number = number(state, id)?;
                state.audiences.remove(&number);
            }
            Self::Edited { id, name, description, rows } => edit(state, id, name.as_ref(), description.as_ref(), rows)?,
            Self::Flagged { id, fields } => find(state, id)?.flagged.clone_from(fields),
            Self::Unflagged { id } => find(state, id)?.flagged.clear(),
            Self::Status { id, operation_status, delete_time } => {
                let audience = find(state, id)?;
                audience.forced_status = *operation_status;
                audience.delete_time = *delete_time;
            }
            Self::Locked { id } => find(state, id)?.can_edit = false,
            Self::Unlocked { id } => find(state, id)?.can_edit = true,
        }
        Ok(self.id().to_owned())
    }

    fn id(&self) -> &str {
        match self {
            Self::Created { .. } => "",
            Self::Deleted { id }
            | Self::Edited { id, .. }
            | Self::Flagged { id, .. }
            | Self::Unflagged { id }
            | Self::Status { id, .. }
            | Self::Locked { id }
            | Self::Unlocked { id } => id,
        }
    }
}

fn edit(
    state: &mut State,
    id: &str,
    name: Option<&String>,
    description: Option<&String>,
    rows: &[BTreeMap<String, String>],
) -> Result<(), String> {
    let mut parsed = Vec::new();
    for row in rows {
        let cell =
            |(key, cell): (&String, &String)| Key::parse(key).map(|key| (key, cell.clone())).ok_or_else(|| format!("no key `{key}`"));
        parsed.push(row.iter().map(cell).collect::<Result<_, String>>()?);
    }
    let number = number(state, id)?;
    let now = state.clock.now();
    let Some(audience) = state.audiences.get_mut(&number) else { return Ok(()) };
    if let Some(name) = name {
        audience.name.clone_from(name);
    }
    if let Some(description) = description {
        audience.description.clone_from(description);
    }
    audience.time_updated = now;
    if !parsed.is_empty() {
        audience.fill();
        // Always later than what the client saw, even within the same second.
        audience.time_content_updated = now.max(audience.time_content_updated + 1);
    }
    for row in parsed {
        audience.rows.add(row, &state.people);
    }
    Ok(())
}

fn number(state: &State, id: &str) -> Result<u64, String> {
    let number = id.parse::<u64>().ok().filter(|number| state.audiences.contains_key(number));
    number.ok_or_else(|| format!("no audience `{id}`"))
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Audience, String> {
    let number = number(state, id)?;
    state.audiences.get_mut(&number).ok_or_else(|| format!("no audience `{id}`"))
}

fn custom() -> String {
    "CUSTOM".to_owned()
}

fn name_field() -> Vec<String> {
    vec!["name".to_owned()]
}

//! `muster audiences`: every audience, how many are in, how each destination stands.

use std::collections::BTreeMap;

use definitions::AudienceState;
use model::{AsOf, AudienceKey, SyncStatus};
use serde::Serialize;
use store::{Hold, RecordedMembership};

use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::grouped;
use crate::render::reports;
use crate::render::table::{self, Column};
use crate::{opening, output};

#[derive(Serialize)]
struct AudienceJson<'a> {
    audience: &'a AudienceKey,
    state: AudienceState,
    description: &'a str,
    owner: Option<&'a str>,
    members: Option<u64>,
    as_of: Option<AsOf>,
    edited_since: bool,
    held: Option<Hold>,
    syncs: Vec<&'a SyncStatus>,
}

pub(crate) async fn run(asked: &Asked) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let recorded = workspace.store.memberships().await?;
    let statuses = workspace.store.sync_statuses().await?;
    let mut guards = workspace.store.guards().await?;
    let mut held = |key: &AudienceKey| guards.remove(key).and_then(|guarded| guarded.held);
    let listed: Vec<_> =
        workspace.catalog.audiences.values().map(|audience| listed(audience, &recorded, held(&audience.key), &statuses)).collect();
    if asked.json {
        output::json(&listed)?;
    } else if listed.is_empty() {
        output::text("no audiences are defined; see `audiences/` or begin with `muster init`")?;
    } else {
        output::text(&told(&listed))?;
    }
    Ok(Ending::Done)
}

fn listed<'a>(
    audience: &'a definitions::Audience,
    recorded: &BTreeMap<AudienceKey, RecordedMembership>,
    held: Option<Hold>,
    statuses: &'a [SyncStatus],
) -> AudienceJson<'a> {
    let latest = recorded.get(&audience.key);
    AudienceJson {
        audience: &audience.key,
        state: audience.state,
        held,
        description: &audience.description,
        owner: audience.owner.as_deref(),
        members: latest.map(|latest| latest.members.len()),
        as_of: latest.map(|latest| latest.as_of),
        edited_since: latest.is_some_and(|latest| latest.fingerprint != audience.fingerprint),
        syncs: statuses.iter().filter(|status| status.audience == audience.key).collect(),
    }
}

fn told(listed: &[AudienceJson<'_>]) -> String {
    let rows: Vec<_> = listed
        .iter()
        .map(|audience| {
            let as_of = match (audience.as_of, audience.edited_since) {
                (None, _) => "no run yet".to_owned(),
                (Some(as_of), false) => as_of.to_string(),
                (Some(as_of), true) => format!("{as_of}, edited since"),
            };
            let syncs: Vec<_> = audience.syncs.iter().map(|status| format!("{}: {}", status.destination, reports::state(status))).collect();
            vec![
                reports::named(audience.audience, audience.state),
                audience.members.map_or("-".to_owned(), grouped),
                as_of,
                syncs.join("; "),
            ]
        })
        .collect();
    table::draw(&[Column::Text("audience"), Column::Number("members"), Column::Text("as of"), Column::Text("syncs")], &rows)
}

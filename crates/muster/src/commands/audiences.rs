//! `muster audiences`: every audience, how many are in, how each destination stands.

use std::collections::BTreeMap;

use definitions::AudienceState;
use model::{AsOf, AudienceKey, SyncStatus};
use serde::Serialize;
use store::{Hold, RecordedMembership};

use crate::cli::AudiencesArgs;
use crate::commands::{Asked, deliver};
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
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

pub(crate) async fn run(asked: &Asked, args: &AudiencesArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let only = args.audience.as_ref().map(|typed| deliver::defined(&workspace, typed)).transpose()?;
    let recorded = workspace.store.memberships().await?;
    let statuses = workspace.store.sync_statuses().await?;
    let mut guards = workspace.store.guards().await?;
    let mut held = |key: &AudienceKey| guards.remove(key).and_then(|guarded| guarded.held);
    let asked_for = workspace.catalog.audiences.values().filter(|audience| only.as_ref().is_none_or(|only| *only == audience.key));
    let listed: Vec<_> = asked_for.map(|audience| listed(audience, &recorded, held(&audience.key), &statuses)).collect();
    if asked.json {
        output::report(&listed)?;
    } else if let (Some(_), [one]) = (&only, listed.as_slice()) {
        output::text(&told_whole(one))?;
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

/// One audience with all that its destinations say of it.
fn told_whole(audience: &AudienceJson<'_>) -> String {
    let mut text = format!("{}\n{}\n", reports::named(audience.audience, audience.state), audience.description);
    if let (Some(members), Some(as_of)) = (audience.members, audience.as_of) {
        text.push_str(&format!("{} as of {as_of}\n", counted(members, "member")));
    }
    if let Some(held) = &audience.held {
        text.push_str(&format!("held since {}: {}\n", held.since, held.reason));
    }
    for sync in &audience.syncs {
        text.push_str(&format!("\n{}  {}\n", sync.destination, reports::state(sync)));
        let mut facts = vec![("looked at".to_owned(), sync.updated_at.to_string())];
        facts.extend(sync.sendable.map(|sendable| ("people who can be sent".to_owned(), grouped(sendable))));
        facts.push((
            "rows of the latest sync".to_owned(),
            format!("{} added, {} removed", grouped(sync.rows_added), grouped(sync.rows_removed)),
        ));
        facts.extend(sync.remote.iter().map(|(name, value)| (format!("there: {name}"), value.clone())));
        for (name, value) in facts {
            text.push_str(&format!("  {name:<24}  {value}\n"));
        }
    }
    if audience.syncs.is_empty() {
        text.push_str("\nnot sent anywhere yet\n");
    }
    text
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

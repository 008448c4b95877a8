//! `muster identities`: how many people there are, who is near a limit, who merged lately, and what was refused. Public ids
//! and counts, never an identifier.

use engine::Workspace;
use model::{IdentityRules, Limit, Moment, Period, PublicId};
use serde::Serialize;
use serde_json::Value;
use store::{Crowd, Crowded, IdentityCounts, PublicMerge, RecordedRefusals};

use crate::cli::IdentitiesArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::moments;
use crate::render::numbers::grouped;
use crate::render::table::{Column, draw};
use crate::{opening, output};

/// Part of a limit from which a profile is near it.
const NEAR_PERCENT: u32 = 80;
/// Refusals that are listed.
const REFUSALS_MAX: u32 = 1_000;

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    counts: IdentityCounts,
    near_limits: Vec<Near>,
    latest_merges: Vec<PublicMerge>,
    refusals: Vec<RecordedRefusals>,
}

/// A profile that has nearly all it may have, or more.
#[derive(Serialize)]
struct Near {
    profile: PublicId,
    of: String,
    has: u64,
    may_have: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    per: Option<&'static str>,
}

pub(crate) async fn run(asked: &Asked, args: &IdentitiesArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let told = Told {
        counts: workspace.store.identity_counts().await?,
        near_limits: near_limits(&workspace, args.limit).await?,
        latest_merges: workspace.store.latest_merges(args.limit).await?,
        refusals: workspace.store.refusals(REFUSALS_MAX).await?,
    };
    if asked.json {
        output::json(&json(&told)?)?;
    } else {
        output::text(&drawn(&told, workspace.clock.now()))?;
    }
    Ok(Ending::Done)
}

/// The same for programs, moments as text. Kinds of identifiers have names of people's own, which are no moments.
fn json(told: &Told) -> anyhow::Result<Value> {
    let mut json = serde_json::to_value(told)?;
    json["latest_merges"] = moments::readable(&told.latest_merges)?;
    json["refusals"] = moments::readable(&told.refusals)?;
    Ok(json)
}

async fn near_limits(workspace: &Workspace, limit: u32) -> anyhow::Result<Vec<Near>> {
    let rules: &IdentityRules = &workspace.catalog.settings.identity;
    let now = workspace.clock.now();
    let mut near = Vec::new();
    for rule in rules.kinds() {
        let Limit { most, per } = rule.limit;
        // Whoever has the one thing that everybody may have one of is not near a limit.
        if most == 1 {
            continue;
        }
        let crowd = Crowd::Identifiers { kind: rule.kind.clone(), since: per.since(now) };
        let crowded = workspace.store.crowded(&crowd, least(most), limit).await?;
        near.extend(crowded.into_iter().map(|crowded| nearness(crowded, rule.kind.as_str(), most, per)));
    }
    if rules.merges_max > 0 {
        let crowded = workspace.store.crowded(&Crowd::Merges, least(rules.merges_max), limit).await?;
        near.extend(crowded.into_iter().map(|crowded| nearness(crowded, "merges", rules.merges_max, Period::Ever)));
    }
    Ok(near)
}

fn nearness(crowded: Crowded, of: &str, may_have: u32, per: Period) -> Near {
    let per = match per {
        Period::Ever => None,
        Period::Week | Period::Month | Period::Year => Some(per.as_str()),
    };
    Near { profile: crowded.public_id, of: of.to_owned(), has: crowded.count, may_have, per }
}

fn least(most: u32) -> u32 {
    (most * NEAR_PERCENT).div_ceil(100).max(1)
}

fn drawn(told: &Told, now: Moment) -> String {
    let mut text = String::new();
    for (collection, count) in &told.counts.profiles {
        text.push_str(&format!("{:<20}{:>12}\n", format!("{collection:?}").to_lowercase(), grouped(*count)));
    }
    text.push_str(&format!("{:<20}{:>12}\n", "merges", grouped(told.counts.merges)));
    for (kind, count) in &told.counts.identifiers {
        text.push_str(&format!("{:<20}{:>12}\n", kind.as_str(), grouped(*count)));
    }
    if told.counts.profiles.is_empty() {
        return "nobody is known yet: `muster ingest FILE` or the tracking API brings people\n".to_owned();
    }
    text.push('\n');
    text.push_str(&near_drawn(&told.near_limits));
    if let Some(latest) = told.latest_merges.first() {
        text.push_str(&format!("\nlatest merges, the last {} ago\n", ago(latest.merged_at, now)));
        let rows: Vec<_> = told.latest_merges.iter().map(|merge| vec![merge.winner.to_string(), merge.loser.to_string()]).collect();
        text.push_str(&draw(&[Column::Text("profile"), Column::Text("took in")], &rows));
    }
    text.push_str(&refusals_drawn(&told.refusals, now));
    text
}

fn near_drawn(near: &[Near]) -> String {
    if near.is_empty() {
        return "nobody is near a limit\n".to_owned();
    }
    let row = |near: &Near| {
        let per = near.per.map(|per| format!(" a {per}")).unwrap_or_default();
        vec![near.profile.to_string(), near.of.clone(), grouped(near.has), format!("{}{per}", grouped(near.may_have.into()))]
    };
    let rows: Vec<_> = near.iter().map(row).collect();
    let columns = [Column::Text("near a limit"), Column::Text("of"), Column::Number("has"), Column::Text("may have")];
    draw(&columns, &rows)
}

fn refusals_drawn(refusals: &[RecordedRefusals], now: Moment) -> String {
    if refusals.is_empty() {
        return "\nnothing was refused\n".to_owned();
    }
    let mut text = "\n".to_owned();
    let row = |refused: &RecordedRefusals| {
        let last = match (&refused.sample, &refused.profile) {
            (Some(sample), _) => format!("; the last: {sample}"),
            (None, Some(profile)) => format!("; the last: profile {profile}"),
            (None, None) => String::new(),
        };
        let why = format!("{}{last}", refused.reason);
        vec![refused.source.clone(), refused.subject.clone(), grouped(refused.count), ago(refused.last_at, now), why]
    };
    let rows: Vec<_> = refusals.iter().map(row).collect();
    let columns = [Column::Text("source"), Column::Text("refused"), Column::Number("count"), Column::Text("last"), Column::Text("why")];
    text.push_str(&draw(&columns, &rows));
    text
}

/// How long ago, roughly.
fn ago(at: Moment, now: Moment) -> String {
    let minutes = (now.micros() - at.micros()).max(0) / 60_000_000;
    match minutes {
        0..=59 => format!("{minutes} min"),
        60..=2_879 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

//! `muster demo`: the main job on real purchases, from files to Facebook, with a local stand-in for Facebook.
//!
//! It uses what every other command uses; only the clock (which stands in 1998) and Facebook are not the real ones.
//! People's names and contacts in the data are invented; the purchases are real (see `fixtures/demo/README.md`).

mod folder;
mod script;
mod story;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use deliver::Secrets;
use engine::{Backfill, BackfillReport, Clock as _, DeliveryReport, RunOutcome, RunReport, StandingClock, Workspace};
use fake_graph::{FakeGraph, Options};
use ingest::{Format, ImportOptions, ImportReport};
use model::AsOf;
use serde::Serialize;
use store::RunKind;

use crate::cli::DemoArgs;
use crate::commands::{Asked, ingest as importing};
use crate::exit::Ending;
use crate::render::progress;
use crate::{opening, output};

const TOKEN: &str = "fake-token";

/// The demo's token; it opens nothing but the stand-in on this machine.
struct DemoSecrets;

impl Secrets for DemoSecrets {
    fn env(&self, name: &str) -> Option<String> {
        (name == "FACEBOOK_ACCESS_TOKEN").then(|| TOKEN.to_owned())
    }

    fn file(&self, _: &str) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// All that happened, for programs.
#[derive(Serialize)]
struct DemoJson {
    imports: Vec<ImportReport>,
    backfill: BackfillReport,
    ticks: Vec<TickJson>,
    facebook: Vec<story::Held>,
}

#[derive(Serialize)]
struct TickJson {
    run: RunReport,
    delivered: Vec<DeliveryReport>,
}

pub(crate) async fn run(asked: &Asked, args: &DemoArgs) -> anyhow::Result<Ending> {
    let started = Instant::now();
    let say = |text: String| if asked.json { Ok(()) } else { output::text(&text) };
    let script = script::Script::read()?;
    let clock = Arc::new(StandingClock::at(script.backfill.to));
    let graph = stand_in(&clock).await.context("start the stand-in for Facebook")?;
    let place = folder::Place::prepare(args.keep.as_deref(), &graph.url())?;
    say(story::opening(place.path()))?;

    let catalog = opening::catalog(place.path())?;
    let sinks = opening::connect(&catalog, &DemoSecrets);
    let workspace = opening::workspace_at(place.path(), catalog, Arc::<StandingClock>::clone(&clock)).await?.with_sinks(sinks);

    let imports = ingest(&workspace, &place, &clock, &script).await?;
    say(story::ingested(&imports))?;

    let backfill = backfill(&workspace, script.backfill).await?;
    say(story::backfilled(&script.backfill, &backfill, &workspace.store.sync_statuses().await?))?;

    let mut ticks = Vec::new();
    say(story::ticking(script.ticks.len()))?;
    for tick in &script.ticks {
        clock.set(*tick);
        let (outcome, delivered) = workspace.run(AsOf(*tick), RunKind::Schedule).await?;
        let RunOutcome::Done(report) = outcome else { continue };
        say(story::tick(&report, &delivered))?;
        ticks.push(TickJson { run: report, delivered });
    }
    let facebook = story::held(&graph.state());
    say(story::facebook(&facebook))?;
    say(story::ending(place.kept(), started.elapsed()))?;
    graph.stop().await;
    if asked.json {
        output::report(&DemoJson { imports, backfill, ticks, facebook })?;
    }
    Ok(Ending::Done)
}

/// It goes by the engine's clock: what it changed when we wrote would else look changed by somebody else, years later.
async fn stand_in(clock: &Arc<StandingClock>) -> anyhow::Result<FakeGraph> {
    let clock = Arc::clone(clock);
    let now: fake_graph::Now = Arc::new(move || clock.now().micros().div_euclid(1_000_000));
    let options = Options { token: TOKEN.to_owned(), now: Some(now), ..Options::default() };
    FakeGraph::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
}

async fn ingest(
    workspace: &Workspace,
    place: &folder::Place,
    clock: &StandingClock,
    script: &script::Script,
) -> anyhow::Result<Vec<ImportReport>> {
    // The files reach beyond the backfill's end: they are read as they would be at the end of the story.
    clock.set(script.received_at);
    let people = ImportOptions { format: Format::Auto, ..workspace.import_options() };
    let mapping = workspace.catalog.settings.csv.get("purchases").context("find the mapping `purchases`")?;
    let purchases = ImportOptions { format: Format::Csv(mapping.clone()), ..workspace.import_options() };
    let mut reports = Vec::new();
    for (file, options) in [("people.ndjson.gz", people), ("purchases.csv.gz", purchases)] {
        reports.push(importing::import(workspace, &place.path().join(file), &options).await?);
    }
    clock.set(script.backfill.to);
    Ok(reports)
}

async fn backfill(workspace: &Workspace, plan: Backfill) -> anyhow::Result<BackfillReport> {
    let bar = progress::ticks(plan.every.count(plan.from, plan.to));
    bar.set_prefix("backfill");
    let report = workspace
        .backfill(plan, &mut |tick| {
            bar.set_position(tick.done);
            bar.set_message(tick.as_of.to_string());
        })
        .await;
    bar.finish_and_clear();
    Ok(report?)
}

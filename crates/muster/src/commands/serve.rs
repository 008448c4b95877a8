//! `muster serve`: the schedule at work, and messages over HTTP, until it is told to stop.

use anyhow::Context as _;
use engine::{DeliveryReport, RunOutcome, Schedule, Served, Workspace};
use model::AsOf;
use serde::Serialize;

use crate::api::Api;
use crate::cli::ServeArgs;
use crate::commands::Asked;
use crate::commands::collecting::{self, Collecting};
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::{diagnostics, moments};
use crate::{opening, output};

#[derive(Serialize)]
struct RunJson<'a> {
    run: &'a RunOutcome,
    delivered: &'a [DeliveryReport],
}

pub(crate) async fn run(asked: &Asked, args: &ServeArgs) -> anyhow::Result<Ending> {
    let workspace = opening::connected(&asked.folder).await?;
    let schedule = Schedule::parse(&workspace.catalog.settings.schedule)?;
    let stop = stopped()?;
    output::note(&format!(
        "serving `{}` on the schedule `{}`; stop with ctrl-c\n",
        asked.folder.display(),
        workspace.catalog.settings.schedule
    ));
    let settings = collecting::settings(&workspace, args.listen);
    let (workspace, collecting) = match settings {
        Some(settings) => {
            let (workspace, collecting) = Collecting::start(workspace, settings).await?;
            output::note(&collecting.told());
            (workspace, Some(collecting))
        }
        None => (workspace, None),
    };
    let api = match &workspace.catalog.settings.api {
        Some(settings) => {
            let api = Api::start(&workspace, settings).await?;
            output::note(&api.told());
            Some(api)
        }
        None => None,
    };
    let mut at_tick = |workspace: &Workspace| {
        let workspace = reloaded(asked, workspace);
        if let Some(api) = &api {
            api.renew(&workspace);
        }
        workspace
    };
    let mut on_run = |as_of: AsOf, served: &Served| tell(asked, as_of, served);
    workspace.serve(&schedule, stop, &mut at_tick, &mut on_run).await;
    if let Some(api) = api {
        api.stop().await;
    }
    if let Some(collecting) = collecting {
        collecting.stop().await;
    }
    output::note("stopped\n");
    Ok(Ending::Done)
}

/// Definitions may have been edited since: takes them if they are sound, else says so and goes on with the last ones.
fn reloaded(asked: &Asked, workspace: &Workspace) -> Workspace {
    let loaded = opening::load(&asked.folder);
    if loaded.catalog.is_none() {
        tracing::error!("the definitions have mistakes ({}); going on with the last good ones", diagnostics::summary(&loaded));
    }
    match loaded.catalog {
        Some(catalog) => {
            let sinks = opening::connect(&catalog, &opening::EnvironmentAndFiles);
            workspace.clone().with_catalog(catalog).with_sinks(sinks)
        }
        None => workspace.clone(),
    }
}

/// One line a run: what a person watching wants to see, or one JSON value.
fn tell(asked: &Asked, as_of: AsOf, served: &Served) {
    let line = match served {
        Ok((outcome, delivered)) if asked.json => match moments::readable(&RunJson { run: outcome, delivered }) {
            Ok(line) => line.to_string(),
            Err(error) => {
                tracing::error!(%as_of, error = &error as &dyn std::error::Error, "could not report the run");
                return;
            }
        },
        Ok((RunOutcome::Done(report), delivered)) => {
            let (entered, exited) =
                report.audiences.iter().fold((0, 0), |(entered, exited), audience| (entered + audience.entered, exited + audience.exited));
            let waiting = delivered.iter().filter(|report| crate::render::reports::needs_a_look(&report.status)).count() as u64;
            let waiting = if waiting == 0 { String::new() } else { format!(", {} waiting", counted(waiting, "sync")) };
            format!(
                "run as of {as_of}: {} audiences, {} entered, {} exited{waiting}",
                report.audiences.len(),
                grouped(entered),
                grouped(exited)
            )
        }
        Ok((RunOutcome::AlreadyDone(_), _)) => format!("run as of {as_of}: already done"),
        Err(error) => {
            tracing::error!(%as_of, error = error as &dyn std::error::Error, "run failed; the next tick tries again");
            return;
        }
    };
    if output::text(&line).is_err() {
        tracing::warn!("nobody reads the reports any more; going on");
    }
}

/// Resolves when the process is asked to stop: ctrl-c, or the signal that service managers send.
fn stopped() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminated =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).context("listen for the signal to stop")?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

//! `muster model`: rows of files and databases, synced, forgotten, listed.

use anyhow::Context as _;
use engine::Workspace;
use ingest::{Effect, IfEmpty, ModelOptions, ModelReport};
use model::{ModelKey, Moment, RowModel, RowSource};
use serde::Serialize;

use crate::cli::{ModelArgs, ModelCommand, ModelSyncArgs};
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{Column, draw};
use crate::render::{progress, rejections};
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &ModelArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    match &args.command {
        ModelCommand::Sync(args) => sync(asked, &workspace, args).await,
        ModelCommand::Reset { model } => reset(asked, &workspace, model).await,
        ModelCommand::List => list(asked, &workspace).await,
    }
}

/// Syncs one model, or all; one that fails does not stop the others.
async fn sync(asked: &Asked, workspace: &Workspace, args: &ModelSyncArgs) -> anyhow::Result<Ending> {
    let models: Vec<&RowModel> = match &args.model {
        Some(name) => vec![named(workspace, name)?],
        None => workspace.catalog.models.values().collect(),
    };
    if models.is_empty() {
        anyhow::bail!("there are no models; describe one in `models/NAME.yaml`");
    }
    let options = ModelOptions {
        effect: if args.dry_run { Effect::DryRun } else { Effect::Import },
        if_empty: if args.allow_empty { IfEmpty::DeleteAll } else { IfEmpty::Refuse },
        ..ModelOptions::default()
    };
    let (mut findings, mut failed) = (false, Vec::new());
    for model in models {
        match sync_one(workspace, model, options.clone()).await {
            Ok(report) => {
                findings |= report.rejected > 0;
                if asked.json { output::line(&report)? } else { output::text(&told(model, &report))? }
            }
            Err(error) => failed.push(error),
        }
    }
    match failed.pop() {
        Some(last) => {
            failed.iter().for_each(output::complain);
            Err(last)
        }
        None => Ok(Ending::with_findings(findings)),
    }
}

async fn sync_one(workspace: &Workspace, model: &RowModel, options: ModelOptions) -> anyhow::Result<ModelReport> {
    let spinner = progress::spinner(&model.key.to_string());
    let mut on_rows = |rows: u64| spinner.set_message(format!("{}: {}", model.key, counted(rows, "row")));
    let synced = workspace.sync_model(model, options, workspace.clock.now(), &mut on_rows).await;
    spinner.finish_and_clear();
    synced.with_context(|| format!("sync the model `{}`", model.key))
}

/// A sync as people read it.
fn told(model: &RowModel, report: &ModelReport) -> String {
    let mut text = format!(
        "{}: {} {}: {} new, {} updated, {} deleted, {} unchanged, {} rejected; {}\n",
        report.model,
        if report.dry_run { "would sync" } else { "synced" },
        counted(report.rows, "row"),
        grouped(report.new),
        grouped(report.updated),
        grouped(report.deleted),
        grouped(report.unchanged),
        grouped(report.rejected),
        counted(report.new_profiles, "new profile"),
    );
    if report.dry_run {
        text.push_str("  nothing was written\n");
    }
    let place = match model.from {
        RowSource::File(_) => "line",
        RowSource::Query { .. } => "row",
    };
    text.push_str(&rejections::told(place, &report.rejections, &report.refusals, &report.set_aside));
    text
}

#[derive(Serialize)]
struct ResetJson<'a> {
    model: &'a str,
    reset: bool,
}

async fn reset(asked: &Asked, workspace: &Workspace, name: &str) -> anyhow::Result<Ending> {
    // A model whose file is gone may be reset as well.
    let known = workspace.model_states().await?.into_iter().map(|state| state.model).find(|model| model.as_str() == name);
    let key = match known {
        Some(key) => key,
        None => named(workspace, name)?.key.clone(),
    };
    workspace.reset_model(&key).await?;
    if asked.json {
        output::json(&ResetJson { model: key.as_str(), reset: true })?;
    } else {
        output::text(&format!("{key}: what its rows said is forgotten; the next sync takes every row as new\n"))?;
    }
    Ok(Ending::Done)
}

#[derive(Serialize)]
struct ListedJson {
    model: ModelKey,
    description: Option<String>,
    rows: u64,
    synced_at: Option<Moment>,
    every: Option<String>,
}

async fn list(asked: &Asked, workspace: &Workspace) -> anyhow::Result<Ending> {
    let states = workspace.model_states().await?;
    let of = |key: &ModelKey| states.iter().find(|state| state.model == *key);
    let mut listed: Vec<ListedJson> = Vec::new();
    let gone = states.iter().map(|state| &state.model).filter(|key| !workspace.catalog.models.contains_key(*key));
    for key in workspace.catalog.models.keys().chain(gone) {
        let (model, state) = (workspace.catalog.models.get(key), of(key));
        listed.push(ListedJson {
            model: key.clone(),
            description: model.map(|model| model.description.clone()),
            rows: state.map_or(0, |state| state.rows),
            synced_at: state.and_then(|state| state.synced_at),
            every: model.and_then(|model| model.every).map(|every| every.to_string()),
        });
    }
    if asked.json {
        output::report(&listed)?;
        return Ok(Ending::Done);
    }
    if listed.is_empty() {
        output::text("no models: describe one in `models/NAME.yaml`\n")?;
        return Ok(Ending::Done);
    }
    let columns = [Column::Text("model"), Column::Number("rows"), Column::Text("synced at"), Column::Text("every"), Column::Text("what")];
    let row = |listed: &ListedJson| {
        vec![
            listed.model.to_string(),
            grouped(listed.rows),
            listed.synced_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            listed.every.clone().unwrap_or_else(|| "by hand".to_owned()),
            listed.description.clone().unwrap_or_else(|| "its file is gone".to_owned()),
        ]
    };
    output::text(&draw(&columns, &listed.iter().map(row).collect::<Vec<_>>()))?;
    Ok(Ending::Done)
}

fn named<'w>(workspace: &'w Workspace, name: &str) -> anyhow::Result<&'w RowModel> {
    let models = &workspace.catalog.models;
    if let Some(model) = models.values().find(|model| model.key.as_str() == name) {
        return Ok(model);
    }
    match definitions::suggest(name, models.keys().map(ModelKey::as_str)) {
        Some(near) => anyhow::bail!("no model is called `{name}`; did you mean `{near}`?"),
        None => anyhow::bail!("no model is called `{name}`; describe it in `models/{name}.yaml`"),
    }
}

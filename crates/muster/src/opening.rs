//! From a folder of definitions to an opened workspace, as every command needs it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use definitions::{Catalog, Diagnostic, Loaded, Severity};
use deliver::{Pacing, Secrets, Tools};
use engine::{Clock, Connections, LakeParquet, SystemClock, Workspace};

use crate::output;
use crate::render::diagnostics;

/// Secrets from the process's environment and from files.
pub(crate) struct EnvironmentAndFiles;

impl Secrets for EnvironmentAndFiles {
    fn env(&self, name: &str) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn file(&self, path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

/// Loads the definitions and adds what the sinks have to say about their destinations.
pub(crate) fn load(folder: &Path) -> Loaded {
    let mut loaded = definitions::load(folder);
    if let Some(catalog) = &loaded.catalog {
        let audiences: Vec<_> = catalog.audiences.values().collect();
        let found: Vec<Diagnostic> =
            catalog.destinations.values().flat_map(|destination| deliver::check(destination, &audiences)).collect();
        loaded.diagnostics.extend(found);
    }
    if loaded.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        loaded.catalog = None;
    }
    loaded
}

/// Adds what does not fit the store, when there is one; none is made. One that cannot be read is no mistake of the definitions.
pub(crate) async fn compare_with_store(folder: &Path, loaded: &mut Loaded) {
    let Some(catalog) = &loaded.catalog else { return };
    let problems = match engine::life_problems(folder, catalog, &EnvironmentAndFiles).await {
        Ok(problems) => problems,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the definitions were not compared with what is recorded");
            return;
        }
    };
    let found = problems.iter().map(|problem| Diagnostic::error(problem.code(), problem.to_string()).help(problem.help()));
    loaded.diagnostics.extend(found);
    if !problems.is_empty() {
        loaded.catalog = None;
    }
}

/// The catalog, or every mistake drawn on stderr and an error.
pub(crate) fn catalog(folder: &Path) -> anyhow::Result<Catalog> {
    let loaded = load(folder);
    if loaded.catalog.is_none() {
        output::note(&diagnostics::draw(&loaded));
    }
    loaded.catalog.with_context(|| format!("the definitions in `{}` have mistakes; `muster check` shows them again", folder.display()))
}

/// Opens the workspace without its destinations: nothing can be sent.
pub(crate) async fn workspace(folder: &Path) -> anyhow::Result<Workspace> {
    workspace_at(folder, catalog(folder)?, Arc::new(SystemClock)).await
}

/// Opens the workspace under these definitions and this clock.
pub(crate) async fn workspace_at(folder: &Path, catalog: Catalog, clock: Arc<dyn Clock>) -> anyhow::Result<Workspace> {
    let workspace = Workspace::open(folder, catalog, &EnvironmentAndFiles, clock).await;
    workspace
        .map(|workspace| workspace.with_secrets(Arc::new(EnvironmentAndFiles)))
        .with_context(|| format!("open the workspace in `{}`", folder.display()))
}

/// Opens the workspace with its destinations connected.
pub(crate) async fn connected(folder: &Path) -> anyhow::Result<Workspace> {
    let catalog = catalog(folder)?;
    let sinks = connect(&catalog, &EnvironmentAndFiles);
    Ok(workspace_at(folder, catalog, Arc::new(SystemClock)).await?.with_sinks(sinks))
}

/// Connects the sinks of all destinations, for people may have to be removed where nobody is sent any more. One that cannot be connected (its token is not set) stops nothing: the run
/// goes on, and what it has for that destination stays pending with the reason.
pub(crate) fn connect(catalog: &Catalog, secrets: &dyn Secrets) -> Connections {
    let tools = Tools { secrets, pacing: Pacing::default(), parquet: Some(Arc::new(LakeParquet)) };
    let destinations = catalog.destinations.iter();
    destinations
        .map(|(key, destination)| {
            let (sink, problems) = deliver::configure_with(destination, &tools);
            let problems = problems.iter().map(|problem| match &problem.help {
                Some(help) => format!("{}; {help}", problem.message),
                None => problem.message.clone(),
            });
            (key.clone(), sink.ok_or_else(|| problems.collect::<Vec<_>>().join("; ")))
        })
        .collect()
}

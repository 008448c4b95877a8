//! `muster test`: the tests beside the definitions, without store and data folder.

use std::path::Path;

use definitions::{Catalog, suggest};
use engine::{ExampleOutcome, Joined, cpu};
use model::AudienceKey;
use serde::Serialize;

use crate::cli::TestArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::counted;
use crate::{opening, output};

#[derive(Serialize)]
struct TestJson<'a> {
    ok: bool,
    passed: usize,
    failed: usize,
    tests: Vec<OutcomeJson<'a>>,
}

#[derive(Serialize)]
struct OutcomeJson<'a> {
    passed: bool,
    #[serde(flatten)]
    outcome: &'a ExampleOutcome,
}

pub(crate) async fn run(asked: &Asked, args: &TestArgs) -> anyhow::Result<Ending> {
    let catalog = opening::catalog(&asked.folder)?;
    let keys = keys(&catalog, &args.keys)?;
    let outcomes = cpu::run(move || engine::run_examples(&catalog, &keys)).await?;
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    if asked.json {
        let tests = outcomes.iter().map(|outcome| OutcomeJson { passed: outcome.passed(), outcome }).collect();
        output::report(&TestJson { ok: failed == 0, passed: outcomes.len() - failed, failed, tests })?;
    } else {
        output::text(&told(&outcomes))?;
    }
    Ok(Ending::with_findings(failed > 0))
}

/// The audiences asked for, or all.
fn keys(catalog: &Catalog, asked: &[String]) -> anyhow::Result<Vec<AudienceKey>> {
    if asked.is_empty() {
        return Ok(catalog.audiences.keys().cloned().collect());
    }
    let find = |name: &String| match catalog.audiences.keys().find(|key| key.as_str() == name) {
        Some(key) => Ok(key.clone()),
        None => match suggest(name, catalog.audiences.keys().map(AudienceKey::as_str)) {
            Some(nearest) => anyhow::bail!("no audience is called `{name}`; did you mean `{nearest}`?"),
            None => anyhow::bail!("no audience is called `{name}`"),
        },
    };
    asked.iter().map(find).collect()
}

fn told(outcomes: &[ExampleOutcome]) -> String {
    if outcomes.is_empty() {
        return "no tests: write some under `tests:` in an audience's file".to_owned();
    }
    let mut text = String::new();
    let mut file: Option<&Path> = None;
    for outcome in outcomes {
        if file != Some(&outcome.file) {
            let gap = if file.is_some() { "\n" } else { "" };
            text.push_str(&format!("{gap}{}\n", outcome.file.display()));
            file = Some(&outcome.file);
        }
        text.push_str(&format!("  {:6}  {}\n", if outcome.passed() { "ok" } else { "FAILED" }, outcome.name));
    }
    let failures: Vec<&ExampleOutcome> = outcomes.iter().filter(|outcome| !outcome.passed()).collect();
    for failure in &failures {
        text.push_str(&format!("\n{}", explained(failure)));
    }
    let passed = (outcomes.len() - failures.len()) as u64;
    text.push_str(&format!("\n{}: {passed} ok, {} failed\n", counted(outcomes.len() as u64, "test"), failures.len()));
    text
}

fn explained(failure: &ExampleOutcome) -> String {
    let side = |is_in: bool| if is_in { "in" } else { "out" };
    let mut text = format!("{}:{}  {}\n", failure.file.display(), failure.line, failure.name);
    let (expected, found) = (side(failure.expect_in), side(failure.found_in));
    text.push_str(&format!("  expected {expected}, found {found}, as of {}\n", failure.as_of));
    let joined = match (failure.joined, failure.parts.len()) {
        (Joined::All, 1) => "this must hold",
        (Joined::All, _) => "each of these must hold",
        (Joined::Any, _) => "one of these must hold",
        (Joined::None, _) => "none of these may hold",
    };
    text.push_str(&format!("  {joined}:\n"));
    for part in &failure.parts {
        text.push_str(&format!("    {:8}  {}\n", if part.held { "held" } else { "did not" }, part.condition));
    }
    text
}

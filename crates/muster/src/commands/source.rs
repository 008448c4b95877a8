//! `muster source`: the keys under which messages come in. A key is shown once and kept nowhere; its hash is in the store.

use anyhow::{bail, ensure};
use collect::{KeyHash, new_key};
use engine::Workspace;
use model::Moment;
use serde::Serialize;
use store::{KeyPurpose, WriteKey};

use crate::cli::{SourceArgs, SourceCommand};
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::counted;
use crate::render::table::{Column, draw};
use crate::{opening, output};

#[derive(Serialize)]
struct MadeJson<'a> {
    source: &'a str,
    write_key: &'a str,
}

#[derive(Serialize)]
struct RevokedJson<'a> {
    source: &'a str,
    revoked: usize,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Listed {
    source: String,
    description: Option<String>,
    keys: usize,
    newest_key_at: Option<Moment>,
    revoked_keys: usize,
}

pub(crate) async fn run(asked: &Asked, args: &SourceArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let keys = workspace.store.write_keys(KeyPurpose::Write).await?;
    match &args.command {
        SourceCommand::Add { name } => {
            defined(&workspace, name)?;
            ensure!(good(&keys, name).is_empty(), "`{name}` has a key already; `muster source rotate {name}` makes another one");
            make(asked, &workspace, name).await?;
        }
        SourceCommand::Rotate { name } => {
            defined(&workspace, name)?;
            ensure!(!good(&keys, name).is_empty(), "`{name}` has no key yet; `muster source add {name}` makes one");
            make(asked, &workspace, name).await?;
        }
        SourceCommand::Revoke { name, old } => revoke(asked, &workspace, &keys, name, *old).await?,
        SourceCommand::List => {
            let listed = listed(&workspace, &keys);
            if asked.json {
                output::report(&listed)?;
            } else {
                output::text(&told(&listed))?;
            }
        }
    }
    Ok(Ending::Done)
}

async fn make(asked: &Asked, workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    let key = new_key();
    let key_hash = KeyHash::of(&key).as_str().to_owned();
    let kept = WriteKey { key_hash, source: name.to_owned(), created_at: workspace.clock.now(), revoked_at: None };
    workspace.store.add_write_key(KeyPurpose::Write, &kept).await?;
    if asked.json {
        return output::json(&MadeJson { source: name, write_key: &key });
    }
    output::text(&key)?;
    output::note(&format!("this is the write key of `{name}`: keep it, it cannot be shown again\n"));
    Ok(())
}

async fn revoke(asked: &Asked, workspace: &Workspace, keys: &[WriteKey], name: &str, old: bool) -> anyhow::Result<()> {
    let mut ended = good(keys, name);
    if old {
        ended.pop();
    }
    if ended.is_empty() && old {
        bail!("`{name}` has no older key; `muster source rotate {name}` makes a newer one first");
    }
    ensure!(!ended.is_empty(), "`{name}` has no key; `muster source list` shows who has");
    let hashes: Vec<_> = ended.iter().map(|key| key.key_hash.clone()).collect();
    workspace.store.revoke_write_keys(KeyPurpose::Write, &hashes, workspace.clock.now()).await?;
    if asked.json {
        return output::json(&RevokedJson { source: name, revoked: hashes.len() });
    }
    output::text(&format!("{} of `{name}` revoked\n", counted(hashes.len() as u64, "key")))
}

/// The keys of a source that are good, oldest first.
fn good<'k>(keys: &'k [WriteKey], name: &str) -> Vec<&'k WriteKey> {
    keys.iter().filter(|key| key.source == name && key.revoked_at.is_none()).collect()
}

fn defined(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    let sources = &workspace.catalog.settings.sources;
    if sources.contains_key(name) {
        return Ok(());
    }
    match definitions::suggest(name, sources.keys().map(String::as_str)) {
        Some(nearest) => bail!("no source `{name}`; did you mean `{nearest}`?"),
        None => bail!("no source `{name}`; add it under `sources:` in `muster.yaml`, such as `website: The shop's pages`"),
    }
}

fn listed(workspace: &Workspace, keys: &[WriteKey]) -> Vec<Listed> {
    let sources = &workspace.catalog.settings.sources;
    let mut names: Vec<&str> = sources.keys().map(String::as_str).chain(keys.iter().map(|key| key.source.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    let list = |name: &str| {
        let good = good(keys, name);
        Listed {
            source: name.to_owned(),
            description: sources.get(name).cloned(),
            keys: good.len(),
            newest_key_at: good.last().map(|key| key.created_at.whole_seconds()),
            revoked_keys: keys.iter().filter(|key| key.source == name).count() - good.len(),
        }
    };
    names.into_iter().map(list).collect()
}

fn told(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "no source is defined: add one under `sources:` in `muster.yaml`\n".to_owned();
    }
    let columns = [Column::Text("source"), Column::Number("keys"), Column::Text("newest"), Column::Text("what it is")];
    let row = |source: &Listed| {
        let description = source.description.clone().unwrap_or_else(|| "not in `muster.yaml` any more".to_owned());
        vec![source.source.clone(), source.keys.to_string(), source.newest_key_at.map(|at| at.to_string()).unwrap_or_default(), description]
    };
    draw(&columns, &listed.iter().map(row).collect::<Vec<_>>())
}

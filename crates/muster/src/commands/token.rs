//! `muster token`: who may ask for profiles over HTTP. A token is shown once and kept nowhere; its hash is in the store.

use anyhow::{bail, ensure};
use collect::{KeyHash, new_token};
use engine::Workspace;
use model::AudienceKey;
use serde::Serialize;
use store::{KeyPurpose, WriteKey};

use crate::cli::{TokenArgs, TokenCommand};
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::counted;
use crate::render::table::{Column, draw};
use crate::{opening, output};

#[derive(Serialize)]
struct MadeJson<'a> {
    name: &'a str,
    token: &'a str,
}

#[derive(Serialize)]
struct RevokedJson<'a> {
    name: &'a str,
    revoked: usize,
}

#[derive(Serialize)]
struct ListedJson<'a> {
    name: &'a str,
    created_at: String,
    revoked_at: Option<String>,
}

pub(crate) async fn run(asked: &Asked, args: &TokenArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let tokens = workspace.store.write_keys(KeyPurpose::Read).await?;
    match &args.command {
        TokenCommand::Add { name } => add(asked, &workspace, &tokens, name).await?,
        TokenCommand::Revoke { name } => revoke(asked, &workspace, &tokens, name).await?,
        TokenCommand::List if asked.json => output::json(&tokens.iter().map(listed).collect::<Vec<_>>())?,
        TokenCommand::List => output::text(&told(&tokens))?,
    }
    Ok(Ending::Done)
}

async fn add(asked: &Asked, workspace: &Workspace, tokens: &[WriteKey], name: &str) -> anyhow::Result<()> {
    ensure!(AudienceKey::parse(name).is_ok(), "name who reads in lower-case letters, digits and `_`, such as `support_desk`");
    ensure!(good(tokens, name).is_empty(), "`{name}` has a token; give the new one another name, then `muster token revoke {name}`");
    let token = new_token();
    let key_hash = KeyHash::of(&token).as_str().to_owned();
    let kept = WriteKey { key_hash, source: name.to_owned(), created_at: workspace.clock.now(), revoked_at: None };
    workspace.store.add_write_key(KeyPurpose::Read, &kept).await?;
    if asked.json {
        return output::json(&MadeJson { name, token: &token });
    }
    output::text(&token)?;
    output::note(&format!("this is the token of `{name}`: keep it, it cannot be shown again\n"));
    Ok(())
}

async fn revoke(asked: &Asked, workspace: &Workspace, tokens: &[WriteKey], name: &str) -> anyhow::Result<()> {
    let ended = good(tokens, name);
    if ended.is_empty() {
        match definitions::suggest(name, tokens.iter().filter(|token| token.revoked_at.is_none()).map(|token| token.source.as_str())) {
            Some(near) => bail!("`{name}` has no token; did you mean `{near}`?"),
            None => bail!("`{name}` has no token; `muster token list` shows who has"),
        }
    }
    let hashes: Vec<_> = ended.iter().map(|token| token.key_hash.clone()).collect();
    workspace.store.revoke_write_keys(KeyPurpose::Read, &hashes, workspace.clock.now()).await?;
    if asked.json {
        return output::json(&RevokedJson { name, revoked: hashes.len() });
    }
    output::text(&format!("{} of `{name}` revoked\n", counted(hashes.len() as u64, "token")))
}

/// The tokens of a name that are good.
fn good<'t>(tokens: &'t [WriteKey], name: &str) -> Vec<&'t WriteKey> {
    tokens.iter().filter(|token| token.source == name && token.revoked_at.is_none()).collect()
}

fn listed(token: &WriteKey) -> ListedJson<'_> {
    let revoked_at = token.revoked_at.map(model::Moment::rfc3339);
    ListedJson { name: &token.source, created_at: token.created_at.rfc3339(), revoked_at }
}

fn told(tokens: &[WriteKey]) -> String {
    if tokens.is_empty() {
        return "nobody has a token: `muster token add NAME` makes one\n".to_owned();
    }
    let moment = |at: model::Moment| at.whole_seconds().to_string();
    let row = |token: &WriteKey| vec![token.source.clone(), moment(token.created_at), token.revoked_at.map(moment).unwrap_or_default()];
    draw(&[Column::Text("name"), Column::Text("made"), Column::Text("revoked")], &tokens.iter().map(row).collect::<Vec<_>>())
}

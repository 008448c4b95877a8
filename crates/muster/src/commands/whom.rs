//! Whom a command is about: `email:ann@example.com`, `id:PUBLIC_ID`, or `-` for one line of stdin.
//!
//! A value is somebody's: it is never repeated in an error.

use std::io::BufRead as _;

use anyhow::{Context as _, anyhow, bail};
use engine::Workspace;
use model::{Identifier, IdentifierKind, PublicId};
use store::{ProfileName, ProfileRecord};

/// What stands before a public id.
const PUBLIC_ID_KINDS: [&str; 3] = ["id", "public_id", "segment_id"];

/// Reads a name as it is typed; `-` reads it from stdin, for what is typed stays in the shell's history.
pub(crate) fn typed(text: &str) -> anyhow::Result<ProfileName> {
    if text != "-" {
        return parse(text);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("read whom it is about from stdin")?;
    parse(line.trim_end_matches(['\r', '\n']))
}

/// Reads an identifier as it is typed, where a public id does not do: it may find somebody who is not known yet.
pub(crate) fn identifier(text: &str) -> anyhow::Result<Identifier> {
    match typed(text)? {
        ProfileName::Identifier(identifier) => Ok(identifier),
        ProfileName::PublicId(_) => bail!("name an identifier, such as `user_id:42`: `muster profile` shows those of a public id"),
    }
}

/// Reads a kind and a value.
pub(crate) fn parse(text: &str) -> anyhow::Result<ProfileName> {
    let Some((kind, value)) = text.split_once(':') else {
        bail!("write a kind and a value, such as `email:ann@example.com`, `user_id:42` or `id:` and a public id");
    };
    if PUBLIC_ID_KINDS.contains(&kind) {
        return Ok(ProfileName::PublicId(PublicId(value.trim().to_owned())));
    }
    let identifier = Identifier::parse(&IdentifierKind::new(kind), value);
    identifier.map(ProfileName::Identifier).map_err(|_| anyhow!("the value after `{kind}:` cannot identify anybody"))
}

/// The profile of this name.
pub(crate) async fn find(workspace: &Workspace, name: &ProfileName) -> anyhow::Result<ProfileRecord> {
    if let Some(record) = workspace.store.profile(name).await? {
        return Ok(record);
    }
    let waits = if workspace.waiting_bytes()? > 0 { "; messages wait in the inbox, which the next run takes in" } else { "" };
    let ProfileName::Identifier(identifier) = name else { bail!("nobody has this public id{waits}") };
    let (kind, kinds) = (identifier.kind.as_str(), workspace.store.identifier_kinds().await?);
    if kinds.contains(&identifier.kind) {
        bail!("nobody is known by this `{kind}`{waits}");
    }
    let known = kinds.iter().map(IdentifierKind::as_str);
    match definitions::suggest(kind, known.clone().chain(PUBLIC_ID_KINDS)) {
        Some(near) => bail!("nobody has a `{kind}`; did you mean `{near}:`?"),
        None if kinds.is_empty() => bail!("nobody is known yet{waits}; `muster ingest` brings messages in"),
        None => bail!("nobody has a `{kind}`{waits}; the kinds there are: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

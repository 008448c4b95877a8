//! `muster members`: who is in an audience, as of its latest run.

use std::path::Path;

use anyhow::Context as _;
use lake::ExportColumn;
use model::{IdentifierKind, Membership, ProfileId};
use serde::Serialize;
use store::{ProfileIdentity, RecordedMembership};

use crate::cli::MembersArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{self, Column};
use crate::{opening, output};

/// One member, as listed and exported.
#[derive(Serialize)]
struct Member {
    profile: String,
    user_id: Option<String>,
    email: Option<String>,
    anonymous_id: Option<String>,
}

pub(crate) async fn run(asked: &Asked, args: &MembersArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let recorded = workspace.store.memberships().await?;
    let recorded = find(&recorded, &workspace, &args.audience)?;
    if args.count {
        if asked.json {
            output::json(&serde_json::json!({ "audience": args.audience, "members": recorded.members.len(), "as_of": recorded.as_of }))?;
        } else {
            output::text(&recorded.members.len().to_string())?;
        }
        return Ok(Ending::Done);
    }
    let limit = if args.output.is_some() { usize::MAX } else { args.limit };
    let profiles: Vec<ProfileId> = recorded.members.iter().take(limit).collect();
    let members: Vec<Member> = workspace.store.identities(&profiles).await?.into_iter().map(member).collect();
    match &args.output {
        Some(file) => {
            export(file, &members).with_context(|| format!("write `{}`", file.display()))?;
            output::note(&format!(
                "{} as of {} written to `{}`\n",
                counted(members.len() as u64, "member"),
                recorded.as_of,
                file.display()
            ));
        }
        None if asked.json => output::json(&members)?,
        None => output::text(&told(&args.audience, recorded.as_of, &recorded.members, &members))?,
    }
    Ok(Ending::Done)
}

fn find<'a>(
    recorded: &'a std::collections::BTreeMap<model::AudienceKey, RecordedMembership>,
    workspace: &engine::Workspace,
    name: &str,
) -> anyhow::Result<&'a RecordedMembership> {
    if let Some((_, found)) = recorded.iter().find(|(key, _)| key.as_str() == name) {
        return Ok(found);
    }
    if workspace.catalog.audiences.keys().any(|key| key.as_str() == name) {
        anyhow::bail!("the audience `{name}` has not been evaluated yet; `muster run` does it");
    }
    Err(unknown(workspace, name))
}

/// There is no such audience, and perhaps one that is spelled nearly so.
pub(super) fn unknown(workspace: &engine::Workspace, name: &str) -> anyhow::Error {
    let near = definitions::suggest(name, workspace.catalog.audiences.keys().map(model::AudienceKey::as_str));
    let way_out = near.map_or("`muster audiences` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    anyhow::anyhow!("no audience is named `{name}`; {way_out}")
}

fn member(identity: ProfileIdentity) -> Member {
    let first =
        |kind: &str| identity.identifiers.iter().find(|identifier| identifier.kind.as_str() == kind).map(|found| found.value.clone());
    Member {
        user_id: first(IdentifierKind::USER_ID),
        email: first(IdentifierKind::EMAIL),
        anonymous_id: first(IdentifierKind::ANONYMOUS_ID),
        profile: identity.public_id.0,
    }
}

fn told(audience: &str, as_of: model::AsOf, all: &Membership, listed: &[Member]) -> String {
    let mut text = format!("{audience}: {} as of {as_of}\n", counted(all.len(), "member"));
    if listed.is_empty() {
        return text;
    }
    text.push('\n');
    let rows: Vec<_> = listed
        .iter()
        .map(|member| vec![member.profile.clone(), member.user_id.clone().unwrap_or_default(), member.email.clone().unwrap_or_default()])
        .collect();
    text.push_str(&table::draw(&[Column::Text("profile"), Column::Text("user_id"), Column::Text("email")], &rows));
    if all.len() > listed.len() as u64 {
        text.push_str(&format!("and {} more; `--output members.csv` writes all of them\n", grouped(all.len() - listed.len() as u64)));
    }
    text
}

fn export(file: &Path, members: &[Member]) -> anyhow::Result<()> {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => {
            let mut writer = csv::Writer::from_path(file)?;
            writer.write_record(["profile", "user_id", "email", "anonymous_id"])?;
            for member in members {
                let cell = |value: &Option<String>| value.clone().unwrap_or_default();
                writer.write_record([member.profile.clone(), cell(&member.user_id), cell(&member.email), cell(&member.anonymous_id)])?;
            }
            Ok(writer.flush()?)
        }
        Some("parquet") => {
            let texts = |of: &dyn Fn(&Member) -> Option<String>| ExportColumn::Text(members.iter().map(of).collect());
            let columns = [
                ("profile", texts(&|member| Some(member.profile.clone()))),
                ("user_id", texts(&|member| member.user_id.clone())),
                ("email", texts(&|member| member.email.clone())),
                ("anonymous_id", texts(&|member| member.anonymous_id.clone())),
            ];
            Ok(lake::export_parquet(file, &columns)?)
        }
        _ => anyhow::bail!("the file's ending says neither `.csv` nor `.parquet`"),
    }
}

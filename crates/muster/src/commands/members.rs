//! `muster members`: who is in an audience, as of its latest run.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use lake::ExportColumn;
use model::{Collection, IdentifierKind, ProfileId};
use store::{ProfileIdentity, RecordedMembership};

use crate::cli::MembersArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{self, Column};
use crate::{opening, output};

/// The identifiers that are shown of users.
const USERS: [&str; 3] = [IdentifierKind::USER_ID, IdentifierKind::EMAIL, IdentifierKind::ANONYMOUS_ID];
/// Those of accounts.
const ACCOUNTS: [&str; 1] = [IdentifierKind::GROUP_ID];

/// One member, as listed and exported.
struct Member {
    profile: String,
    /// The first of each kind, in the order of the kinds shown.
    identifiers: Vec<Option<String>>,
}

pub(crate) async fn run(asked: &Asked, args: &MembersArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let recorded = workspace.store.memberships().await?;
    let recorded = find(&recorded, &workspace, &args.audience)?;
    if args.count {
        if asked.json {
            output::report(&serde_json::json!({ "audience": args.audience, "members": recorded.members.len(), "as_of": recorded.as_of }))?;
        } else {
            output::text(&recorded.members.len().to_string())?;
        }
        return Ok(Ending::Done);
    }
    let limit = if args.output.is_some() { usize::MAX } else { args.limit };
    let profiles: Vec<ProfileId> = recorded.members.iter().take(limit).collect();
    let of = workspace.catalog.audiences.iter().find(|(key, _)| key.as_str() == args.audience).map(|(_, audience)| audience.of);
    let kinds: &[&'static str] = if of == Some(Collection::Accounts) { &ACCOUNTS } else { &USERS };
    let identities = workspace.store.identities(&profiles).await?;
    let members: Vec<Member> = identities.into_iter().map(|identity| member(identity, kinds)).collect();
    match &args.output {
        Some(file) => {
            export(file, kinds, &members).with_context(|| format!("write `{}`", file.display()))?;
            output::note(&format!(
                "{} as of {} written to `{}`\n",
                counted(members.len() as u64, "member"),
                recorded.as_of,
                file.display()
            ));
        }
        None if asked.json => output::json(&members.iter().map(|member| json(member, kinds)).collect::<Vec<_>>())?,
        None => output::text(&told(&args.audience, recorded, kinds, &members))?,
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

fn member(identity: ProfileIdentity, kinds: &[&str]) -> Member {
    let first =
        |kind: &&str| identity.identifiers.iter().find(|identifier| identifier.kind.as_str() == *kind).map(|found| found.value.clone());
    Member { identifiers: kinds.iter().map(first).collect(), profile: identity.public_id.0 }
}

fn json(member: &Member, kinds: &[&'static str]) -> serde_json::Value {
    let mut json = serde_json::json!({ "profile": member.profile });
    for (kind, value) in kinds.iter().zip(&member.identifiers) {
        json[*kind] = serde_json::json!(value);
    }
    json
}

fn told(audience: &str, recorded: &RecordedMembership, kinds: &[&'static str], listed: &[Member]) -> String {
    let all = &recorded.members;
    let mut text = format!("{audience}: {} as of {}\n", counted(all.len(), "member"), recorded.as_of);
    if listed.is_empty() {
        return text;
    }
    text.push('\n');
    // A line holds two of them; a file holds all.
    let shown = &kinds[..kinds.len().min(2)];
    let row = |member: &Member| {
        let values = member.identifiers.iter().take(shown.len()).map(|value| value.clone().unwrap_or_default());
        std::iter::once(member.profile.clone()).chain(values).collect::<Vec<_>>()
    };
    let columns: Vec<Column> = std::iter::once("profile").chain(shown.iter().copied()).map(Column::Text).collect();
    text.push_str(&table::draw(&columns, &listed.iter().map(row).collect::<Vec<_>>()));
    if all.len() > listed.len() as u64 {
        text.push_str(&format!("and {} more; `--output members.csv` writes all of them\n", grouped(all.len() - listed.len() as u64)));
    }
    text
}

/// Writes all of them to a file that only its owner may read, and that is there wholly or not at all.
fn export(file: &Path, kinds: &[&'static str], members: &[Member]) -> anyhow::Result<()> {
    let bytes = match file.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => csv_bytes(kinds, members)?,
        Some("parquet") => parquet_bytes(kinds, members)?,
        _ => anyhow::bail!("the file's ending says neither `.csv` nor `.parquet`"),
    };
    let mut temporary = output::begin(file)?;
    temporary.write_all(&bytes)?;
    Ok(output::keep(temporary, file)?)
}

fn csv_bytes(kinds: &[&'static str], members: &[Member]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(std::iter::once("profile").chain(kinds.iter().copied()))?;
    for member in members {
        let values = member.identifiers.iter().map(|value| value.as_deref().unwrap_or_default());
        writer.write_record(std::iter::once(member.profile.as_str()).chain(values))?;
    }
    Ok(writer.into_inner()?)
}

fn parquet_bytes(kinds: &[&'static str], members: &[Member]) -> anyhow::Result<Vec<u8>> {
    let mut columns = vec![("profile", ExportColumn::Text(members.iter().map(|member| Some(member.profile.clone())).collect()))];
    for (place, kind) in kinds.iter().enumerate() {
        columns.push((*kind, ExportColumn::Text(members.iter().map(|member| member.identifiers[place].clone()).collect())));
    }
    Ok(lake::parquet_bytes(&columns)?)
}

//! Find or create: which audience on Facebook is ours.
//!
//! Names are not unique there, and creating twice makes two. Our audiences carry a marker in their description; that,
//! and looking again whenever the answer to a create was lost, makes creating safe to repeat.

use std::collections::BTreeSet;

use definitions::OnExit;
use model::{LedgerChange, LedgerRow, LedgerState, ProfileId, RemoteAudience};
use serde_json::{Value, json};

use super::client::{Request, integer};
use super::errors::{Advice, Failure};
use super::options::OnDrift;
use super::plan;
use super::settling::Settling;
use super::standing::{self, Standing};
use crate::dispatch::{Stop, Verdict};

const LIST_FIELDS: &str = "id,name,account_id,subtype,description,is_value_based";
const ACCOUNT_FIELDS: &str = "id,name,account_status,tos_accepted";
const PAGE_LIMIT: u32 = 25;
/// An account holds 500 audiences; pages may be as short as Facebook likes, and even empty.
const PAGES_MAX: usize = 1_000;

/// The audience to write to.
pub(super) struct Found {
    pub(super) remote: RemoteAudience,
    /// Its `operation_status`, when Facebook was asked.
    pub(super) status: Option<i64>,
}

impl Settling<'_> {
    /// The audience to write to: the one that is known or named, or one found, or a new one. Forgets the ledger's rows when
    /// they were sent to an audience that is gone.
    pub(super) async fn remote(
        &mut self,
        known: Option<RemoteAudience>,
        (name, sendable): (&str, u64),
        ledger: &mut Vec<LedgerRow>,
    ) -> Result<Found, Stop> {
        if let Some(known) = known {
            self.check_named(&known)?;
            match self.talk.patiently(&Request::get(known.remote_id.clone(), standing::FIELDS)).await {
                Ok(node) => {
                    self.check_standing(&node)?;
                    self.check_value(&node)?;
                    let known = self.check_drift(&node, known, ledger).await?;
                    let remote = self.renamed(known, name).await?;
                    return Ok(Found { remote, status: standing::operation_status(&node) });
                }
                Err(failure) if failure.advice == Advice::Missing && self.is_emptied() => {
                    let remote = self.gone(known, ledger).await?;
                    return Ok(Found { remote, status: None });
                }
                Err(failure) if failure.advice == Advice::Missing && self.may_recreate(ledger) => {}
                Err(failure) => return Err(self.halt(failure).await),
            }
        }
        self.check_account().await?;
        let named = self.job.remote_id.clone();
        let listed = match named {
            Some(remote_id) => Some(remote_id),
            None => self.find(name).await?,
        };
        if let Some(remote_id) = listed {
            return self.take_over(remote_id, name, ledger).await;
        }
        // One that was known and is gone is begun anew like any other.
        self.check_minimum(sendable)?;
        let remote = RemoteAudience::new(self.create(name, ledger).await?, name);
        self.save_remote(&remote).await?;
        self.facts.insert("id".to_owned(), remote.remote_id.clone());
        Ok(Found { remote, status: None })
    }

    /// An audience that is there already: made by us when the answer was lost, or by somebody else. Who is in it is not known.
    async fn take_over(&mut self, remote_id: String, name: &str, ledger: &mut Vec<LedgerRow>) -> Result<Found, Stop> {
        let node = match self.talk.patiently(&Request::get(remote_id.clone(), standing::FIELDS)).await {
            Ok(node) => node,
            Err(failure) => return Err(self.halt(failure).await),
        };
        if let Some(subtype) = node["subtype"].as_str().filter(|subtype| *subtype != "CUSTOM") {
            let words = format!("audience {remote_id} on facebook is no customer list (its subtype is {subtype}); choose another");
            return Err(Stop::Halt(model::SyncState::Failed, words));
        }
        self.check_standing(&node)?;
        self.check_value(&node)?;
        self.change_ledger(&LedgerChange { upsert: Vec::new(), delete: std::mem::take(ledger) }).await?;
        let doubt = Some("the audience was there before".to_owned());
        // Whatever it is called there: it keeps that name until the title changes here.
        let remote = RemoteAudience { doubt, ..RemoteAudience::new(remote_id, name) };
        self.save_remote(&remote).await?;
        Ok(Found { remote, status: standing::operation_status(&node) })
    }

    /// A definition that names another audience than the one people were sent to would leave them there.
    fn check_named(&self, known: &RemoteAudience) -> Result<(), Stop> {
        match &self.job.remote_id {
            Some(named) if *named != known.remote_id => Err(Stop::Halt(
                model::SyncState::Failed,
                format!(
                    "people were sent to audience {} and the definition names {named}: put the first one back, or send to {named} from an audience of another key",
                    known.remote_id
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Whether somebody else changed who is in the audience. It is said until everybody was sent anew.
    async fn check_drift(&mut self, node: &Value, mut known: RemoteAudience, ledger: &[LedgerRow]) -> Result<RemoteAudience, Stop> {
        // A replace takes effect long after it was sent, and who was killed did not come to say when they last wrote: rows do.
        let ours = known.written_at.max(ledger.iter().map(|row| row.updated_at).max());
        // Facebook ends a replace after our last batch: whole, or by cutting it off.
        let is_cut_off = standing::operation_status(node) == Some(standing::REPLACE_FAILED) && plan::has_pending(ledger);
        let is_replace_ours = known.replacing.is_some() || is_cut_off;
        if !is_replace_ours && known.drifted_at.is_none() && standing::has_drifted(node, ours) {
            known.drifted_at = Some(self.now());
            if self.options.on_drift == OnDrift::Replace {
                known.doubt.get_or_insert_with(|| "somebody else changed the audience on facebook".to_owned());
            }
            self.save_remote(&known).await?;
        }
        if known.doubt.is_some() {
            return Ok(known);
        }
        if let Some(since) = known.drifted_at {
            self.tally.notes.push(format!(
                "somebody else changed who is in the audience (seen {since}); `muster resync {}` sends everybody anew",
                self.job.audience
            ));
        }
        let people: BTreeSet<ProfileId> = ledger.iter().filter(|row| row.state == LedgerState::Added).map(|row| row.profile).collect();
        if let Some(matched) = standing::strangers(node, people.len() as u64) {
            self.tally.notes.push(format!(
                "facebook counts at least {matched} people there, and {} were sent; `muster resync {}` sends everybody anew",
                people.len(),
                self.job.audience
            ));
        }
        Ok(known)
    }

    fn may_recreate(&self, ledger: &[LedgerRow]) -> bool {
        self.options.claims.recreate_missing || ledger.iter().all(|row| row.state == LedgerState::Rejected)
    }

    /// Whether nobody is to be there any more.
    fn is_emptied(&self) -> bool {
        self.job.people.is_empty() && self.job.on_exit == OnExit::Remove
    }

    /// The audience to empty cannot be seen. When the account can, and does not list it, it was deleted, and everybody in it
    /// with it; else it may be hidden from this token, and nothing is forgotten.
    async fn gone(&mut self, known: RemoteAudience, ledger: &mut Vec<LedgerRow>) -> Result<RemoteAudience, Stop> {
        self.check_account().await?;
        if let Some(remote_id) = self.find(&known.name).await? {
            let found = RemoteAudience::new(remote_id, known.name);
            self.save_remote(&found).await?;
            return Ok(found);
        }
        self.change_ledger(&LedgerChange { upsert: Vec::new(), delete: std::mem::take(ledger) }).await?;
        Err(Stop::Halt(model::SyncState::Sent, "the audience was deleted on facebook, and everybody in it with it".to_owned()))
    }

    fn check_standing(&mut self, node: &Value) -> Result<(), Stop> {
        let owner = id_text(&node["account_id"]);
        if let Some(owner) = owner.filter(|owner| owner.trim_start_matches("act_") != self.options.account) {
            let words = format!(
                "the audience lives in ad account {owner}, not in {}: set `ad_account` back, or use a destination of another name for the new account",
                self.options.account
            );
            return Err(Stop::Halt(model::SyncState::Failed, words));
        }
        if node["permission_for_actions"]["can_edit"] == json!(false) {
            let words = format!("the token may not edit the audience: {}", Advice::Permission.words(&self.options.account));
            return Err(Stop::Halt(model::SyncState::Failed, words));
        }
        self.facts = standing::facts(node);
        match standing::standing(node) {
            Standing::Good => Ok(()),
            Standing::Note(note) => {
                self.tally.notes.push(note);
                Ok(())
            }
            Standing::Stop(state, words) => Err(Stop::Halt(state, words.to_owned())),
        }
    }

    /// Whether the audience carries values exactly when the sync has one: on Facebook that is settled when it is made. To remove
    /// people it does not matter.
    fn check_value(&self, node: &Value) -> Result<(), Stop> {
        let words = match (node["is_value_based"].as_bool(), &self.job.value) {
            _ if self.job.people.is_empty() => return Ok(()),
            (Some(false), Some(value)) => format!(
                "the audience on facebook was made without values, and that cannot be changed: take `value: {value}` out, or delete the audience there and set `recreate_missing: true`"
            ),
            (Some(true), None) => "the audience on facebook was made with a value for each person, and that cannot be changed: put `value` back, or delete the audience there and set `recreate_missing: true`".to_owned(),
            (Some(true) | None, Some(_)) | (Some(false) | None, None) => return Ok(()),
        };
        Err(Stop::Halt(model::SyncState::Failed, words))
    }

    /// Carries a new title over. What somebody renamed on Facebook stays as it is until the title changes here.
    async fn renamed(&mut self, known: RemoteAudience, name: &str) -> Result<RemoteAudience, Stop> {
        // An audience that is emptied for good keeps its name: the sync that gave it may be gone.
        if known.name == name || !self.options.rename || self.job.people.is_empty() {
            return Ok(known);
        }
        let request = Request::post(known.remote_id.clone(), [("name", json!(name)), ("description", json!(self.description()))]);
        if let Err(failure) = self.talk.patiently(&request).await {
            return Err(self.halt(failure).await);
        }
        let renamed = RemoteAudience { name: name.to_owned(), ..known };
        self.save_remote(&renamed).await?;
        tracing::info!(audience = %self.job.audience, remote_id = renamed.remote_id, "audience renamed on facebook");
        Ok(renamed)
    }

    /// Whether the account can be used and the terms are accepted, before anything is made there.
    async fn check_account(&mut self) -> Result<(), Stop> {
        let node = match self.talk.patiently(&Request::get(self.account_path(), ACCOUNT_FIELDS)).await {
            Ok(node) => node,
            Err(failure) => return Err(self.halt(failure).await),
        };
        // Only an answer that speaks of terms can say that they are missing.
        if node["tos_accepted"].is_object() && integer(&node["tos_accepted"]["custom_audience_tos"]) != Some(1) {
            return Err(Stop::Halt(model::SyncState::Failed, Advice::Terms.words(&self.options.account)));
        }
        Ok(())
    }

    /// The one audience of this name that is ours, if there is one.
    async fn find(&mut self, name: &str) -> Result<Option<String>, Stop> {
        let listed = match self.list(name).await {
            Ok(listed) => listed,
            Err(failure) => return Err(self.halt(failure).await),
        };
        let chosen = choose(&listed, name, &self.marker(), &self.options.account, self.options.claims.adopt_by_name)
            .map_err(|words| Stop::Halt(model::SyncState::Failed, words))?;
        for node in listed.iter().filter(|node| chosen.is_some() && id_text(&node["id"]) == chosen) {
            self.check_value(node)?;
        }
        Ok(chosen)
    }

    /// Every audience of the account that may have this name; the filter is only a hint.
    async fn list(&mut self, name: &str) -> Result<Vec<Value>, Failure> {
        let mut filter = Some(json!([{ "field": "name", "operator": "EQUAL", "value": name }]).to_string());
        let (mut limit, mut after) = (PAGE_LIMIT, None::<String>);
        let mut listed = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut request = Request::get(format!("{}/customaudiences", self.account_path()), LIST_FIELDS);
            request.query.push(("limit", limit.to_string()));
            request.query.extend(filter.iter().map(|filter| ("filtering", filter.clone())));
            request.query.extend(after.iter().map(|after| ("after", after.clone())));
            let page = match self.page(&request, limit).await {
                Ok(page) => page,
                Err(failure) if failure.code == Some(100) && filter.is_some() => {
                    (filter, after, listed) = (None, None, Vec::new());
                    continue;
                }
                Err(failure) if failure.code == Some(1) && limit > 1 => {
                    limit /= 2;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            listed.extend(page["data"].as_array().into_iter().flatten().cloned());
            let next = next_cursor(&page);
            if next.is_none() {
                return Ok(listed);
            }
            after = next;
        }
        Err(Failure::config(Advice::Look, "the list of audiences has no end"))
    }

    /// One page. Code 1 asks for a shorter page rather than for patience, while there is a shorter one.
    async fn page(&mut self, request: &Request, limit: u32) -> Result<Value, Failure> {
        let mut tries_made = 0;
        loop {
            tries_made += 1;
            match self.talk.once(request).await {
                Err(failure) if failure.verdict == Verdict::Retry && (failure.code != Some(1) || limit == 1) => {
                    self.talk.wait_after(tries_made, failure).await?;
                }
                done => return done,
            }
        }
    }

    /// Makes the audience. After a lost answer it is looked for again before it is made again.
    async fn create(&mut self, name: &str, ledger: &mut Vec<LedgerRow>) -> Result<String, Stop> {
        // Whatever the ledger holds was sent to an audience that is gone.
        self.change_ledger(&LedgerChange { upsert: Vec::new(), delete: std::mem::take(ledger) }).await?;
        let value = self.job.value.as_ref().map(|_| ("is_value_based", json!(true)));
        let request = Request::post(
            format!("{}/customaudiences", self.account_path()),
            [
                ("name", json!(name)),
                ("subtype", json!("CUSTOM")),
                ("customer_file_source", json!(self.options.customer_file_source)),
                ("description", json!(self.description())),
            ]
            .into_iter()
            .chain(value),
        );
        let mut tries_made = 0;
        loop {
            tries_made += 1;
            let failure = match self.talk.once(&request).await.map(|answer| id_text(&answer["id"])) {
                Ok(Some(id)) => {
                    tracing::info!(audience = %self.job.audience, remote_id = id, "audience created on facebook");
                    return Ok(id);
                }
                Ok(None) => Failure::outage("the answer to the create has no id"),
                Err(failure) if failure.verdict == Verdict::Retry => failure,
                Err(failure) => return Err(self.halt(failure).await),
            };
            if let Err(failure) = self.talk.wait_after(tries_made, failure).await {
                return Err(self.halt(failure).await);
            }
            if let Some(found) = self.find(name).await? {
                return Ok(found);
            }
        }
    }

    fn account_path(&self) -> String {
        format!("act_{}", self.options.account)
    }

    /// Tells our audience from others of the same name, and from those of another workspace in the same ad account.
    fn marker(&self) -> String {
        format!("[aud:{}/{}]", self.context.workspace, self.job.audience)
    }

    fn description(&self) -> String {
        let description = self.options.description.replace("{description}", self.job.description.trim());
        format!("{} {}", description.trim(), self.marker()).trim().to_owned()
    }
}

/// Ours among those listed: the one with our marker, or the one without any if it may be adopted.
fn choose(listed: &[Value], name: &str, marker: &str, account: &str, adopt: bool) -> Result<Option<String>, String> {
    let text = |node: &Value, field: &str| node[field].as_str().unwrap_or_default().to_owned();
    let of_this_name: Vec<&Value> = listed
        .iter()
        .filter(|node| text(node, "name").trim() == name.trim() && text(node, "subtype") == "CUSTOM")
        .filter(|node| id_text(&node["account_id"]).is_none_or(|owner| owner.trim_start_matches("act_") == account))
        .collect();
    let ids = |nodes: &[&&Value]| {
        let mut ids: Vec<String> = nodes.iter().filter_map(|node| id_text(&node["id"])).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let marked = ids(&of_this_name.iter().filter(|node| text(node, "description").contains(marker)).collect::<Vec<_>>());
    let unmarked = ids(&of_this_name.iter().filter(|node| !text(node, "description").contains("[aud:")).collect::<Vec<_>>());
    match (marked.as_slice(), unmarked.as_slice()) {
        ([id], _) => Ok(Some(id.clone())),
        ([], []) => Ok(None),
        ([], [id]) => Ok(adopt.then(|| id.clone())),
        ([], several) => Err(format!(
            "facebook has several audiences named `{name}`, and none of them is known to be this one: {}; rename or delete them there, or choose another title",
            several.join(", ")
        )),
        (several, _) => Err(format!(
            "facebook has several audiences named `{name}` that claim to be this one: {}; delete all but one of them there",
            several.join(", ")
        )),
    }
}

/// Where the next page begins. The end of a list is only the absence of `next`; its host is never followed.
fn next_cursor(page: &Value) -> Option<String> {
    let next = page["paging"]["next"].as_str()?;
    page["paging"]["cursors"]["after"].as_str().map(str::to_owned).or_else(|| {
        let url = reqwest::Url::parse(next).ok()?;
        url.query_pairs().find(|(name, _)| name == "after").map(|(_, value)| value.into_owned())
    })
}

/// Ids are text; a fake or a proxy may make them numbers, which are exact up to 64 bits.
pub(super) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|id| id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, name: &str, description: &str) -> Value {
        json!({ "id": id, "name": name, "subtype": "CUSTOM", "description": description, "account_id": "12" })
    }

    #[track_caller]
    fn check(listed: &[Value], adopt: bool, expected: Result<Option<&str>, &[&str]>) {
        let chosen = choose(listed, "Big spenders", "[aud:big]", "12", adopt);
        match (chosen, expected) {
            (Ok(id), Ok(expected)) => assert_eq!(id.as_deref(), expected),
            (Err(words), Err(ids)) => assert!(ids.iter().all(|id| words.contains(id)), "{words}"),
            (chosen, expected) => panic!("{chosen:?} is not {expected:?}"),
        }
    }

    #[test]
    fn the_marker_decides() {
        let ours = node("23850000000000042", " Big spenders ", "Weekly [aud:big]");
        let others = node("7", "Big spenders", "[aud:bigger]");
        let strangers = node("8", "Big spenders", "by hand");
        check(&[strangers.clone(), ours.clone(), others.clone()], true, Ok(Some("23850000000000042")));
        check(std::slice::from_ref(&others), true, Ok(None));
        check(std::slice::from_ref(&strangers), false, Ok(None));
        check(std::slice::from_ref(&strangers), true, Ok(Some("8")));
        check(&[strangers.clone(), node("9", "Big spenders", "")], true, Err(&["8", "9"]));
        check(&[ours.clone(), node("9", "Big spenders", "[aud:big]")], true, Err(&["23850000000000042", "9"]));
    }

    #[test]
    fn only_customer_lists_of_this_account_and_name_count() {
        let mut lookalike = node("1", "Big spenders", "[aud:big]");
        lookalike["subtype"] = json!("LOOKALIKE");
        let mut elsewhere = node("2", "Big spenders", "[aud:big]");
        elsewhere["account_id"] = json!("13");
        check(&[lookalike, elsewhere, node("3", "big spenders", "[aud:big]")], true, Ok(None));
    }

    #[test]
    fn a_list_ends_where_there_is_no_next() {
        assert_eq!(next_cursor(&json!({ "paging": { "cursors": { "after": "A" } } })), None);
        assert_eq!(
            next_cursor(&json!({ "paging": { "cursors": { "after": "A" }, "next": "https://example.com/?after=A" } })).as_deref(),
            Some("A")
        );
        assert_eq!(next_cursor(&json!({ "paging": { "next": "https://example.com/?limit=1&after=B%3D" } })).as_deref(), Some("B="));
        assert_eq!(next_cursor(&json!({ "data": [] })), None);
    }

    #[test]
    fn ids_are_never_rounded() {
        assert_eq!(id_text(&json!(23_850_000_000_000_042_u64)).as_deref(), Some("23850000000000042"));
        assert_eq!(id_text(&json!("23850000000000043")).as_deref(), Some("23850000000000043"));
        assert_eq!(id_text(&json!(1.5)), None);
    }
}

//! Facebook: customer-list custom audiences over the Graph API, kept in step.
//!
//! Read in this order: `settle` (one sync, step by step), `people` and `normalize` (who becomes which rows), `plan` (what
//! to remove and add), `strategy` (as a difference, or everybody at once), `remote` and `standing` (which audience, and how it
//! stands), `upload` and `replace` (rows out), `errors` (what Facebook's numbers mean).
//! **It never** sends a raw address, number or name, the hash of nothing, or the token anywhere but in its header.

mod erase;
mod examine;
mod settle;
mod settling;

mod candidates;
mod key;
mod limited;
mod normalize;
mod people;
mod repeated;
mod row;

mod plan;
mod strategy;

mod remote;
mod replace;
mod samples;
mod session;
mod standing;
mod upload;

mod client;
mod errors;
mod halting;
mod talk;
mod turns;
mod usage;

mod judge;
mod options;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use async_trait::async_trait;
use definitions::{Audience, Destination, Diagnostic};
use model::{Person, ProfileId};

use crate::options::SecretPlace;
use crate::registry::Configured;
use crate::{Context, Erasure, LedgerError, Pacing, Secret, Secrets, Sink, Step, SyncJob, SyncOutcome, Trial};
use client::GraphClient;
use erase::Erasing;
use examine::Examining;
use halting::Halting;
use key::Key;
use normalize::CityStyle;
use options::Options;
use people::{Desired, RowRules};
use settling::Settling;
use talk::Talk;
use turns::{Turn, turn_of};

/// The word that chooses this sink.
pub(crate) const KIND: &str = "facebook";

/// One ad account.
struct Facebook {
    options: Options,
    client: GraphClient,
    pacing: Pacing,
    throttles: AtomicU32,
    turn: Turn,
}

#[async_trait]
impl Sink for Facebook {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn settle(&self, job: &SyncJob, context: &Context<'_>) -> Result<SyncOutcome, LedgerError> {
        let _turn = self.turn.lock().await;
        Settling::new(&self.options, job, context, (&self.client, self.pacing, &self.throttles)).run().await
    }

    async fn erase(&self, profiles: &[ProfileId], context: &Context<'_>) -> Result<Erasure, LedgerError> {
        let _turn = self.turn.lock().await;
        let halting = Halting { options: &self.options, context, throttles: &self.throttles };
        Erasing::new(halting, Talk::new(&self.client, self.pacing)).run(profiles).await
    }

    async fn examine(&self, trial: Option<&Trial>, context: &Context<'_>) -> Vec<Step> {
        let _turn = self.turn.lock().await;
        Examining::new(&self.options, Talk::new(&self.client, self.pacing), context).run(trial).await
    }
}

/// People's rows, before a request is made of them. For benchmarks only.
pub struct Rows(Vec<row::Row>);

impl Rows {
    /// Every cell, row by row.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|row| row.cells.iter().map(|(_, cell)| &**cell))
    }
}

/// The rows of people, matched on these words: all that happens before a request is made. For benchmarks only.
pub fn rows_of(people: &[Person], match_on: &[&str]) -> Rows {
    let rules = RowRules {
        keys: match_on.iter().filter_map(|word| Key::from_word(word)).collect(),
        fields: BTreeMap::new(),
        formatting: true,
        limited: None,
        extern_id_suffices: false,
        default_country: None,
        city_style: CityStyle::Fold,
        year_max: 2_026,
        value: None,
    };
    let mut desired = Desired::default();
    for person in people {
        desired.add(person, &rules);
    }
    Rows(desired.rows)
}

/// Builds the sink, or says everything that is wrong with its options.
pub(crate) fn configure(destination: &Destination, secrets: &dyn Secrets, pacing: Pacing) -> Configured {
    let (options, mut problems) = Options::read(destination);
    let Some(options) = options else { return (None, problems) };
    let mut read = |place: &SecretPlace| options::secret(place, secrets).map_err(|problem| problems.push(problem)).ok();
    let token = read(&options.access_token);
    let app_secret: Option<Option<Secret>> = options.app_secret.as_ref().map(&mut read);
    let (Some(token), false) = (token, matches!(app_secret, Some(None))) else { return (None, problems) };
    match GraphClient::new(&options.base_url, &options.api_version, token, app_secret.flatten().as_ref()) {
        Ok(client) => {
            let turn = turn_of(&options.account, options.base_url.as_str());
            let sink = Facebook { options, client, pacing, throttles: AtomicU32::new(0), turn };
            (Some(Arc::new(sink)), problems)
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let help = "check that this machine has certificates of authorities, for example the package `ca-certificates`";
            problems.push(Diagnostic::error("no-client", error.to_string()).at(&destination.kind.place).note(cause).help(help));
            (None, problems)
        }
    }
}

/// Judges the options, and what the audiences that are sent here match on and are called.
pub(crate) fn check(destination: &Destination, audiences: &[&Audience]) -> Vec<Diagnostic> {
    let (options, mut problems) = Options::read(destination);
    for audience in audiences {
        problems.extend(judge::audience(destination, options.as_ref(), audience));
    }
    problems
}

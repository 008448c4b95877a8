//! Webhook: who entered and who exited, as signed calls in the shape of Segment's audiences.
//!
//! Read in this order: `settle` (one sync, step by step), `message` (what a call says), `send` (batches out), `signature`,
//! `client` and `address` (where a call may go).
//! **It never** follows a redirect, connects to an address that was not judged, keeps the order of one person's exit and
//! entry loose, or shows a URL, a secret or a body in a log or an error.

mod settle;

mod message;
mod send;
mod signature;

mod address;
mod client;
mod verdict;

mod options;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use definitions::{Audience, Destination, Diagnostic};
use model::ProfileId;

use crate::options::no_match_on;
use crate::registry::{Configured, Tools};
use crate::roster::erased_by_exits;
use crate::{Context, Erasure, LedgerError, Pacing, Sink, Step, StepState, SyncJob, SyncOutcome, Trial};
use client::Client;
use options::Options;
use settle::Settling;

/// The word that chooses this sink.
pub(crate) const KIND: &str = "webhook";
/// The one step of a look into it.
const CALL: &str = "test call";

/// One receiver.
struct Webhook {
    options: Options,
    client: Client,
    pacing: Pacing,
    /// One writer per destination, so that messages arrive in the order they were recorded in.
    turn: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Sink for Webhook {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn settle(&self, job: &SyncJob, context: &Context<'_>) -> Result<SyncOutcome, LedgerError> {
        let _turn = self.turn.lock().await;
        Settling::new(&self.options, job, context, &self.client, self.pacing).run().await
    }

    async fn erase(&self, profiles: &[ProfileId], context: &Context<'_>) -> Result<Erasure, LedgerError> {
        erased_by_exits(profiles, context).await
    }

    async fn examine(&self, trial: Option<&Trial>, context: &Context<'_>) -> Vec<Step> {
        let _turn = self.turn.lock().await;
        let Some(trial) = trial else {
            return vec![Step::new(CALL, StepState::Skipped, "nothing is sent without being asked to")];
        };
        let now = (context.clock)();
        let call = message::trial(trial, context, now).to_string();
        let timeout = Duration::from_millis(self.pacing.call_timeout_ms);
        vec![match self.client.send(call.as_bytes(), now, timeout).await {
            Ok(()) => Step::new(CALL, StepState::Passed, "a signed `track` call named `Muster Check` was taken"),
            Err(failure) => Step::new(CALL, StepState::Failed, failure.what.clone()).help(failure.words()),
        }]
    }
}

/// Builds the sink, or says everything that is wrong with its options.
pub(crate) fn configure(destination: &Destination, tools: &Tools<'_>) -> Configured {
    let (options, mut problems) = Options::read(destination);
    let Some(options) = options else { return (None, problems) };
    let secret = options.secret.read(tools.secrets).map_err(|problem| problems.push(problem)).ok();
    let headers = options.headers(tools.secrets).map_err(|found| problems.extend(found)).ok();
    let (Some(secret), Some(headers)) = (secret, headers) else { return (None, problems) };
    match Client::new(&options.url, options.allow_private, secret, headers) {
        Ok(client) => {
            let sink = Webhook { options, client, pacing: tools.pacing, turn: tokio::sync::Mutex::new(()) };
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

/// Judges the options, and the audiences that are sent here.
pub(crate) fn check(destination: &Destination, audiences: &[&Audience]) -> Vec<Diagnostic> {
    let (_, mut problems) = Options::read(destination);
    problems.extend(no_match_on(destination, audiences, "take `match_on` out: a webhook tells whom it is about by the ids it knows"));
    problems
}

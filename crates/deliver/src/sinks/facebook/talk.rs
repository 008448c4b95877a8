//! A conversation with Facebook during one sync: counts calls, waits between tries, slows down near the limits.

use std::time::Duration;

use serde_json::Value;

use super::client::{GraphClient, Request};
use super::errors::{Advice, Failure};
use super::usage::Usage;
use crate::Pacing;
use crate::dispatch::Verdict;

/// The calls of one sync.
pub(super) struct Talk<'a> {
    pub(super) client: &'a GraphClient,
    pub(super) pacing: Pacing,
    pub(super) calls: u64,
    /// As of the latest answer.
    pub(super) usage: Usage,
}

impl<'a> Talk<'a> {
    pub(super) fn new(client: &'a GraphClient, pacing: Pacing) -> Self {
        Self { client, pacing, calls: 0, usage: Usage::default() }
    }

    /// Makes a call once.
    pub(super) async fn once(&mut self, request: &Request) -> Result<Value, Failure> {
        if self.usage.is_high() {
            tokio::time::sleep(Duration::from_millis(self.pacing.slow_down_ms)).await;
        }
        self.calls += 1;
        let (result, usage) = self.client.send(request, Duration::from_millis(self.pacing.call_timeout_ms)).await;
        self.usage = usage;
        result
    }

    /// Makes a call that may safely be repeated, until it succeeds or fails for good. Where another session is wanted, the
    /// same call would not do.
    pub(super) async fn patiently(&mut self, request: &Request) -> Result<Value, Failure> {
        let mut tries_made = 0;
        loop {
            tries_made += 1;
            match self.once(request).await {
                Err(failure) if failure.verdict == Verdict::Retry && failure.advice != Advice::NewSession => {
                    self.wait_after(tries_made, failure).await?;
                }
                done => return done,
            }
        }
    }

    /// Waits before the next try; after the last one, gives the failure back.
    pub(super) async fn wait_after(&self, tries_made: u32, failure: Failure) -> Result<(), Failure> {
        let Some(wait) = self.pacing.wait_after(tries_made) else { return Err(failure) };
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

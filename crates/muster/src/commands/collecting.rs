//! The collector beside the schedule: started from the settings, told of new and revoked keys, stopped last.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use collect::{Collector, KeyHash, Limits, Rejections, Setup, WriteKeys};
use definitions::CollectSettings;
use engine::{Clock as _, SystemClock, Workspace};
use ingest::inbox::{Inbox, InboxLimits};
use ingest::{Barred, Judge};
use store::{KeyPurpose, Refusals, Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::render::numbers::counted;

/// How soon it is known here who made or revoked a key elsewhere, or kept somebody out.
const RENEWED_EVERY: Duration = Duration::from_secs(2);

/// A collector at work.
pub(crate) struct Collecting {
    collector: Collector,
    keys: watch::Receiver<Arc<WriteKeys>>,
    renewal: JoinHandle<()>,
    rejections: Arc<Rejections>,
    store: Arc<dyn Store>,
}

/// How messages are to be taken, if they are.
pub(crate) fn settings(workspace: &Workspace, listen: Option<SocketAddr>) -> Option<CollectSettings> {
    let written = workspace.catalog.settings.collect.clone();
    match listen {
        Some(listen) => Some(CollectSettings { listen, ..written.unwrap_or_default() }),
        None => written,
    }
}

impl Collecting {
    /// Opens the inbox and listens. The workspace that is given back drains what comes in.
    pub(crate) async fn start(workspace: Workspace, settings: CollectSettings) -> anyhow::Result<(Workspace, Self)> {
        let inbox = Arc::new(Inbox::open(&workspace.inbox_folder(), InboxLimits::default())?);
        let per_second = settings.requests_per_second;
        let good = good_keys(workspace.store.as_ref()).await.context("load the write keys")?;
        let (sender, keys) = watch::channel(Arc::new(WriteKeys::default().renewed(good, per_second)));
        let barred = Barred::load(workspace.store.as_ref()).await.context("load who is kept out")?;
        let (bars, barred) = watch::channel(Arc::new(barred));
        let defaults = Limits::default();
        let limits = Limits { requests_per_second: per_second, event_bytes: settings.event_kib_max as usize * 1_024, ..defaults };
        let rejections = Arc::<Rejections>::default();
        let setup = Setup {
            address: settings.listen,
            origins: settings.origins,
            limits,
            keys: keys.clone(),
            judge: Judge::new(Arc::clone(&workspace.catalog.settings.identity)),
            rejections: Arc::clone(&rejections),
            barred,
            inbox: Arc::clone(&inbox),
            now: Arc::new(|| SystemClock.now()),
        };
        let collector = Collector::start(setup).await?;
        let renewal = tokio::spawn(renew(Arc::clone(&workspace.store), sender, bars, per_second, Arc::clone(&rejections)));
        let store = Arc::clone(&workspace.store);
        Ok((workspace.with_inbox(inbox), Self { collector, keys, renewal, rejections, store }))
    }

    /// What a person who started it wants to know.
    pub(crate) fn told(&self) -> String {
        let address = self.collector.address();
        let keys = self.keys.borrow().len();
        let mut text = format!("taking messages at http://{address}/v1 with {}\n", counted(keys as u64, "write key"));
        if keys == 0 {
            text.push_str("nobody can send yet: `muster source add NAME` makes a key\n");
        }
        if !address.ip().is_loopback() {
            text.push_str("there is no TLS here: put a proxy in front that has it\n");
        }
        text
    }

    /// Stops listening; what was acknowledged is on the disk, and becomes facts when muster runs again.
    pub(crate) async fn stop(self) {
        self.renewal.abort();
        self.collector.stop().await;
        note(&self.rejections, self.store.as_ref()).await;
    }
}

/// Notes what was rejected where it adds up.
async fn note(rejections: &Rejections, store: &dyn Store) {
    let refusals: Vec<Refusals> = rejections
        .take()
        .into_iter()
        .map(|((source, code), rejected)| Refusals {
            source,
            subject: "message".to_owned(),
            reason: code.to_owned(),
            count: rejected.count,
            at: rejected.at,
            sample: Some(rejected.message),
            profile: None,
        })
        .collect();
    if refusals.is_empty() {
        return;
    }
    if let Err(error) = store.note_refusals(&refusals).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "rejected messages were not counted");
    }
}

async fn good_keys(store: &dyn Store) -> Result<Vec<(KeyHash, String)>, StoreError> {
    let keys = store.write_keys(KeyPurpose::Write).await?.into_iter().filter(|key| key.revoked_at.is_none());
    Ok(keys.map(|key| (KeyHash::kept(key.key_hash), key.source)).collect())
}

/// Keys are made and revoked, and people kept out, by other processes: the store is asked again and again. While it does not
/// answer, what was so stays so. What was rejected meanwhile is noted.
async fn renew(
    store: Arc<dyn Store>,
    keys: watch::Sender<Arc<WriteKeys>>,
    bars: watch::Sender<Arc<Barred>>,
    per_second: NonZeroU32,
    rejections: Arc<Rejections>,
) {
    loop {
        tokio::time::sleep(RENEWED_EVERY).await;
        note(&rejections, store.as_ref()).await;
        match good_keys(store.as_ref()).await {
            Ok(good) => {
                let renewed = keys.borrow().renewed(good, per_second);
                keys.send_replace(Arc::new(renewed));
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "write keys could not be loaded anew; the last ones count");
            }
        }
        let known = Arc::clone(&bars.borrow());
        match known.renewed(store.as_ref()).await {
            Ok(None) => {}
            Ok(Some(barred)) => drop(bars.send_replace(Arc::new(barred))),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "who is kept out could not be loaded anew; the last list counts");
            }
        }
    }
}

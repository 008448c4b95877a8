//! The collector beside the schedule: started from the settings, told of new and revoked keys, stopped last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use collect::{Collector, Limits, Rejections, Setup};
use definitions::CollectSettings;
use engine::{Clock as _, SystemClock, Workspace};
use ingest::inbox::{Inbox, InboxLimits};
use ingest::{Barred, Judge};
use store::{KeyPurpose, Refusals, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::commands::good_keys::GoodKeys;
use crate::render::numbers::counted;

/// How soon it is known here who was kept out elsewhere, and there what was rejected here.
const RENEWED_EVERY: Duration = Duration::from_secs(2);

/// A collector at work.
pub(crate) struct Collecting {
    collector: Collector,
    keys: GoodKeys,
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
        let barred = Barred::load(workspace.store.as_ref()).await.context("load who is kept out")?;
        let (bars, barred) = watch::channel(Arc::new(barred));
        let store = Arc::clone(&workspace.store);
        let keys = GoodKeys::load(store, KeyPurpose::Write, per_second).await.context("load the write keys")?;
        let defaults = Limits::default();
        let limits = Limits { requests_per_second: per_second, event_bytes: settings.event_kib_max as usize * 1_024, ..defaults };
        let rejections = Arc::<Rejections>::default();
        let setup = Setup {
            address: settings.listen,
            origins: settings.origins,
            limits,
            keys: keys.now.clone(),
            judge: Judge::new(Arc::clone(&workspace.catalog.settings.identity)),
            rejections: Arc::clone(&rejections),
            barred,
            inbox: Arc::clone(&inbox),
            now: Arc::new(|| SystemClock.now()),
        };
        let collector = Collector::start(setup).await?;
        let store = Arc::clone(&workspace.store);
        let renewal = tokio::spawn(renew(Arc::clone(&store), bars, Arc::clone(&rejections)));
        Ok((workspace.with_inbox(inbox), Self { collector, keys, renewal, rejections, store }))
    }

    /// What a person who started it wants to know.
    pub(crate) fn told(&self) -> String {
        let address = self.collector.address();
        let keys = self.keys.len();
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
        self.keys.stop();
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

/// People are kept out by other processes: the store is asked again and again. While it does not answer, the last list
/// counts. What was rejected meanwhile is noted.
async fn renew(store: Arc<dyn Store>, bars: watch::Sender<Arc<Barred>>, rejections: Arc<Rejections>) {
    loop {
        tokio::time::sleep(RENEWED_EVERY).await;
        note(&rejections, store.as_ref()).await;
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

//! The stage: a fake Graph API, a sink configured from real YAML, a ledger in memory and a clock that tests move.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use definitions::{Catalog, Diagnostic};
use deliver::conformance::{MemoryLedger, WORKSPACE};
use deliver::{Context, Ledger, Pacing, Secrets, Sink, SyncJob, SyncOutcome};
use fake_graph::{AudienceView, FakeGraph, Fault, Options, RequestView};
use model::{AudienceKey, DestinationKey, LedgerRow, LedgerState, Moment, Person};
use serde_json::Value;

use crate::dying::DyingLedger;

/// Tries follow at once, so that tests are quick; calls time out before a fault's slow answer comes.
pub(crate) const QUICK: Pacing = Pacing { tries: 4, wait_first_ms: 1, wait_max_ms: 4, slow_down_ms: 1, poll_ms: 1, call_timeout_ms: 2_000 };

/// 2026-03-01, noon.
const STARTS_AT_S: i64 = 1_772_366_400;

pub(crate) const TOKEN: &str = "EAAB-invented-token";

/// Secrets by name; every file holds its own path.
pub(crate) struct Vault(pub(crate) Vec<(&'static str, String)>);

impl Secrets for Vault {
    fn env(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }

    fn file(&self, path: &str) -> Result<String, std::io::Error> {
        self.env(path).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))
    }
}

pub(crate) fn vault() -> Vault {
    let secret = |text: &str| text.to_owned();
    Vault(vec![
        ("TOKEN", secret(TOKEN)),
        ("APP_SECRET", secret("invented-app-secret")),
        ("OTHER", secret("other")),
        ("/run/token", format!("{TOKEN}\n")),
    ])
}

/// Loads a folder with this one destination (its lines after the first, which names it) and these audiences (file name and text).
pub(crate) fn catalog(destination: &str, audiences: &[(&str, &str)]) -> Catalog {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("muster.yaml", "");
    write("destinations/far_side.yaml", &format!("destination: far_side\n{destination}"));
    for (key, text) in audiences {
        write(&format!("audiences/{key}.yaml"), text);
    }
    let loaded = definitions::load(Path::new(folder.path()));
    loaded.catalog.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

/// Configures a sink from the text of a destination file.
pub(crate) fn configure(destination: &str, secrets: &dyn Secrets) -> (Option<Arc<dyn Sink>>, Vec<Diagnostic>) {
    let catalog = catalog(destination, &[]);
    let destination = catalog.destinations.values().next().unwrap();
    deliver::configure_paced(destination, secrets, QUICK)
}

/// Everything a test needs.
pub(crate) struct Stage {
    pub(crate) fake: FakeGraph,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) ledger: MemoryLedger,
    pub(crate) destination: DestinationKey,
    /// How far time goes on whenever the sink looks at the clock.
    pub(crate) pace_s: i64,
    clock: Arc<AtomicI64>,
}

impl Stage {
    /// A quiet fake, and a sink with further lines of YAML.
    pub(crate) async fn new(more: &str) -> Self {
        Self::with(Options::default(), more).await
    }

    pub(crate) async fn with(options: Options, more: &str) -> Self {
        let options = Options { token: TOKEN.to_owned(), ..options };
        let fake = FakeGraph::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let token = if more.contains("access_token:") { "" } else { "access_token: {env: TOKEN}\n" };
        let yaml = format!("type: facebook\nad_account: act_1234567890\n{token}base_url: {}\n{more}\n", fake.url());
        let (sink, problems) = configure(&yaml, &vault());
        let sink = sink.unwrap_or_else(|| panic!("{problems:?}"));
        let clock = Arc::new(AtomicI64::new(STARTS_AT_S * 1_000_000));
        // Both live in the same time, as we and Facebook do.
        fake.set_clock(STARTS_AT_S);
        Self { fake, sink, ledger: MemoryLedger::default(), destination: DestinationKey::parse("far_side").unwrap(), pace_s: 0, clock }
    }

    pub(crate) fn job(audience: &str, people: Vec<Person>) -> SyncJob {
        SyncJob {
            audience: AudienceKey::parse(audience).unwrap(),
            title: format!("Title of {audience}"),
            description: "For tests".to_owned(),
            remote_id: None,
            fields: std::collections::BTreeMap::new(),
            value: None,
            on_exit: definitions::OnExit::Remove,
            former: Vec::new(),
            match_on: Vec::new(),
            people,
        }
    }

    pub(crate) async fn settle(&self, audience: &str, people: Vec<Person>) -> SyncOutcome {
        self.settle_job(&Self::job(audience, people)).await
    }

    pub(crate) async fn settle_job(&self, job: &SyncJob) -> SyncOutcome {
        let clock = || self.look();
        let context = Context { ledger: &self.ledger, destination: &self.destination, workspace: WORKSPACE, clock: &clock };
        self.sink.settle(job, &context).await.unwrap()
    }

    /// Settles until the process is killed after so many steps of the ledger, if it comes so far.
    pub(crate) async fn settle_until_killed(&self, audience: &str, people: Vec<Person>, killed: (u32, bool)) {
        let clock = || self.look();
        let ledger = DyingLedger::new(&self.ledger, killed);
        let context = Context { ledger: &ledger, destination: &self.destination, workspace: WORKSPACE, clock: &clock };
        let job = Self::job(audience, people);
        tokio::select! {
            outcome = self.sink.settle(&job, &context) => drop(outcome.unwrap()),
            () = ledger.death() => {}
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::from_micros(self.clock.load(Ordering::SeqCst))
    }

    fn look(&self) -> Moment {
        self.advance(self.pace_s);
        self.now()
    }

    /// Moves the fake's clock and ours.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        self.fake.advance_clock(seconds);
    }

    /// Sets a fault, as JSON.
    pub(crate) fn fault(&self, fault: Value) {
        self.fake.add_fault(serde_json::from_value::<Fault>(fault).unwrap());
    }

    /// Does what somebody else might do, as JSON.
    pub(crate) fn somebody(&self, change: Value) -> String {
        self.fake.change_audience(&serde_json::from_value(change).unwrap()).unwrap()
    }

    /// The audience with this marker. Two are a failure of the test.
    pub(crate) fn audience(&self, key: &str) -> Option<AudienceView> {
        let marker = format!("[aud:{WORKSPACE}/{key}]");
        let mut found: Vec<AudienceView> =
            self.fake.state().audiences.into_iter().filter(|audience| audience.description.contains(&marker)).collect();
        assert!(found.len() <= 1, "made twice");
        found.pop()
    }

    /// Who is in the audience there, by external id.
    pub(crate) fn held(&self, key: &str) -> BTreeSet<String> {
        let rows = self.audience(key).map(|audience| audience.rows).unwrap_or_default();
        rows.iter().filter_map(|row| row.get("EXTERN_ID").cloned()).collect()
    }

    pub(crate) async fn rows(&self, audience: &str) -> Vec<LedgerRow> {
        self.ledger.rows(&AudienceKey::parse(audience).unwrap(), &self.destination).await.unwrap()
    }

    pub(crate) async fn rows_in(&self, audience: &str, state: LedgerState) -> usize {
        self.rows(audience).await.iter().filter(|row| row.state == state).count()
    }

    /// Calls to paths that end so.
    pub(crate) fn calls(&self, method: &str, path_end: &str) -> Vec<RequestView> {
        let fits = |request: &RequestView| request.method == method && request.path.ends_with(path_end);
        self.fake.state().requests.into_iter().filter(fits).collect()
    }

    /// What must hold after every test: nothing raw was sent, and nobody called while told to wait.
    pub(crate) fn check_manners(&self) {
        let state = self.fake.state();
        assert!(state.raw_pii.is_empty(), "{:?}", state.raw_pii);
        assert!(state.throttle_violations.is_empty(), "{:?}", state.throttle_violations);
        for request in &state.requests {
            assert_eq!(request.token_in.as_deref(), Some("header"), "{}", request.path);
        }
    }
}

pub(crate) fn ids(range: std::ops::Range<u32>) -> BTreeSet<String> {
    range.map(|number| format!("p-{number}")).collect()
}

//! The stage: a sink configured from real YAML, a ledger in memory that can be made to fail, and a clock that tests move.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use definitions::{Catalog, Diagnostic, OnExit};
use deliver::conformance::{MemoryLedger, WORKSPACE};
use deliver::{Context, Ledger, LedgerError, Pacing, Parquet, ParquetError, Secrets, Sink, SyncJob, SyncOutcome, TextTable, Tools};
use model::{
    AudienceKey, DestinationKey, Identifier, IdentifierKind, LedgerChange, LedgerRow, Moment, Person, ProfileId, PublicId, RemoteAudience,
};

/// Tries follow at once, so that tests are quick.
pub(crate) const QUICK: Pacing = Pacing { tries: 3, wait_first_ms: 1, wait_max_ms: 4, slow_down_ms: 1, poll_ms: 1, call_timeout_ms: 2_000 };

pub(crate) const SECRET: &str = "invented-signing-key";

pub(crate) struct Vault;

impl Secrets for Vault {
    fn env(&self, name: &str) -> Option<String> {
        match name {
            "SECRET" | "WEBHOOK_SECRET" => Some(SECRET.to_owned()),
            "BEARER" | "WEBHOOK_AUTHORIZATION" => Some("Bearer invented-token".to_owned()),
            "ODD" => Some("two\nlines".to_owned()),
            _ => None,
        }
    }

    fn file(&self, _path: &str) -> Result<String, std::io::Error> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// Stands in for Parquet: JSON, which tests can read back.
pub(crate) struct JsonForParquet;

#[async_trait]
impl Parquet for JsonForParquet {
    async fn encode(&self, table: TextTable) -> Result<Vec<u8>, ParquetError> {
        serde_json::to_vec(&table.columns).map_err(|error| ParquetError(Box::new(error)))
    }
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
pub(crate) fn configure(destination: &str) -> (Option<Arc<dyn Sink>>, Vec<Diagnostic>) {
    let catalog = catalog(destination, &[]);
    let tools = Tools { secrets: &Vault, pacing: QUICK, parquet: Some(Arc::new(JsonForParquet)) };
    deliver::configure_with(catalog.destinations.values().next().unwrap(), &tools)
}

/// As `line:column code: message (help)`.
pub(crate) fn shown(problem: &Diagnostic) -> String {
    let place = problem.place.as_ref().map_or("nowhere".to_owned(), |place| format!("{}:{}", place.line, place.column));
    let help = problem.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{place} {}: {}{help}", problem.code, problem.message)
}

/// What a destination's check says of an audience with these lines of `sync`.
pub(crate) fn check_audience(destination: &str, sync: &str) -> Vec<String> {
    let text = format!("audience: big\ndescription: People who bought.\nwho: {{did: Order Completed}}\nsync:\n  - to: far_side\n{sync}");
    let catalog = catalog(destination, &[("big", &text)]);
    let audiences: Vec<_> = catalog.audiences.values().collect();
    deliver::check(catalog.destinations.values().next().unwrap(), &audiences).iter().map(shown).collect()
}

/// What is wrong with the example at the top of a page in `docs/destinations`.
pub(crate) fn problems_of_page(page: &str) -> Vec<String> {
    let path = format!("../../docs/destinations/{page}.md");
    let page = std::fs::read_to_string(path).unwrap();
    let example = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let options: String = example.lines().filter(|line| !line.starts_with("destination:")).map(|line| format!("{line}\n")).collect();
    configure(&options).1.iter().map(shown).collect()
}

/// A ledger that stops working after so many changes: what a kill leaves behind.
pub(crate) struct MortalLedger {
    pub(crate) kept: MemoryLedger,
    changes_left: AtomicUsize,
}

#[async_trait]
impl Ledger for MortalLedger {
    async fn rows(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, LedgerError> {
        self.kept.rows(audience, destination).await
    }

    async fn change(&self, audience: &AudienceKey, destination: &DestinationKey, change: &LedgerChange) -> Result<(), LedgerError> {
        if self.changes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            return Err(LedgerError("killed".into()));
        }
        self.kept.change(audience, destination, change).await
    }

    async fn remote_audience(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<RemoteAudience>, LedgerError> {
        self.kept.remote_audience(audience, destination).await
    }

    async fn save_remote_audience(
        &self,
        audience: &AudienceKey,
        destination: &DestinationKey,
        remote: &RemoteAudience,
    ) -> Result<(), LedgerError> {
        self.kept.save_remote_audience(audience, destination, remote).await
    }

    async fn rows_of(&self, destination: &DestinationKey, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, LedgerRow)>, LedgerError> {
        self.kept.rows_of(destination, profiles).await
    }

    async fn audiences(&self, destination: &DestinationKey) -> Result<Vec<AudienceKey>, LedgerError> {
        self.kept.audiences(destination).await
    }

    async fn not_before(&self, subject: &str) -> Result<Option<Moment>, LedgerError> {
        self.kept.not_before(subject).await
    }

    async fn set_not_before(&self, subject: &str, until: Option<Moment>) -> Result<(), LedgerError> {
        self.kept.set_not_before(subject, until).await
    }
}

/// A sink, its ledger and a clock.
pub(crate) struct Stage {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) ledger: MortalLedger,
    pub(crate) destination: DestinationKey,
    clock: AtomicI64,
}

impl Stage {
    pub(crate) fn with(sink: Arc<dyn Sink>) -> Self {
        let ledger = MortalLedger { kept: MemoryLedger::default(), changes_left: AtomicUsize::new(usize::MAX) };
        let clock = AtomicI64::new(1_772_366_400_000_000);
        Self { sink, ledger, destination: DestinationKey::parse("far_side").unwrap(), clock }
    }

    /// Another configuration of the same destination: its ledger stays.
    pub(crate) fn reconfigured(self, yaml: &str) -> Self {
        let (sink, problems) = configure(yaml);
        Self { sink: sink.unwrap_or_else(|| panic!("{problems:?}")), ..self }
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// The ledger dies after so many more changes; `usize::MAX` revives it.
    pub(crate) fn changes_left(&self, left: usize) {
        self.ledger.changes_left.store(left, Ordering::Relaxed);
    }

    pub(crate) fn job(audience: &str, people: Vec<Person>) -> SyncJob {
        SyncJob {
            audience: AudienceKey::parse(audience).unwrap(),
            title: format!("Title of {audience}"),
            description: "For tests".to_owned(),
            remote_id: None,
            fields: std::collections::BTreeMap::new(),
            value: None,
            on_exit: OnExit::Remove,
            former: Vec::new(),
            match_on: Vec::new(),
            people,
        }
    }

    pub(crate) async fn settle(&self, audience: &str, people: Vec<Person>) -> SyncOutcome {
        self.settle_job(&Self::job(audience, people)).await.unwrap()
    }

    pub(crate) async fn settle_job(&self, job: &SyncJob) -> Result<SyncOutcome, LedgerError> {
        let clock = || Moment::from_micros(self.clock.load(Ordering::Relaxed));
        self.sink.settle(job, &Context { ledger: &self.ledger, destination: &self.destination, workspace: WORKSPACE, clock: &clock }).await
    }

    pub(crate) async fn rows(&self, audience: &str) -> Vec<LedgerRow> {
        self.ledger.rows(&AudienceKey::parse(audience).unwrap(), &self.destination).await.unwrap()
    }
}

/// A person with these identifiers.
pub(crate) fn known_by(number: u32, identifiers: &[(&str, &str)]) -> Person {
    let parse = |(kind, value): &(&str, &str)| Identifier::parse(&IdentifierKind::new(kind), value).unwrap();
    Person {
        profile: ProfileId(number),
        public_id: PublicId(format!("p-{number}")),
        identifiers: identifiers.iter().map(parse).collect(),
        traits: std::collections::BTreeMap::new(),
    }
}

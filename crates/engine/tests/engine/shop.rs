//! A small shop to run: a workspace in a temporary folder, a clock that stands still, and a stand-in for Facebook.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use deliver::Secrets;
use engine::{StandingClock, Workspace};
use fake_graph::{FakeGraph, Options};
use ingest::ImportOptions;
use model::{AsOf, AudienceKey, Moment};
use tempfile::TempDir;

pub(crate) fn moment(text: &str) -> Moment {
    Moment::parse(text).expect(text)
}

pub(crate) fn as_of(text: &str) -> AsOf {
    AsOf(moment(text))
}

pub(crate) fn key(text: &str) -> AudienceKey {
    AudienceKey::parse(text).expect("a key")
}

pub(crate) struct Token;

impl Secrets for Token {
    fn env(&self, _: &str) -> Option<String> {
        Some("fake-token".to_owned())
    }

    fn file(&self, _: &str) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) graph: FakeGraph,
    pub(crate) clock: Arc<StandingClock>,
}

pub(crate) const BUYERS: &str = "audience: buyers\ndescription: Bought something in the last 7 days.\nwho:\n  did: Order Completed\n  within: 7 days\nsync:\n  - to: facebook_main\n    match_on: [external_id]\n";

impl Shop {
    /// With one audience, `buyers`, sent to Facebook.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let graph = FakeGraph::start(Options::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("the fake starts");
        let shop = Self { folder, graph, clock: Arc::new(StandingClock::at(moment("2025-03-10T00:00:00Z"))) };
        shop.write("muster.yaml", "data: data\n");
        let destination = format!(
            "destination: facebook_main\ntype: facebook\nad_account: \"1234567890\"\naccess_token: {{ env: TOKEN }}\nminimum_size: 2\nbase_url: {}\n",
            shop.graph.url()
        );
        shop.write("destinations/facebook_main.yaml", &destination);
        shop.write("audiences/buyers.yaml", BUYERS);
        shop
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// The workspace as its files are now, as a process that has just started sees it.
    pub(crate) async fn workspace(&self) -> Workspace {
        let loaded = definitions::load(self.folder.path());
        let catalog = loaded.catalog.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let sinks = catalog.destinations.iter().map(|(key, destination)| {
            let (sink, problems) = deliver::configure(destination, &Token);
            (key.clone(), sink.ok_or_else(|| format!("{problems:?}")))
        });
        let sinks = sinks.collect();
        let clock = Arc::<StandingClock>::clone(&self.clock);
        Workspace::open(self.folder.path(), catalog, &Token, clock).await.expect("opens").with_sinks(sinks)
    }

    /// The workspace under definitions that say something else about `buyers`.
    pub(crate) async fn workspace_with(&self, edit: impl FnOnce(&mut definitions::Audience)) -> Workspace {
        let workspace = self.workspace().await;
        let mut catalog = (*workspace.catalog).clone();
        edit(catalog.audiences.get_mut(&key("buyers")).expect("loaded"));
        workspace.with_catalog(catalog)
    }

    /// Ingests orders: user, moment.
    pub(crate) async fn orders(&self, workspace: &Workspace, orders: &[(&str, &str)]) {
        let lines =
            orders.iter().map(|(user, at)| format!(r#"{{"type":"track","userId":"{user}","event":"Order Completed","timestamp":"{at}"}}"#));
        self.ingest(workspace, &lines.collect::<Vec<_>>()).await;
    }

    pub(crate) async fn ingest(&self, workspace: &Workspace, lines: &[String]) {
        let path: PathBuf = self.folder.path().join(format!("{:016x}.ndjson", name_of(lines)));
        std::fs::write(&path, lines.join("\n")).expect("written");
        let report = ingest::import_file(
            &path,
            &ImportOptions::default(),
            &workspace.lake,
            &workspace.store,
            engine::Clock::now(self.clock.as_ref()),
            &mut |_| {},
        )
        .await
        .expect("ingested");
        assert_eq!((report.rejected, report.duplicates), (0, 0), "{report:?}");
    }

    /// How many rows were added and how many removed by calls so far.
    pub(crate) fn rows_sent(&self) -> (usize, usize) {
        let requests = self.graph.state().requests;
        let rows = |method: &str| {
            let calls = requests.iter().filter(|request| request.method == method && request.path.ends_with("/users"));
            calls.map(|request| request.params["payload"]["data"].as_array().map_or(0, Vec::len)).sum()
        };
        (rows("POST"), rows("DELETE"))
    }

    /// How many rows the stand-in holds for its only audience.
    pub(crate) fn rows_at_facebook(&self) -> usize {
        self.graph.state().audiences.iter().map(|audience| audience.rows.len()).sum()
    }
}

/// A file name for these lines: other lines, another name.
fn name_of(lines: &[String]) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    hasher.finish()
}

//! The profile API: what is known of one person or account, over HTTP, for a company's own servers.
//!
//! It listens apart from where messages come in, on loopback unless told otherwise, and answers nobody without a token. There
//! is no CORS: a token has no place in a page. **Invariants:** it writes nothing; no identifier, no path and no token reaches
//! a log or an error.

mod answer;
mod events;
mod ids;
mod links;
mod query;
mod routes;
mod traits;

use std::time::Duration;

use anyhow::{Context as _, ensure};
use collect::Listener;
use definitions::ApiSettings;
use engine::Workspace;
use store::KeyPurpose;
use tokio::sync::watch;

use crate::commands::good_keys::GoodKeys;
use crate::render::numbers::counted;

/// Open connections.
const CONNECTIONS: usize = 1_024;
/// How long a client may take to send its headers.
const PATIENCE: Duration = Duration::from_secs(30);

/// The API at work.
pub(crate) struct Api {
    listener: Listener,
    keys: GoodKeys,
    workspace: watch::Sender<Workspace>,
}

impl Api {
    /// Listens, and answers in the background.
    pub(crate) async fn start(workspace: &Workspace, settings: &ApiSettings) -> anyhow::Result<Self> {
        let store = std::sync::Arc::clone(&workspace.store);
        let keys = GoodKeys::load(store, KeyPurpose::Read, settings.requests_per_second).await.context("load the tokens")?;
        let address = settings.listen;
        ensure!(
            keys.len() > 0 || address.ip().is_loopback(),
            "`api` is to listen on `{address}`, which others reach, and there is no token: `muster token add NAME` makes one"
        );
        let (workspace, now) = watch::channel(workspace.clone());
        let router = routes::routes(routes::App { workspace: now, keys: keys.now.clone() });
        let listener = Listener::start(address, router, CONNECTIONS, PATIENCE).await;
        let listener = listener.with_context(|| format!("listen on `{address}`, as `api` in `muster.yaml` says"))?;
        Ok(Self { listener, keys, workspace })
    }

    /// Answers under edited definitions from now on.
    pub(crate) fn renew(&self, workspace: &Workspace) {
        self.workspace.send_replace(workspace.clone());
    }

    /// What a person who started it wants to know.
    pub(crate) fn told(&self) -> String {
        let (address, tokens) = (self.listener.address(), self.keys.len());
        let mut text = format!("answering for profiles at http://{address}/v1 with {}\n", counted(tokens as u64, "token"));
        if tokens == 0 {
            text.push_str("nobody can ask yet: `muster token add NAME` makes a token\n");
        }
        if !address.ip().is_loopback() {
            text.push_str("there is no TLS here: put a proxy in front that has it\n");
        }
        text
    }

    /// Stops listening.
    pub(crate) async fn stop(self) {
        self.keys.stop();
        if !self.listener.stop().await {
            tracing::error!("the profile API ended abnormally");
        }
    }
}

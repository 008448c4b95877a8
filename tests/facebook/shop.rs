//! A workspace with a fake Facebook beside it, driven through the command line.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use fake_graph::{AudienceView, FakeGraph, Options};
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "invented-token";

/// A workspace with a fake Facebook beside it.
pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) graph: FakeGraph,
}

impl Shop {
    /// Files by path and text; `destinations/facebook_main.yaml` gets what every destination needs in front.
    pub(crate) async fn new(files: &[(&str, &str)]) -> Self {
        let options = Options { token: TOKEN.to_owned(), ..Options::default() };
        let graph = FakeGraph::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("the fake starts");
        let shop = Self { folder: tempfile::tempdir().expect("a folder"), graph };
        shop.write("muster.yaml", "data: data\n");
        for (path, text) in files {
            shop.write(path, text);
        }
        if !shop.folder.path().join("destinations").exists() {
            shop.write("destinations/facebook_main.yaml", "");
        }
        shop
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let head = format!(
            "destination: facebook_main\ntype: facebook\nad_account: act_1234567890\naccess_token: {{ env: TOKEN }}\nbase_url: {}\n",
            self.graph.url()
        );
        let head = if path.starts_with("destinations/") { head } else { String::new() };
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, head + text).expect("written");
    }

    /// What a command prints, whatever its exit code.
    pub(crate) fn muster(&self, arguments: &[&str]) -> String {
        let output = command(self.folder.path(), arguments).output().expect("muster starts");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    #[track_caller]
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = command(self.folder.path(), arguments).output().expect("muster starts");
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        told
    }

    /// The audience of this name there.
    pub(crate) fn there(&self, name: &str) -> AudienceView {
        let audiences = self.graph.state().audiences;
        let names: Vec<String> = audiences.iter().map(|audience| audience.name.clone()).collect();
        audiences.into_iter().find(|audience| audience.name == name).unwrap_or_else(|| panic!("no `{name}` among {names:?}"))
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.current_dir(folder).env("TOKEN", TOKEN).env_remove("MUSTER_LOG").args(arguments);
    command
}

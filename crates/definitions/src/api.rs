//! `api` in the settings: where profiles are asked for over HTTP. Never its tokens: those are secrets.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use crate::collect::{count, listen};
use crate::meaning::ApiSettings;
use crate::scope::Scope;
use crate::tree::Node;

impl Default for ApiSettings {
    /// What holds when `api` says nothing.
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)), requests_per_second: NonZeroU32::new(100).expect("not zero") }
    }
}

/// Reads how profiles are asked for.
pub(crate) fn api(node: &Node, scope: &mut Scope) -> Option<ApiSettings> {
    let mut settings = ApiSettings::default();
    let help = "write for example `{ listen: \"127.0.0.1:8081\" }`";
    let mut fields = scope.keep(node.as_map().map_err(|finding| finding.help_or(help)))?;
    if let Some(listen) = fields.take("listen").and_then(|node| listen(node, scope)) {
        settings.listen = listen;
    }
    let per_second = fields.take("requests_per_second").and_then(|node| count(node, 1_000_000, scope));
    settings.requests_per_second = per_second.unwrap_or(settings.requests_per_second);
    scope.findings.extend(fields.finish());
    Some(settings)
}

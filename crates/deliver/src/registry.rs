//! The registry: one row per sink. A new sink adds its row here and a folder in `sinks`.

use std::sync::Arc;

use definitions::tree::Data;
use definitions::{Audience, Destination, Diagnostic};

use crate::sinks::{facebook, file, webhook};
use crate::{Pacing, Parquet, Secrets, Sink};

/// A sink, unless something is wrong, and everything that is.
pub(crate) type Configured = (Option<Arc<dyn Sink>>, Vec<Diagnostic>);

/// What a sink is built with, beside its destination.
pub struct Tools<'a> {
    /// Where secrets are read.
    pub secrets: &'a dyn Secrets,
    /// How patient it is.
    pub pacing: Pacing,
    /// Makes Parquet files; without it no destination can ask for any.
    pub parquet: Option<Arc<dyn Parquet>>,
}

/// What is known of a sink before it is configured.
struct SinkKind {
    /// The word that chooses it.
    name: &'static str,
    /// Builds it, or says everything that is wrong with its options.
    configure: fn(&Destination, &Tools<'_>) -> Configured,
    /// Judges options, and what the audiences sent there match on, without secrets.
    check: fn(&Destination, &[&Audience]) -> Vec<Diagnostic>,
}

const SINKS: [SinkKind; 3] = [
    SinkKind {
        name: facebook::KIND,
        configure: |destination, tools| facebook::configure(destination, tools.secrets, tools.pacing),
        check: facebook::check,
    },
    SinkKind { name: file::KIND, configure: file::configure, check: file::check },
    SinkKind { name: webhook::KIND, configure: webhook::configure, check: webhook::check },
];

/// Builds the sink of a destination. Every mistake at once, each at its place; no sink when one of them is an error.
pub fn configure(destination: &Destination, secrets: &dyn Secrets) -> (Option<Arc<dyn Sink>>, Vec<Diagnostic>) {
    configure_paced(destination, secrets, Pacing::default())
}

/// Like [`configure`], with other waits: tests and rehearsals need not be patient.
pub fn configure_paced(destination: &Destination, secrets: &dyn Secrets, pacing: Pacing) -> (Option<Arc<dyn Sink>>, Vec<Diagnostic>) {
    configure_with(destination, &Tools { secrets, pacing, parquet: None })
}

/// Like [`configure`], with all the tools there are.
pub fn configure_with(destination: &Destination, tools: &Tools<'_>) -> (Option<Arc<dyn Sink>>, Vec<Diagnostic>) {
    match find(destination) {
        Ok(kind) => (kind.configure)(destination, tools),
        Err(diagnostic) => (None, vec![*diagnostic]),
    }
}

/// Judges a destination, and what those of the audiences that are sent there match on, without needing its secrets.
pub fn check(destination: &Destination, audiences: &[&Audience]) -> Vec<Diagnostic> {
    match find(destination) {
        Ok(kind) => (kind.check)(destination, audiences),
        Err(diagnostic) => vec![*diagnostic],
    }
}

fn find(destination: &Destination) -> Result<&'static SinkKind, Box<Diagnostic>> {
    let Data::Text(name) = &destination.kind.data else {
        return Err(Box::new(destination.kind.wrong_type("the name of a sink")));
    };
    SINKS.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let known: Vec<&str> = SINKS.iter().map(|kind| kind.name).collect();
        let help = match definitions::suggest(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("known here: `{}`", known.join("`, `")),
        };
        Box::new(Diagnostic::error("unknown-sink", format!("no sink named `{name}`")).at(&destination.kind.place).help(help))
    })
}

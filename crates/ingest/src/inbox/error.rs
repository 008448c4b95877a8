//! What may go wrong with the inbox.

use std::io;
use std::path::PathBuf;

/// The inbox could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// Another process accepts messages into this folder.
    #[error("could not open the inbox: another muster process accepts messages into `{}`", folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk said no.
    #[error("could not {doing} `{}`", path.display())]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no file of an inbox, or one that a newer version wrote.
    #[error("cannot read `{}`: it is no inbox file that this version knows", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
}

impl InboxError {
    pub(super) fn disk(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { doing, path, source }
    }
}

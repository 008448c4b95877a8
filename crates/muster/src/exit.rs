//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How a command ended when it did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// 0: done.
    Done,
    /// 1: done, with findings: mistakes in definitions, rejected lines, syncs that wait for somebody.
    Findings,
}

/// 2: could not be done.
pub(crate) const COULD_NOT: u8 = 2;

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::Findings => Self::from(1),
        }
    }
}

impl Ending {
    /// Findings if there are any.
    pub(crate) fn with_findings(any: bool) -> Self {
        if any { Self::Findings } else { Self::Done }
    }
}

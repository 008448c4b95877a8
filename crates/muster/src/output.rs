//! Where text goes: data to stdout, complaints to stderr. A closed pipe is success: somebody has read enough.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::render::moments;

/// Writes text for people to stdout.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    Ok(stdout.flush()?)
}

/// Writes one JSON value for programs to stdout, on lines of its own.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    text(&serde_json::to_string_pretty(value)?)
}

/// Writes a report for programs, its moments as text.
pub(crate) fn report(report: &impl Serialize) -> anyhow::Result<()> {
    json(&moments::readable(report)?)
}

/// Writes one of several JSON values for programs on a line of its own, so that a reader knows where it ends.
pub(crate) fn line(value: &impl Serialize) -> anyhow::Result<()> {
    text(&serde_json::to_string(value)?)
}

/// Tells on stderr what went wrong, cause by cause.
pub(crate) fn complain(error: &anyhow::Error) {
    let causes = error.chain().skip(1).map(|cause| format!("  because: {cause}\n"));
    note(&format!("error: {error}\n{}", causes.collect::<String>()));
}

/// Writes a remark for people to stderr.
pub(crate) fn note(message: &str) {
    let mut stderr = io::stderr().lock();
    // Nobody left to tell: there is nothing better to do than go on.
    let _ = stderr.write_all(message.as_bytes());
}

/// Whether the error is only that nobody reads our output any more.
pub(crate) fn closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe))
}

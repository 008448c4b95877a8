//! Where text goes: data to stdout, complaints to stderr. A closed pipe is success: somebody has read enough.

use std::io::{self, Write as _};

use serde::Serialize;

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

/// Writes one JSON value on one line, for streams of them.
pub(crate) fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    text(&serde_json::to_string(value)?)
}

/// Tells on stderr what could not be done, and why, cause by cause.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut message = format!("error: could not {error}\n");
    if !error.chain().nth(1).is_some() || starts_a_sentence(&error.to_string()) {
        message = format!("error: {error}\n");
    }
    for cause in error.chain().skip(1) {
        message.push_str(&format!("  because: {cause}\n"));
    }
    note(&message);
}

/// Writes a remark for people to stderr.
pub(crate) fn note(message: &str) {
    let mut stderr = io::stderr().lock();
    // Nobody left to tell: there is nothing better to do than go on.
    let _ = stderr.write_all(message.as_bytes());
}

/// Contexts are verb phrases ("load the definitions"); errors of the libraries already say "could not" or "cannot".
fn starts_a_sentence(message: &str) -> bool {
    ["could not", "cannot", "`", "a ", "the ", "no "].iter().any(|start| message.starts_with(start))
}

/// Whether the error is only that nobody reads our output any more.
pub(crate) fn closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe))
}

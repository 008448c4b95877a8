//! Where things go: data to stdout or a file of its own, complaints to stderr. A closed pipe is success: somebody has read enough.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use tempfile::NamedTempFile;

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

/// A file about people in the making: only its owner may read it (mode 0600), and it is gone if it never gets its name ([`keep`]).
pub(crate) fn begin(file: &Path) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder(file))
}

/// Gives it its name; both are durable on return.
pub(crate) fn keep(temporary: NamedTempFile, file: &Path) -> io::Result<()> {
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    File::open(folder(file))?.sync_all()
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

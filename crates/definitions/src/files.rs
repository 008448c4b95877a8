//! Finding and reading the files of a definitions folder. Nothing here knows what they mean.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Place};
use crate::mention::Mention;
use crate::quote::quoted;

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How many files one folder may hold.
const FILES_MAX: usize = 10_000;

/// One definition file.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Relative to the definitions' folder.
    pub(crate) path: PathBuf,
    /// The name without its ending.
    pub(crate) stem: String,
    /// Absent when it could not be read.
    pub(crate) text: Option<String>,
}

/// Reads from one definitions folder.
pub(crate) struct Folder<'a> {
    pub(crate) root: &'a Path,
    pub(crate) findings: Vec<Diagnostic>,
    /// Every text read, for drawing.
    pub(crate) sources: BTreeMap<PathBuf, String>,
    /// What the files name of the data.
    pub(crate) mentions: Vec<Mention>,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root, findings: Vec::new(), sources: BTreeMap::new(), mentions: Vec::new() }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.root.join(name).exists()
    }

    /// The text of one file, if it is there and can be read.
    pub(crate) fn file(&mut self, name: &str) -> Option<String> {
        self.has(name).then(|| self.read(Path::new(name)))?
    }

    /// Every `.yaml` file right inside a folder, by name. A missing folder is an empty one.
    pub(crate) fn files(&mut self, folder: &str) -> Vec<SourceFile> {
        let mut names = self.names(folder);
        if names.len() > FILES_MAX {
            let message = format!("`{folder}/` holds {} files; at most {FILES_MAX} are read", names.len());
            self.findings.push(Diagnostic::error("too-many-files", message).help("split the definitions into several folders"));
            names.truncate(FILES_MAX);
        }
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            let path = Path::new(folder).join(&name);
            if self.root.join(&path).is_dir() {
                self.findings.push(folder_ignored(&path));
                continue;
            }
            let Some(stem) = name.strip_suffix(".yaml") else {
                self.note_other_ending(&path, &name);
                continue;
            };
            let text = self.read(&path);
            files.push(SourceFile { stem: stem.to_owned(), path, text });
        }
        files
    }

    /// A file whose ending is nearly right would otherwise be forgotten in silence.
    pub(crate) fn note_other_ending(&mut self, path: &Path, name: &str) {
        let Some((stem, ending)) = name.rsplit_once('.') else { return };
        if matches!(ending.to_ascii_lowercase().as_str(), "yml" | "yaml") {
            let message = format!("{} is not read: definition files end in `.yaml`", quoted(&path.display().to_string()));
            let finding = Diagnostic::error("rename-to-yaml", message).at(&start_of(path));
            self.findings.push(finding.help(format!("rename it to {}", quoted(&format!("{stem}.yaml")))));
        }
    }

    fn names(&mut self, folder: &str) -> Vec<String> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.findings.push(unreadable(Path::new(folder), &error));
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in entries {
            match entry.map(|entry| entry.file_name().into_string()) {
                Ok(Ok(name)) if is_left_over(&name) => {}
                Ok(Ok(name)) => names.push(name),
                Ok(Err(name)) => {
                    let message = format!("a file's name is not UTF-8: {}", quoted(&name.to_string_lossy()));
                    self.findings.push(Diagnostic::error("unreadable-file", message).help("rename it"));
                }
                Err(error) => self.findings.push(unreadable(Path::new(folder), &error)),
            }
        }
        names.sort_unstable();
        names
    }

    fn read(&mut self, path: &Path) -> Option<String> {
        let bytes = match read_limited(&self.root.join(path)) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.findings.push(unreadable(path, &error));
                return None;
            }
        };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
            let finding = Diagnostic::error("file-too-large", format!("a definition file is at most {FILE_BYTES_MAX} bytes long"));
            self.findings.push(finding.at(&start_of(path)).help("is this really a definition?"));
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.sources.insert(path.to_owned(), text.clone());
                Some(text)
            }
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let line_start = text[..valid].rfind('\n').map_or(0, |newline| newline + 1);
                let line = text[..valid].matches('\n').count() + 1;
                let column = text[line_start..valid].chars().count() + 1;
                let place = Place { file: path.to_owned(), span: valid..valid + char::REPLACEMENT_CHARACTER.len_utf8(), line, column };
                self.findings.push(Diagnostic::error("not-utf8", "the file is not UTF-8").at(&place).help("save it as UTF-8"));
                self.sources.insert(path.to_owned(), text);
                None
            }
        }
    }
}

/// The first character of a file, for findings about it as a whole.
pub(crate) fn start_of(path: &Path) -> Place {
    Place { file: path.to_owned(), span: 0..0, line: 1, column: 1 }
}

fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Hidden files, and what editors and merges leave behind.
fn is_left_over(name: &str) -> bool {
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || [".bak", ".swp", ".tmp", ".orig", ".rej"].iter().any(|ending| name.ends_with(ending))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("unreadable-file", format!("could not read {}: {error}", quoted(&path.display().to_string()))).at(&start_of(path))
}

fn folder_ignored(path: &Path) -> Diagnostic {
    let message = format!("the folder {} is not read", quoted(&path.display().to_string()));
    Diagnostic::warning("folder-ignored", message).help("move its files up; definitions lie side by side")
}

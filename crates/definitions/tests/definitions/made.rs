//! Folders that cannot lie under version control: too large, unreadable, oddly encoded.

use std::fs;
use std::path::Path;

use definitions::{Loaded, load};
use tempfile::TempDir;

/// A definition without a mistake.
pub(crate) const PLAIN: &str = "audience: plain\ndescription: Bought at least once.\nwho: { did: Order Completed }\n";

/// Loads every such folder.
pub(crate) fn all() -> Vec<Loaded> {
    vec![missing_folder(), too_large(), dangling_link(), too_many_files(), list_too_long()]
}

/// A folder that is not there.
pub(crate) fn missing_folder() -> Loaded {
    load(Path::new("no/such/folder"))
}

/// A file beyond the limit.
pub(crate) fn too_large() -> Loaded {
    with("audiences/plain.yaml", format!("{PLAIN}# {}\n", "x".repeat(1 << 20)).as_bytes())
}

/// A file that cannot be opened.
pub(crate) fn dangling_link() -> Loaded {
    let folder = audiences();
    std::os::unix::fs::symlink("nowhere", folder.path().join("audiences/plain.yaml")).expect("make a link");
    load(folder.path())
}

/// More files than are read.
pub(crate) fn too_many_files() -> Loaded {
    let folder = audiences();
    for number in 0..=10_000 {
        fs::write(folder.path().join(format!("audiences/a{number}.yaml")), "").expect("write a file");
    }
    load(folder.path())
}

/// A list longer than is read, each item the same.
pub(crate) fn list_too_long() -> Loaded {
    with("audiences/plain.yaml", format!("{PLAIN}identified_by: [{}]\n", "email, ".repeat(10_001)).as_bytes())
}

/// An audience's file nearly as large as is read, full of one thing.
pub(crate) fn filled(head: &str, item: impl Fn(usize) -> String, tail: &str) -> Loaded {
    let mut text = format!("audience: plain\ndescription: Bought at least once.\n{head}");
    for number in 0.. {
        text.push_str(&item(number));
        if text.len() > 1_000_000 {
            break;
        }
    }
    text.push_str(tail);
    with("audiences/plain.yaml", text.as_bytes())
}

/// A folder with this one file.
pub(crate) fn with(path: &str, content: &[u8]) -> Loaded {
    let folder = audiences();
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
    fs::write(path, content).expect("write a file");
    load(folder.path())
}

fn audiences() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    fs::create_dir(folder.path().join("audiences")).expect("make a folder");
    folder
}

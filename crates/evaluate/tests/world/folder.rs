//! Definitions as people write them: files in YAML (or JSON, which is YAML too), loaded as in real life.

use std::fs;

use definitions::Loaded;

/// Loads files given as (path, text); the zone is a name such as `UTC`.
pub(crate) fn load(files: &[(String, String)], zone: &str) -> Loaded {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, text).expect("a writable folder");
    };
    write("muster.yaml", &format!("timezone: {zone}\n"));
    for (path, text) in files {
        write(path, text);
    }
    definitions::load(folder.path())
}

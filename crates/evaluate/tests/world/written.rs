//! Catalogs as people write them: audiences in YAML (or JSON, which is YAML too), loaded as in real life.

use std::fs;

use definitions::{Catalog, Loaded};

/// Loads audiences given as (key, condition); the zone is a name such as `UTC`.
pub(crate) fn load(audiences: &[(&str, &str)], zone: &str) -> Loaded {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("audiences")).expect("an empty folder");
    fs::write(folder.path().join("muster.yaml"), format!("timezone: {zone}\n")).expect("a writable folder");
    for (key, who) in audiences {
        let who = who.trim().replace('\n', "\n  ");
        let text = format!("audience: {key}\ndescription: Made for a test.\nwho:\n  {who}\n");
        fs::write(folder.path().join(format!("audiences/{key}.yaml")), text).expect("a writable folder");
    }
    definitions::load(folder.path())
}

/// Like [`load`], for audiences without mistakes.
#[track_caller]
pub(crate) fn catalog(audiences: &[(&str, &str)], zone: &str) -> Catalog {
    let loaded = load(audiences, zone);
    loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

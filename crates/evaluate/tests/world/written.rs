//! Catalogs of audiences of users that are nothing but a condition.

use definitions::{Catalog, Loaded};

use crate::folder;

/// Loads audiences given as (key, condition); the zone is a name such as `UTC`.
pub(crate) fn load(audiences: &[(&str, &str)], zone: &str) -> Loaded {
    let file = |(key, who): &(&str, &str)| {
        let who = who.trim().replace('\n', "\n  ");
        (format!("audiences/{key}.yaml"), format!("audience: {key}\ndescription: Made for a test.\nwho:\n  {who}\n"))
    };
    folder::load(&audiences.iter().map(file).collect::<Vec<_>>(), zone)
}

/// Like [`load`], for audiences without mistakes.
#[track_caller]
pub(crate) fn catalog(audiences: &[(&str, &str)], zone: &str) -> Catalog {
    let loaded = load(audiences, zone);
    loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

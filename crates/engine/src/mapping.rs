//! How an audience is sent to a destination, as a fingerprint: when it changes, what is there may no longer be right, though
//! nobody entered or exited.
//!
//! Names, descriptions, what to match on and the destination's own options count; comments and layout do not.

use definitions::tree::{Data, Node};
use definitions::{Audience, AudienceSync, Catalog};
use model::Fingerprint;
use sha2::{Digest as _, Sha256};

/// The fingerprint of one sync of one audience.
pub(crate) fn fingerprint(catalog: &Catalog, audience: &Audience, sync: &AudienceSync) -> Fingerprint {
    let destination = catalog.destinations.get(&sync.to);
    let options = destination.map(|destination| (content(&destination.kind), content(&destination.options)));
    let meant = format!("{:?}", (&audience.key, &audience.title, &audience.description, sync, options));
    Fingerprint(Sha256::digest(meant).iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// What a node says, without its place.
fn content(node: &Node) -> String {
    match &node.data {
        Data::Null => "null".to_owned(),
        Data::Flag(flag) => flag.to_string(),
        Data::Number(number) => number.clone(),
        Data::Text(text) => format!("{text:?}"),
        Data::List(items) => format!("{:?}", items.iter().map(content).collect::<Vec<_>>()),
        Data::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.text.clone(), content(value))).collect();
            entries.sort();
            format!("{entries:?}")
        }
    }
}

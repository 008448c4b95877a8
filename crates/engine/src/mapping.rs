//! How an audience is sent to a destination, as a fingerprint: when it changes, what is there may no longer be right, though
//! nobody entered or exited.
//!
//! Names, descriptions, what to match on, what a value means and the destination's own options count; comments and layout
//! do not.

use definitions::tree::{Data, Node};
use definitions::{Audience, AudienceSync, Catalog, ComputedTrait, Filter};
use model::{Collection, Fingerprint, TraitKey, Window};
use sha2::{Digest as _, Sha256};

/// The fingerprint of one sync of one audience.
pub(crate) fn fingerprint(catalog: &Catalog, audience: &Audience, sync: &AudienceSync) -> Fingerprint {
    let destination = catalog.destinations.get(&sync.to);
    let options = destination.map(|destination| (content(&destination.kind), content(&destination.options)));
    let named = (&audience.key, &audience.title, &audience.description);
    let AudienceSync { to, title, description, audience_id, match_on, fields, value, on_exit, start_with } = sync;
    let match_on: Vec<&str> = match_on.iter().map(|word| word.text.as_str()).collect();
    let value = value.as_ref().map(|(name, _)| (name, computed(catalog, sync).map(|computed| &computed.fingerprint)));
    let meant = format!("{:?}", (named, (to, title, description, audience_id, match_on, fields, value, on_exit, start_with), options));
    Fingerprint(Sha256::digest(meant).iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// Whether the value sent along may change though nobody entered or exited and nothing was said about the members themselves: a
/// computed trait whose window moves, or one of accounts, whose events are their users'.
pub(crate) fn value_moves(catalog: &Catalog, audience: &Audience, sync: &AudienceSync) -> bool {
    computed(catalog, sync).is_some_and(|computed| {
        // A filter may speak of days ago, or of another computed trait.
        audience.of == Collection::Accounts || computed.window != Window::Ever || computed.filter != Filter::default()
    })
}

/// The computed trait that is sent as value, when it is one.
fn computed<'a>(catalog: &'a Catalog, sync: &AudienceSync) -> Option<&'a ComputedTrait> {
    let (name, _) = sync.value.as_ref()?;
    catalog.traits.get(&TraitKey::parse(name).ok()?)
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

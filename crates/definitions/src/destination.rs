//! Destination files: the configured places. Which sinks exist, and what their options mean, is not known here.

use model::DestinationKey;

use crate::diagnostic::{Diagnostic, Place};
use crate::meaning::Destination;
use crate::named::file_key;
use crate::scope::Scope;
use crate::tree::{Data, Key, Node};

/// Reads one file's tree. `stem` is the file's name without its ending.
pub(crate) fn destination(stem: &str, root: &Node, scope: &mut Scope) -> Option<Destination> {
    let parsed = DestinationKey::parse(stem);
    let key = parsed.as_ref().ok().cloned();
    let mut fields = scope.keep(root.as_map())?;
    file_key("destination", stem, parsed.map(drop), &mut fields, scope);
    let kind = fields.require("type").map_err(|finding| finding.help_or("say what kind of place it is: `type: facebook`"));
    let kind = scope.keep(kind).and_then(|node| {
        scope.keep(node.as_text())?;
        Some(node.clone())
    });
    let description = fields.take("description").and_then(|node| scope.keep(node.as_text()).map(str::to_owned));
    let options: Vec<(Key, Node)> = fields.rest().into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Some(Destination { key: key?, kind: kind?, description, options: Node { place: root.place.clone(), data: Data::Map(options) } })
}

/// The finding that a sync names no destination.
pub(crate) fn unknown(key: &DestinationKey, place: &Place, known: &[DestinationKey]) -> Diagnostic {
    let finding = Diagnostic::error("unknown-destination", format!("no destination is called `{key}`")).at(place);
    match crate::suggest::suggest(key.as_str(), known.iter().map(DestinationKey::as_str)) {
        Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
        None => finding.help(format!("create `destinations/{key}.yaml`")),
    }
}

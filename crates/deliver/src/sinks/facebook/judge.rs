//! Judging audiences before anything is sent: what they match on, and what they would be called.

use definitions::{Audience, AudienceSync, Destination, Diagnostic};

use super::key::Key;
use super::options::{Options, match_keys};
use super::people::is_sufficient;

/// Everything wrong with how one audience is sent to this destination. A sync has no place of its own in the catalog, so
/// the findings name audience and destination.
pub(super) fn audience(destination: &Destination, options: Option<&Options>, audience: &Audience) -> Vec<Diagnostic> {
    let syncs = audience.syncs.iter().filter(|sync| sync.to == destination.key);
    syncs.flat_map(|sync| judge(destination, options, audience, sync)).collect()
}

fn judge(destination: &Destination, options: Option<&Options>, audience: &Audience, sync: &AudienceSync) -> Vec<Diagnostic> {
    let (key, place) = (&audience.key, &destination.key);
    let mut problems = Vec::new();
    match match_keys(&sync.match_on) {
        Ok(keys) if !is_sufficient(|key| keys.contains(&key), true) => {
            let message = format!("audience `{key}` matches on too little for `{place}`: facebook could not tell people apart");
            let help = "add `email`, `phone`, `mobile_id` or `external_id`, or first and last name with `zip`, `city` or the date of birth";
            problems.push(Diagnostic::error("weak-match", message).help(help));
        }
        Ok(_) => {}
        Err(unknown) => problems.extend(unknown.into_iter().map(|(word, nearest)| {
            let shown: String = word.chars().filter(|c| !c.is_control()).take(60).collect();
            let finding =
                Diagnostic::error("unknown-match-key", format!("audience `{key}` matches on `{shown}`, which `{place}` does not know"));
            match nearest {
                Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
                None => finding.help(format!("known here: `{}`", Key::words().collect::<Vec<_>>().join("`, `"))),
            }
        })),
    }
    let title = sync.title.as_ref().or(audience.title.as_ref()).map_or(key.as_str(), String::as_str);
    if let Some(Err(words)) = options.map(|options| options.audience_name(title)) {
        problems.push(Diagnostic::error("audience-name", format!("audience `{key}` cannot be sent to `{place}`: {words}")));
    }
    problems
}

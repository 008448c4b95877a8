//! Judging audiences before anything is sent: what they match on, and what they would be called.

use definitions::{Audience, AudienceSync, Destination, Diagnostic, Word};

use super::key::Key;
use super::options::{Options, match_keys};
use super::people::is_sufficient;

/// Everything wrong with how one audience is sent to this destination. The findings name both: they stand in two files.
pub(super) fn audience(destination: &Destination, options: Option<&Options>, audience: &Audience) -> Vec<Diagnostic> {
    let syncs = audience.syncs.iter().filter(|sync| sync.to == destination.key);
    syncs.flat_map(|sync| judge(destination, options, audience, sync)).collect()
}

fn judge(destination: &Destination, options: Option<&Options>, audience: &Audience, sync: &AudienceSync) -> Vec<Diagnostic> {
    let (key, place) = (&audience.key, &destination.key);
    let mut problems = Vec::new();
    let words: Vec<String> = sync.match_on.iter().map(|word| word.text.clone()).collect();
    let at = |finding: Diagnostic, word: Option<&Word>| match word {
        Some(word) => finding.at(&word.place),
        None => finding,
    };
    match match_keys(&words) {
        Ok(keys) if !is_sufficient(|key| keys.contains(&key), true) => {
            let message = format!("audience `{key}` matches on too little for `{place}`: facebook could not tell people apart");
            let help = "add `email`, `phone`, `mobile_id` or `external_id`, or first and last name with `zip`, `city` or the date of birth";
            problems.push(at(Diagnostic::error("weak-match", message).help(help), sync.match_on.first()));
        }
        Ok(_) => {}
        Err(unknown) => problems.extend(unknown.into_iter().map(|(word, nearest)| {
            let shown: String = word.chars().filter(|c| !c.is_control()).take(60).collect();
            let finding =
                Diagnostic::error("unknown-match-key", format!("audience `{key}` matches on `{shown}`, which `{place}` does not know"));
            let finding = at(finding, sync.match_on.iter().find(|known| known.text == word));
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

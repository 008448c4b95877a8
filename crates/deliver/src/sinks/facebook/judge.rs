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
        Err(_) => {
            let unknown = sync.match_on.iter().filter(|word| Key::from_word(&word.text).is_none());
            problems.extend(unknown.map(|word| unknown_key(audience, destination, word)));
        }
    }
    for (word, _) in sync.fields.iter().filter(|(word, _)| Key::from_word(&word.text).is_none()) {
        problems.push(unknown_key(audience, destination, word));
    }
    if let Some(options) = options {
        let asks = |key| words.iter().any(|word| Key::from_word(word) == Some(key));
        let lacking = [(Key::AppUser, options.app_ids.is_empty(), "app_ids"), (Key::PageUser, options.page_id.is_none(), "page_id")];
        for (asked, _, option) in lacking.into_iter().filter(|(asked, is_lacking, _)| *is_lacking && asks(*asked)) {
            let message = format!("audience `{key}` matches on `{}`, and `{place}` does not say whose", asked.word());
            problems.push(at(
                Diagnostic::error("invalid-option", message).help(format!("set `{option}` in the destination")),
                sync.match_on.first(),
            ));
        }
    }
    if let Some(id) = sync.audience_id.as_ref().filter(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
        let message = format!("audience `{key}`: `{id}` is not the id of an audience on facebook");
        problems.push(Diagnostic::error("invalid-option", message).help("copy it from the ads manager: about 17 digits, in quotes"));
    }
    let title = sync.title.as_ref().or(audience.title.as_ref()).map_or(key.as_str(), String::as_str);
    if let Some(Err(words)) = options.map(|options| options.audience_name(title)) {
        problems.push(Diagnostic::error("audience-name", format!("audience `{key}` cannot be sent to `{place}`: {words}")));
    }
    problems
}

fn unknown_key(audience: &Audience, destination: &Destination, word: &Word) -> Diagnostic {
    let shown: String = word.text.chars().filter(|c| !c.is_control()).take(60).collect();
    let message = format!("audience `{}` matches on `{shown}`, which `{}` does not know", audience.key, destination.key);
    let finding = Diagnostic::error("unknown-match-key", message).at(&word.place);
    match definitions::suggest(&word.text, Key::words()) {
        Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
        None => finding.help(format!("known here: `{}`", Key::words().collect::<Vec<_>>().join("`, `"))),
    }
}

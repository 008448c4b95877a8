//! "Did you mean": the known word nearest to an unknown one.

/// From this length on, the beginning of a word suggests the whole of it.
const BEGUN_MIN: usize = 3;

/// The known word that somebody who wrote `word` most likely meant, if one is near enough.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = folded(word);
    let tolerance = (wanted.chars().count() / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let candidate_folded = folded(candidate);
        let distance = strsim::damerau_levenshtein(&wanted, &candidate_folded);
        let begun = wanted.chars().count() >= BEGUN_MIN && candidate_folded.starts_with(&wanted);
        let distance = if begun { distance.min(tolerance) } else { distance };
        if distance <= tolerance && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_owned())
}

/// Case, spaces and dashes are the most common slips: they cost nothing.
fn folded(word: &str) -> String {
    word.chars().take(200).map(|c| if matches!(c, '-' | ' ') { '_' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        let known = ["within", "where", "where_any", "at_least", "at_most", "did", "did_not"];
        assert_eq!(suggest(word, known).as_deref(), expected);
    }

    #[test]
    fn slips_find_their_word() {
        check("withn", Some("within"));
        check("At-Least", Some("at_least"));
        check("didnot", Some("did_not"));
        check("wheer", Some("where"));
        check("with", Some("within"));
    }

    #[test]
    fn strangers_find_none() {
        check("colour", None);
        check("", None);
    }
}

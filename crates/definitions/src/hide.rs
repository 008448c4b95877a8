//! What of a file may be drawn under its findings: secrets that stand where none belongs are blanked.
//!
//! Where the finding is that a secret stands there, that is known. Settings, destinations and models may hold one unknown to
//! anybody as well: under a misspelt key, in a line that is no YAML, in a URL.
//! **Invariant:** places stay true: every byte that is blanked becomes one `*`, and line ends stay.

use std::ops::Range;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Place};

/// Findings that say that a secret stands at their place.
const SECRETS: [&str; 2] = ["secret-in-file", "secret-in-definition"];
/// Findings about lines that nobody could make sense of.
const UNREAD: [&str; 8] = ["anchor", "key-not-text", "merge-key", "nested-too-deep", "not-utf8", "several-documents", "tag", "yaml-syntax"];
/// Findings about keys whose value nobody looked at.
const UNLOOKED: [&str; 3] = ["duplicate-key", "invalid-option", "unknown-key"];

/// The text of a file as it may be drawn under these findings.
pub fn showable(file: &Path, text: &str, findings: &[Diagnostic]) -> String {
    let mut shown = text.to_owned();
    if !may_hold_secrets(file) {
        return shown;
    }
    blank_logins(&mut shown);
    for finding in findings {
        let places = finding.place.iter().chain(finding.labels.iter().map(|label| &label.place));
        for place in places.filter(|place| place.file == file) {
            let line = line_of(text, place);
            if SECRETS.contains(&finding.code) {
                blank(&mut shown, place.span.clone());
            } else if UNREAD.contains(&finding.code) {
                let value = text[line.clone()].find(':').map_or(line.start, |colon| line.start + colon + 1);
                blank(&mut shown, value..line.end);
            } else if UNLOOKED.contains(&finding.code)
                && let Some(value) = value_after(text, place)
            {
                blank(&mut shown, value..line.end);
            }
        }
    }
    shown
}

/// Audiences and traits have no place for one.
fn may_hold_secrets(file: &Path) -> bool {
    !["audiences", "traits"].iter().any(|folder| file.parent().is_some_and(|parent| parent.ends_with(folder)))
}

/// What stands before the `@` of a URL.
fn blank_logins(text: &mut String) {
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let start = from + found + "://".len();
        let end = text[start..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).map_or(text.len(), |length| start + length);
        if let Some(at) = text[start..end].rfind('@') {
            blank(text, start..start + at);
        }
        from = end;
    }
}

/// The line that a place begins in, without its end.
fn line_of(text: &str, place: &Place) -> Range<usize> {
    let at = place.span.start.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    start..text[at..].find('\n').map_or(text.len(), |length| at + length)
}

/// Where the value of a key begins, if the place is one's.
fn value_after(text: &str, place: &Place) -> Option<usize> {
    let rest = text.get(place.span.end..)?;
    let colon = rest.find(|c: char| !matches!(c, '"' | '\'' | ' '))?;
    (rest[colon..].starts_with(": ") || rest[colon..].starts_with(":\n")).then_some(place.span.end + colon + 1)
}

fn blank(text: &mut String, span: Range<usize>) {
    let Some(part) = text.get(span.clone()) else { return };
    let blanks: String = part.bytes().map(|byte| if matches!(byte, b'\n' | b'\r' | b' ') { char::from(byte) } else { '*' }).collect();
    text.replace_range(span, &blanks);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place is where `at` stands in the text.
    #[track_caller]
    fn check(file: &str, code: &'static str, at: &str, text: &str, expected: &str) {
        let start = text.find(at).expect("it stands there");
        let place = Place { file: file.into(), span: start..start + at.len(), line: 1, column: 1 };
        let shown = showable(Path::new(file), text, &[Diagnostic::error(code, "wrong").at(&place)]);
        assert_eq!(shown, expected);
        assert_eq!(shown.len(), text.len());
    }

    #[test]
    fn what_may_be_a_secret_is_not_drawn() {
        let file = "destinations/ads.yaml";
        check(file, "secret-in-definition", "EAAB", "type: facebook\ntoken: EAAB\n", "type: facebook\ntoken: ****\n");
        check(file, "unknown-key", "tokn", "tokn: EAAB é\nnext: 1\n", "tokn: **** **\nnext: 1\n");
        check(file, "duplicate-key", "\"token\"", "\"token\": EAAB\n", "\"token\": ****\n");
        check(file, "yaml-syntax", "'", "token: 'EAAB\nnext: 1", "token: *****\nnext: 1");
        check(file, "tag", "!x", "token:\n  !x EAAB\n", "token:\n  ** ****\n");
        check(file, "invalid-option", "https", "url: https://ann:pw@example.com/a@b\n", "url: https://********************@b\n");
        check("muster.yaml", "unknown-key", "url", "store:\n  url: postgres://h\n", "store:\n  url: ************\n");
    }

    #[test]
    fn what_is_none_is_drawn() {
        let text = "destination: ads\nminimum_size: -1\n";
        check("destinations/ads.yaml", "missing-key", "destination", text, text);
        check("destinations/ads.yaml", "invalid-option", "-1", text, text);
        check("audiences/a.yaml", "unknown-key", "whom", "whom: { did: Order }\n", "whom: { did: Order }\n");
        check("muster.yaml", "wrong-type", "5", "timezone: 5\n", "timezone: 5\n");
    }
}

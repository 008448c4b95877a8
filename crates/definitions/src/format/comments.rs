//! Finding comments: the parser drops them. Every `#` outside of scalars begins one, because nothing else of YAML that
//! the language takes holds a `#`.

use super::document::{Comment, Document};

/// A comment where it stands.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) comment: Comment,
    /// The position of its `#`.
    pub(super) at: usize,
    pub(super) column: usize,
    /// Nothing but the dash of an item stands before it on its line.
    pub(super) own_line: bool,
}

/// Every comment in order.
pub(super) fn scan(text: &str, document: &Document) -> Vec<Found> {
    let chars: Vec<char> = text.chars().collect();
    let mut covered = document.covered.iter().peekable();
    let mut found = Vec::new();
    let (mut at, mut line_start, mut line_before_blank) = (0, 0, false);
    while at < chars.len() {
        while covered.next_if(|range| range.end <= at).is_some() {}
        if chars[at] == '\n' {
            line_before_blank = chars[line_start..at].iter().all(|c| c.is_whitespace());
            line_start = at + 1;
            at += 1;
            continue;
        }
        let inside = covered.peek().is_some_and(|range| range.contains(&at));
        if chars[at] != '#' || inside {
            at += 1;
            continue;
        }
        let end = chars[at..].iter().position(|c| matches!(c, '\n' | '\r')).map_or(chars.len(), |length| at + length);
        let text: String = chars[at..end].iter().collect();
        let before: String = chars[line_start..at].iter().collect();
        let own_line = before.chars().all(|c| c.is_whitespace() || matches!(c, '-' | '?' | '\u{feff}')) && !before.starts_with("---");
        let comment = Comment { text: text.trim_end().to_owned(), blank: own_line && line_before_blank };
        found.push(Found { comment, at, column: at - line_start, own_line });
        at = end;
    }
    found
}

//! Words that stand for one of a few things, such as `state: paused`.

use crate::diagnostic::Diagnostic;
use crate::quote::{alternatives, quoted};
use crate::scope::Scope;
use crate::suggest::suggest;
use crate::tree::Node;

/// What the word stands for; `key` is what it was written under.
pub(crate) fn choice<T: Copy>(node: &Node, key: &str, words: &[(&'static str, T)], scope: &mut Scope) -> Option<T> {
    let all = || alternatives(words.iter().map(|(word, _)| *word));
    let text = node.as_text().map_err(|finding| {
        let help = format!("write {}", all());
        if node.is_null() { finding.help_or(help) } else { finding.help(help) }
    });
    let text = scope.keep(text)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*meaning);
    }
    let finding = Diagnostic::error("unknown-value", format!("{} is no value of `{key}`", quoted(text))).at(&node.place);
    scope.report(match suggest(text, words.iter().map(|(word, _)| *word)) {
        Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
        None => finding.help(format!("write {}", all())),
    });
    None
}

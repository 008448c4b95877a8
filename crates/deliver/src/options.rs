//! Options of destinations: what sinks read the same way, every mistake at once and at its place.

use definitions::{Audience, Data, Destination, Diagnostic, Fields, Node, Place};

use crate::{Secret, Secrets};

/// Collects every problem while options are read.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) problems: Vec<Diagnostic>,
}

impl Reader {
    /// One option, when it is there and right.
    pub(crate) fn take<T>(
        &mut self,
        fields: &mut Fields<'_>,
        name: &'static str,
        read: impl Fn(&Node) -> Result<T, Diagnostic>,
    ) -> Option<T> {
        let node = fields.take(name)?;
        read(node).map_err(|problem| self.problems.push(problem)).ok()
    }

    /// One option that must be there; `help` shows how it is written.
    pub(crate) fn require<T>(
        &mut self,
        fields: &mut Fields<'_>,
        name: &'static str,
        help: &str,
        read: impl Fn(&Node) -> Result<T, Diagnostic>,
    ) -> Option<T> {
        match fields.require(name) {
            Ok(node) => read(node).map_err(|problem| self.problems.push(problem)).ok(),
            Err(problem) => {
                self.problems.push(problem.help_or(help));
                None
            }
        }
    }

    /// One of several words; the first is the default.
    pub(crate) fn choice<T: Copy>(&mut self, fields: &mut Fields<'_>, name: &'static str, choices: &[(&'static str, T)]) -> T {
        let read = |node: &Node| {
            let word = node.as_text()?;
            let known = choices.iter().find(|(known, _)| *known == word);
            known.map(|(_, value)| *value).ok_or_else(|| unknown_word(node, name, word, choices.iter().map(|(known, _)| *known)))
        };
        self.take(fields, name, read).unwrap_or(choices[0].1)
    }

    /// Whether nothing found so far forbids to go on.
    pub(crate) fn is_fine(&self) -> bool {
        !self.problems.iter().any(Diagnostic::is_error)
    }
}

/// The finding that a word is none of those an option takes.
pub(crate) fn unknown_word<'a>(node: &Node, name: &str, word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let shown: String = word.chars().filter(|c| !c.is_control()).take(60).collect();
    let problem = Diagnostic::error("unknown-word", format!("`{name}` cannot be `{shown}`")).at(&node.place);
    match definitions::suggest(word, known.clone()) {
        Some(nearest) => problem.help(format!("did you mean `{nearest}`?")),
        None => problem.help(format!("write one of `{}`", known.collect::<Vec<_>>().join("`, `"))),
    }
}

/// The finding that an option is none that its sink takes.
pub(crate) fn invalid(node: &Node, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("invalid-option", message).at(&node.place)
}

/// A number of people; 0 is one.
pub(crate) fn minimum_size(node: &Node) -> Result<u64, Diagnostic> {
    u64::try_from(node.as_integer()?).map_err(|_| invalid(node, "`minimum_size` cannot be negative"))
}

/// Text that says something.
pub(crate) fn not_blank(node: &Node) -> Result<String, Diagnostic> {
    let text = node.as_text()?.trim();
    if text.is_empty() { Err(invalid(node, "the text is empty")) } else { Ok(text.to_owned()) }
}

/// How the place of a secret is written.
pub(crate) const SECRET_HELP: &str = "say where it is: `{env: NAME}` or `{file: /run/secrets/name}`";

/// Where a secret is.
#[derive(Debug, Clone)]
pub(crate) struct SecretPlace {
    source: SecretSource,
    place: Place,
}

#[derive(Debug, Clone)]
enum SecretSource {
    Env(String),
    File(String),
}

impl SecretPlace {
    /// Reads the place, not the secret.
    pub(crate) fn parse(node: &Node) -> Result<Self, Diagnostic> {
        if matches!(node.data, Data::Text(_) | Data::Number(_) | Data::List(_)) {
            return Err(Self::in_definition(node));
        }
        let mut fields = node.as_map().map_err(|problem| problem.help(SECRET_HELP))?;
        let (env, file) = (fields.take("env"), fields.take("file"));
        if let Some(problem) = fields.finish().into_iter().next() {
            return Err(problem);
        }
        let source = match (env, file) {
            (Some(env), None) => SecretSource::Env(not_blank(env)?),
            (None, Some(file)) => SecretSource::File(not_blank(file)?),
            (Some(_), Some(_)) => {
                return Err(invalid(node, "a secret is either in the environment or in a file, not in both").help(SECRET_HELP));
            }
            (None, None) => return Err(invalid(node, "nothing says where the secret is").help(SECRET_HELP)),
        };
        Ok(Self { source, place: node.place.clone() })
    }

    /// No place at all: stands for one that is wrong, until every mistake was read.
    pub(crate) fn nowhere(place: &Place) -> Self {
        Self { source: SecretSource::Env(String::new()), place: place.clone() }
    }

    /// The finding that a secret itself stands in a definition. It is not repeated.
    pub(crate) fn in_definition(node: &Node) -> Diagnostic {
        let message = "a secret cannot stand in a definition: whoever reads the file would have it";
        Diagnostic::error("secret-in-definition", message).at(&node.place).help(SECRET_HELP)
    }

    /// The secret itself.
    pub(crate) fn read(&self, secrets: &dyn Secrets) -> Result<Secret, Diagnostic> {
        let secret = match &self.source {
            SecretSource::Env(name) => secrets.env(name).map(|value| Secret::new(&value)).ok_or_else(|| {
                let help = format!("set it for the process that runs muster: `export {name}=...`");
                self.unusable(format!("the environment variable `{name}` is not set")).help(help)
            })?,
            SecretSource::File(path) => {
                let text = secrets.file(path);
                Secret::new(&text.map_err(|error| self.unusable(format!("could not read the file `{path}`")).note(error.to_string()))?)
            }
        };
        if secret.is_empty() { Err(self.unusable("the secret is empty".to_owned())) } else { Ok(secret) }
    }

    /// The finding that the secret there is no use.
    pub(crate) fn unusable(&self, message: String) -> Diagnostic {
        Diagnostic::error("missing-secret", message).at(&self.place)
    }
}

/// The findings that audiences sent to a destination match on something, where it is not told whom it is about by matching.
pub(crate) fn no_match_on(destination: &Destination, audiences: &[&Audience], help: &str) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for audience in audiences {
        for sync in audience.syncs.iter().filter(|sync| sync.to == destination.key) {
            if let Some(word) = sync.match_on.first() {
                let message = format!("audience `{}` matches on something, which `{}` does not", audience.key, destination.key);
                problems.push(Diagnostic::error("unknown-match-key", message).at(&word.place).help(help));
            }
        }
    }
    problems
}

//! Secrets: values that must never be seen, and where they come from.
//!
//! A definition names a place (an environment variable, a file); the value itself stands in neither the definitions, a
//! URL, a log nor an error.

use std::fmt;

/// Where secrets are read; `muster` implements it, since only it may look at the environment.
pub trait Secrets: Send + Sync {
    /// The value of an environment variable, when it is set.
    fn env(&self, name: &str) -> Option<String>;
    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn file(&self, path: &str) -> Result<String, std::io::Error>;
}

/// A value that shows itself only to [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value, without the white space that editors and `echo` leave around it.
    pub fn new(value: &str) -> Self {
        Self(value.trim().to_owned())
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new(" EAAB-not-a-real-token\n");
        assert_eq!(secret.expose(), "EAAB-not-a-real-token");
        assert!(!format!("{secret:?} {:?}", Some(&secret)).contains("EAAB"));
    }
}

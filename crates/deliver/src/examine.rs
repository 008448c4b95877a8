//! Looking into a destination before anything is sent: a walk of steps, each with a plain answer.

use serde::Serialize;

/// How one step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// As it should be.
    Passed,
    /// Works, and somebody should know something.
    Warned,
    /// Does not work.
    Failed,
    /// Was not looked at.
    Skipped,
}

/// One step of the walk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was looked at, in a word or two.
    pub name: &'static str,
    /// How it went.
    pub state: StepState,
    /// What was found; never a secret.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Step {
    /// A step that went so.
    pub fn new(name: &'static str, state: StepState, message: impl Into<String>) -> Self {
        Self { name, state, message: message.into(), help: None }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// A trial at the destination: a test row is sent and taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The address in the test row.
    pub email: String,
    /// Whether the row stays, so that somebody can look at it there.
    pub keep: bool,
}

impl Trial {
    /// An address that belongs to nobody.
    pub const EMAIL: &'static str = "muster-check@example.com";
}

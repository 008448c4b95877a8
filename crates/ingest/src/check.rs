//! Would this message be taken? Asked before one is accepted, of the very code that reads it later.

use std::sync::Arc;

use model::{IdentityRules, Moment};

use crate::kinds::Kinds;
use crate::rejection::{Rejection, RejectionReason};
use crate::{Barred, identifiers, parse};

/// Judges messages by the rules of a workspace.
#[derive(Debug, Clone)]
pub struct Judge(Kinds);

impl Judge {
    /// One who goes by these rules.
    pub fn new(rules: Arc<IdentityRules>) -> Self {
        Self(Kinds::new(rules))
    }

    /// Judges one message, a JSON object on one line, as an import at the moment `now` will, as long as nobody else is kept out.
    ///
    /// # Errors
    /// Why it would be rejected; without a word of what was sent.
    pub fn check(&self, line: &[u8], now: Moment, barred: &Barred) -> Result<(), Rejection> {
        let message = parse::message(line, now)?;
        let carried = identifiers::of(&message, &self.0, &mut |_, _| {});
        if let Some(rejection) = barred.refuses(&carried, &self.0, message.when.occurred_at) {
            return Err(rejection);
        }
        if !carried.identifies(message.kind) {
            return Err(RejectionReason::Nobody.because("none of its ids identifies anybody"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judge(line: &str, expected: Result<(), RejectionReason>) {
        let now = Moment::parse("2025-03-08T12:00:00Z").expect("a moment");
        let judged = Judge::new(Arc::default()).check(line.as_bytes(), now, &Barred::default());
        assert_eq!(judged.map_err(|rejection| rejection.reason), expected);
    }

    #[test]
    fn messages_are_judged_as_imports_judge_them() {
        judge(r#"{"type":"track","userId":"u","event":"E"}"#, Ok(()));
        judge(r#"{"type":"track","userId":"u"}"#, Err(RejectionReason::NoEvent));
        judge(r#"{"type":"track","userId":"null","event":"E"}"#, Err(RejectionReason::Nobody));
        judge("nonsense", Err(RejectionReason::InvalidJson));
    }
}

//! What was not taken: reasons, how often, and where for example. Never what was sent.

use std::collections::BTreeMap;

use ingest::{RefusalCount, RejectionReason, Rejections};

use crate::render::numbers::{counted, grouped};

/// Lines and rows that were not taken; `place` is what their numbers count.
pub(crate) fn told(
    place: &str,
    rejections: &BTreeMap<RejectionReason, Rejections>,
    refusals: &[RefusalCount],
    set_aside: &[RefusalCount],
) -> String {
    let mut text = String::new();
    for (reason, rejections) in rejections {
        text.push_str(&format!("  {} rejected: {reason}\n", grouped(rejections.count)));
        for sample in &rejections.samples {
            text.push_str(&format!("    {place} {}: {}\n", sample.line, sample.message));
        }
    }
    for refusal in refusals {
        text.push_str(&format!(
            "  {} of `{}` did not identify anybody: {}\n",
            counted(refusal.count, "value"),
            refusal.kind,
            refusal.reason
        ));
    }
    for left in set_aside {
        text.push_str(&format!("  {} of `{}` not attached: {}\n", counted(left.count, "value"), left.kind, left.reason));
    }
    text
}

//! Samples: a share of the profiles that stays the same from run to run.
//!
//! Without a salt, an audience's own key is the salt: samples of different audiences are then independent. Whoever
//! wants the same people in several audiences writes the same salt in each.

use crate::diagnostic::Diagnostic;
use crate::fields::unknown_key;
use crate::meaning::Condition;
use crate::number;
use crate::scalar;
use crate::scope::Scope;
use crate::tree::{Data, Node};

/// Reads `{ percent: 10, salt: holdout }`.
pub(crate) fn sample(node: &Node, scope: &mut Scope) -> Option<Condition> {
    if !matches!(node.data, Data::Map(_)) {
        let written = match &node.data {
            Data::Number(text) => text.as_str(),
            Data::Text(text) => percent_digits(text).unwrap_or("10"),
            Data::Null | Data::Flag(_) | Data::List(_) | Data::Map(_) => "10",
        };
        scope.report(node.wrong_type("a share").help(format!("write `sample: {{ percent: {written} }}`")));
        return None;
    }
    let mut fields = scope.keep(node.as_map())?;
    let share = fields.require("percent").map_err(|finding| finding.help_or("say how large it is: `percent: 10`"));
    let share = scope.keep(share).and_then(|node| percent(node, scope));
    let salt = match fields.take("salt") {
        Some(node) => scope.keep(node.as_text()).map(str::to_owned),
        None => Some(scope.audience_key.clone().unwrap_or_default()),
    };
    let rest = fields.rest();
    for (key, _) in &rest {
        scope.report(unknown_key(key, &["percent", "salt"], &[("share", "percent"), ("size", "percent"), ("seed", "salt")]));
    }
    let sample = Condition::Sample { percent: share?, salt: salt? };
    rest.is_empty().then_some(sample)
}

fn percent(node: &Node, scope: &mut Scope) -> Option<f64> {
    if let Data::Text(text) = &node.data
        && let Some(digits) = percent_digits(text)
    {
        scope.report(node.wrong_type("a number").help(format!("write `{digits}`")));
        return None;
    }
    let percent = scalar::number(node, scope)?;
    if percent > 0.0 && percent <= 100.0 {
        return Some(percent);
    }
    let finding = Diagnostic::error("percent-out-of-range", "a share is more than 0 and at most 100 percent").at(&node.place);
    scope.report(match percent {
        0.0 => finding.help("leave the condition out, or name a share that holds somebody"),
        _ => finding.help("write `percent: 10` for one in ten"),
    });
    None
}

/// The number in front of a percent sign.
fn percent_digits(text: &str) -> Option<&str> {
    text.strip_suffix('%').map(str::trim).filter(|digits| number::is_number(digits))
}

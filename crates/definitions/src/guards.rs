//! `guards`: what must hold for a change of a membership to be sent.
//!
//! `max_change: 0%` is refused: it would hold every change for ever, which is what `state: paused` is for.

use crate::diagnostic::Diagnostic;
use crate::meaning::Guards;
use crate::number;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::{Data, Node};

/// Largest change that can be allowed, in percent.
const PERCENT_MAX: u32 = 999;

/// Reads the map of guards; at least one must stand there.
pub(crate) fn guards(node: &Node, scope: &mut Scope) -> Option<Guards> {
    let mut fields = scope.keep(node.as_map().map_err(|finding| finding.help_or("write for example `{ max_change: 30% }`")))?;
    let min = fields.take_entry("min_size");
    let max = fields.take_entry("max_size");
    let change = fields.take("max_change");
    let alone = min.is_none() && max.is_none() && change.is_none();
    let strange = fields.finish();
    if alone && strange.is_empty() {
        let finding = Diagnostic::error("empty-map", "nothing is guarded here").at(&node.place);
        scope.report(finding.help("add `min_size`, `max_size` or `max_change: 30%`, or leave `guards` out"));
    }
    scope.findings.extend(strange);
    let min_size = min.map(|(_, node)| size(node, 0, scope));
    let max_size = max.map(|(_, node)| size(node, 1, scope));
    let max_change_percent = change.map(|node| percent(node, scope));
    if let (Some((low, _)), Some((_, high)), Some(Some(least)), Some(Some(most))) = (min, max, min_size, max_size)
        && least > most
    {
        let finding = Diagnostic::error("contradiction", format!("no size is at least {least} and at most {most}")).at(&high.place);
        scope.report(finding.label(&low.place, "this leaves none").help("swap the two"));
        return None;
    }
    Some(Guards { min_size: given(min_size)?, max_size: given(max_size)?, max_change_percent: given(max_change_percent)? })
}

/// Nothing when something was given and not understood.
#[expect(clippy::option_option, reason = "outer: was it given; inner: was it understood")]
fn given<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    value.map_or(Some(None), |understood| understood.map(Some))
}

fn size(node: &Node, least: u64, scope: &mut Scope) -> Option<u64> {
    let number = scope.keep(node.as_integer())?;
    let size = u64::try_from(number).ok().filter(|size| *size >= least);
    if size.is_none() {
        let finding = Diagnostic::error("wrong-type", format!("expected a number of members from {least} on, found `{number}`"));
        scope.report(finding.at(&node.place).help("write a whole number such as `100`; to send nothing, `state: paused`"));
    }
    size
}

/// `30%`.
fn percent(node: &Node, scope: &mut Scope) -> Option<u32> {
    let text = match &node.data {
        Data::Text(text) | Data::Number(text) => text.as_str(),
        Data::Null | Data::Flag(_) | Data::List(_) | Data::Map(_) => {
            scope.report(node.wrong_type("a share such as `30%`").help_or("write a whole number of percent: `30%`"));
            return None;
        }
    };
    let digits = text.strip_suffix('%').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let percent = digits.filter(|digits| !digits.starts_with('0')).and_then(|digits| digits.parse().ok());
    let percent: Option<u32> = percent.filter(|percent| *percent <= PERCENT_MAX);
    if percent.is_none() {
        let message = format!("{} is no share: a whole number of percent from `1%` to `{PERCENT_MAX}%`", quoted(text));
        let finding = Diagnostic::error("invalid-percent", message).at(&node.place);
        scope.report(match meant(text) {
            Some(0) => finding.help("to send nothing at all, write `state: paused`"),
            Some(percent) => finding.help(format!("write `{percent}%`")),
            None => finding.help("write for example `30%`"),
        });
    }
    percent
}

/// The share somebody meant who wrote `30`, `30 %` or `0.3`.
fn meant(text: &str) -> Option<u32> {
    let bare = text.strip_suffix('%').unwrap_or(text).trim();
    let number = number::float(bare).filter(|number| number.is_sign_positive())?;
    let share = if text.ends_with('%') || number == 0.0 || number >= 1.0 { number } else { number * 100.0 };
    let whole = share.round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: positive, and at most `PERCENT_MAX`")]
    let percent = (whole <= f64::from(PERCENT_MAX)).then_some(whole as u32);
    percent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_written_as_elsewhere_are_understood_for_help() {
        for (text, expected) in
            [("30", Some(30)), ("0.3", Some(30)), ("30 %", Some(30)), ("0.5%", Some(1)), ("0", Some(0)), ("007%", Some(7))]
        {
            assert_eq!(meant(text), expected, "{text}");
        }
        for text in ["", "-3%", "many", "1000", "1000%", "%"] {
            assert_eq!(meant(text), None, "{text}");
        }
    }
}

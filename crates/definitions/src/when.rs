//! Lengths and moments as people write them, with help for the spellings of elsewhere.

use model::{Lookback, Moment, MomentSpec, Unit, UnreadableTime};

use crate::diagnostic::Diagnostic;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::{Data, Node};

/// `7 days`.
pub(crate) fn lookback(node: &Node, scope: &mut Scope) -> Option<Lookback> {
    if let Data::Number(number) = &node.data {
        scope.report(node.wrong_type("a length such as `7 days`").help(format!("add the unit: `{number} days`")));
        return None;
    }
    let Data::Text(text) = &node.data else {
        scope.report(node.wrong_type("a length such as `7 days`"));
        return None;
    };
    let result = Lookback::parse(text).map_err(|error| {
        let finding = unreadable(&error, node);
        let after = |prefix| text.strip_prefix(prefix);
        let bare =
            text.strip_suffix(" ago").or_else(|| text.strip_suffix(" from now")).or_else(|| after("last ")).or_else(|| after("next "));
        match meant_length(bare.unwrap_or(text)) {
            Some(meant) => finding.help(format!("write `{meant}`")),
            None => finding,
        }
    });
    let length = scope.keep(result)?;
    note_months(length, node, scope);
    Some(length)
}

/// Whether the text is a length of time, or was meant to be one.
pub(crate) fn is_length(text: &str) -> bool {
    meant_length(text).is_some()
}

/// `2025-11-28`, `30 days ago`, `now`.
pub(crate) fn moment(node: &Node, scope: &mut Scope) -> Option<MomentSpec> {
    let Data::Text(text) = &node.data else {
        scope.report(node.wrong_type("a moment such as `2025-11-28` or `30 days ago`"));
        return None;
    };
    let result = MomentSpec::parse(text).map_err(|error| {
        let finding = unreadable(&error, node);
        match meant_moment(text) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => finding,
        }
    });
    let moment = scope.keep(result)?;
    if let MomentSpec::Ago(length) | MomentSpec::FromNow(length) = moment {
        note_months(length, node, scope);
    }
    Some(moment)
}

/// Months are the one unit whose length differs.
fn note_months(length: Lookback, node: &Node, scope: &mut Scope) {
    if length.unit == Unit::Month {
        let finding = Diagnostic::hint("calendar-months", "a month is a calendar month, in the workspace's time zone").at(&node.place);
        scope.report(finding.note("28 to 31 days each").help("write days if the length must always be the same: `30 days`"));
    }
}

/// A moment that is the same whatever the run's: `2025-06-10T12:00:00Z`.
pub(crate) fn timestamp(node: &Node, scope: &mut Scope) -> Option<Moment> {
    const EXAMPLE: &str = "2025-06-10T12:00:00Z";
    let Data::Text(text) = &node.data else {
        scope.report(node.wrong_type(&format!("a timestamp such as `{EXAMPLE}`")));
        return None;
    };
    let spec = MomentSpec::parse(text).ok();
    if let Some(MomentSpec::At(moment)) = spec {
        return Some(moment);
    }
    let message = format!("{} is not a timestamp with an offset", quoted(text));
    let finding = Diagnostic::error("unreadable-time", message).at(&node.place);
    let meant = match spec {
        Some(MomentSpec::Date(date)) => Some(format!("{date}T00:00:00Z")),
        _ => meant_moment(text).and_then(|meant| match MomentSpec::parse(&meant) {
            Ok(MomentSpec::At(_)) => Some(meant),
            Ok(MomentSpec::Date(_)) => Some(format!("{meant}T00:00:00Z")),
            _ => None,
        }),
    };
    scope.report(finding.help(format!("write for example `{}`", meant.as_deref().unwrap_or(EXAMPLE))));
    None
}

fn unreadable(error: &UnreadableTime, node: &Node) -> Diagnostic {
    Diagnostic::error("unreadable-time", format!("{} is not {}", quoted(&error.text), error.expected)).at(&node.place)
}

/// The length somebody meant who wrote `7d`, `2 Weeks` or `1 year`.
fn meant_length(text: &str) -> Option<Lookback> {
    let text = text.trim().to_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let count: u32 = text[..digits].parse().ok()?;
    let (count, unit) = match text[digits..].trim() {
        "min" | "mins" | "minute" | "minutes" => (count, "minutes"),
        "h" | "hr" | "hrs" | "hour" | "hours" => (count, "hours"),
        "d" | "day" | "days" => (count, "days"),
        "w" | "wk" | "week" | "weeks" => (count, "weeks"),
        "mo" | "month" | "months" => (count, "months"),
        "y" | "yr" | "year" | "years" => (count.checked_mul(12)?, "months"),
        _ => return None,
    };
    Lookback::parse(&format!("{count} {unit}")).ok()
}

/// The moment somebody meant who wrote `30d ago`, `30 days`, `2025-1-2` or a timestamp without an offset.
fn meant_moment(text: &str) -> Option<String> {
    if let Some(length) = text.strip_suffix(" from now").or_else(|| text.strip_prefix("in ")) {
        return meant_length(length).map(|length| format!("{length} from now"));
    }
    if let Some(length) = meant_length(text.strip_suffix("ago").unwrap_or(text)) {
        return Some(format!("{length} ago"));
    }
    let with_offset = format!("{}Z", text.replacen(' ', "T", 1));
    if MomentSpec::parse(&with_offset).is_ok() {
        return Some(with_offset);
    }
    let parts: Vec<u32> = text.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[year, month, day] = parts.as_slice() else { return None };
    let padded = format!("{year:04}-{month:02}-{day:02}");
    MomentSpec::parse(&padded).is_ok().then_some(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_elsewhere_are_understood_for_help() {
        for (text, meant) in [("7d", "7 days"), ("2 Weeks", "2 weeks"), ("1y", "12 months"), ("24h", "24 hours"), ("7  days", "7 days")] {
            assert_eq!(meant_length(text).map(|length| length.to_string()).as_deref(), Some(meant), "{text}");
        }
        for (text, meant) in [
            ("30 days", "30 days ago"),
            ("30d ago", "30 days ago"),
            ("2025-1-2", "2025-01-02"),
            ("in 3 days", "3 days from now"),
            ("2025-11-28T10:00:00", "2025-11-28T10:00:00Z"),
            ("2025-11-28 10:00", "2025-11-28T10:00Z"),
        ] {
            assert_eq!(meant_moment(text).as_deref(), Some(meant), "{text}");
        }
        for text in ["", "soon", "0 days", "größer", "d7"] {
            assert_eq!(meant_length(text), None, "{text}");
        }
    }
}

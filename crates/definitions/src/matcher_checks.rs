//! Matchers that are spelled right and still cannot be meant: contradictions and what changes nothing.

use model::MomentSpec;

use crate::aggregate;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::matcher::{MatcherYaml, Subject};
use crate::meaning::{Comparison, Operator, Scalar};
use crate::scope::Scope;

/// Notes what cannot be meant; whether the matcher is usable. A matcher that was not understood as a whole is only
/// searched for contradictions.
pub(crate) fn check(place: &Place, subject: Subject<'_>, typed: &MatcherYaml<'_>, complete: bool, scope: &mut Scope) -> bool {
    let before = errors(scope);
    if complete && typed.operators.is_empty() {
        let place = typed.ignore_case.or(typed.or_missing).unwrap_or(place);
        let finding = Diagnostic::error("no-operator", "nothing says what the value must be").at(place);
        scope.report(finding.help("add an operator such as `equals`, `one_of` or `above`"));
    }
    existence(typed, scope);
    numbers(typed, scope);
    dates(typed, scope);
    values(typed, scope);
    if let Subject::Aggregate(reducer) = subject {
        aggregate::check(reducer, typed, scope);
    }
    let usable = errors(scope) == before;
    if complete && usable {
        idle_modifier(typed, scope);
    }
    usable
}

fn errors(scope: &Scope) -> usize {
    scope.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}

fn existence(typed: &MatcherYaml<'_>, scope: &mut Scope) {
    for (key, operator) in &typed.operators {
        let place = &key.place;
        match operator {
            Operator::Exists(false) => {
                let message = "`exists: false` holds only for missing values; nothing goes beside it";
                let finding = Diagnostic::error("contradiction", message).at(place);
                if let Some((other, _)) = typed.operators.iter().find(|(_, other)| !matches!(other, Operator::Exists(_))) {
                    let help = "to let a missing value pass as well, write `or_missing: true` instead";
                    scope.report(finding.label(&other.place, "this asks for a value").help(help));
                } else if let Some(or_missing) = typed.or_missing {
                    scope.report(finding.label(or_missing, "this changes nothing").help("leave `or_missing` out"));
                }
            }
            Operator::Exists(true) => {
                if let Some(or_missing) = typed.or_missing {
                    let finding = Diagnostic::error("contradiction", "`exists: true` with `or_missing` holds for everything").at(place);
                    scope.report(finding.label(or_missing, "this lets missing values pass").help("leave one of them out"));
                }
            }
            _ => {}
        }
    }
}

fn numbers(typed: &MatcherYaml<'_>, scope: &mut Scope) {
    let mut low: Option<(&Place, f64, bool)> = None;
    let mut high: Option<(&Place, f64, bool)> = None;
    for (key, operator) in &typed.operators {
        let place = &key.place;
        match operator {
            Operator::Above(number) => low = Some(tighter(low, (place, *number, true), |new, old| new >= old)),
            Operator::AtLeast(number) => low = Some(tighter(low, (place, *number, false), |new, old| new > old)),
            Operator::Below(number) => high = Some(tighter(high, (place, *number, true), |new, old| new <= old)),
            Operator::AtMost(number) => high = Some(tighter(high, (place, *number, false), |new, old| new < old)),
            _ => {}
        }
    }
    let (Some((low_place, low, low_open)), Some((high_place, high, high_open))) = (low, high) else { return };
    // A range of one number is fine as long as both ends are part of it.
    if low > high || (low >= high && (low_open || high_open)) {
        let (first, second) = if low_place.span.start < high_place.span.start { (low_place, high_place) } else { (high_place, low_place) };
        let finding = Diagnostic::error("contradiction", "no number is in this range").at(second);
        scope.report(finding.label(first, "this leaves none").help("swap the bounds, or write two matchers under `any`"));
    }
}

type Bound<'a> = (&'a Place, f64, bool);

fn tighter<'a>(known: Option<Bound<'a>>, new: Bound<'a>, tightens: fn(f64, f64) -> bool) -> Bound<'a> {
    known.filter(|old| !tightens(new.1, old.1)).unwrap_or(new)
}

fn dates(typed: &MatcherYaml<'_>, scope: &mut Scope) {
    let mut earliest: Vec<(&Place, MomentSpec)> = Vec::new();
    let mut latest: Vec<(&Place, MomentSpec)> = Vec::new();
    for (key, operator) in &typed.operators {
        let place = &key.place;
        match operator {
            Operator::After(spec) => earliest.push((place, *spec)),
            Operator::Before(spec) => latest.push((place, *spec)),
            Operator::WithinLast(lookback) => {
                earliest.push((place, MomentSpec::Ago(*lookback)));
                latest.push((place, MomentSpec::Now));
            }
            Operator::WithinNext(lookback) => {
                earliest.push((place, MomentSpec::Now));
                latest.push((place, MomentSpec::FromNow(*lookback)));
            }
            _ => {}
        }
    }
    for (after, start) in &earliest {
        for (before, end) in &latest {
            if after != before && scope.never_before(*start, *end) {
                let (first, second) = if after.span.start < before.span.start { (after, before) } else { (before, after) };
                let finding = Diagnostic::error("contradiction", "no date is in this range").at(second);
                scope.report(finding.label(first, "this leaves none").help("`after` must be earlier than `before`"));
                return;
            }
        }
    }
}

/// What must be one of the values, and must not be any of them.
fn values(typed: &MatcherYaml<'_>, scope: &mut Scope) {
    let mut refused: Vec<(&Place, &Scalar)> = Vec::new();
    let mut wanted: Vec<(&Place, Vec<&Scalar>)> = Vec::new();
    for (key, operator) in &typed.operators {
        let place = &key.place;
        match operator {
            Operator::NotEquals(scalar) => refused.push((place, scalar)),
            Operator::NoneOf(scalars) | Operator::IncludesNone(scalars) => {
                refused.extend(scalars.iter().map(|scalar| (place, scalar)));
            }
            Operator::Equals(scalar) | Operator::Includes(scalar) => wanted.push((place, vec![scalar])),
            Operator::OneOf(scalars) | Operator::IncludesAny(scalars) => wanted.push((place, scalars.iter().collect())),
            Operator::IncludesAll(scalars) => wanted.extend(scalars.iter().map(|scalar| (place, vec![scalar]))),
            Operator::Contains(_)
            | Operator::NotContains(_)
            | Operator::ContainsAny(_)
            | Operator::StartsWith(_)
            | Operator::EndsWith(_)
            | Operator::Above(_)
            | Operator::AtLeast(_)
            | Operator::Below(_)
            | Operator::AtMost(_)
            | Operator::Exists(_)
            | Operator::Before(_)
            | Operator::After(_)
            | Operator::WithinLast(_)
            | Operator::WithinNext(_)
            | Operator::AnniversaryWithinNext(_)
            | Operator::Compare { .. } => {}
        }
    }
    let refusal = |scalar: &Scalar| refused.iter().find(|(_, refused)| *refused == scalar).map(|(place, _)| *place);
    for (place, scalars) in wanted {
        if let Some(refusals) = scalars.iter().map(|scalar| refusal(scalar)).collect::<Option<Vec<&Place>>>()
            && let Some(other) = refusals.first()
        {
            let (first, second) = if place.span.start < other.span.start { (place, *other) } else { (*other, place) };
            let finding = Diagnostic::error("contradiction", "no value is left: what one of these asks for, the other refuses").at(second);
            scope.report(finding.label(first, "this leaves none").help("take the value out of one of them"));
            return;
        }
    }
}

fn idle_modifier(typed: &MatcherYaml<'_>, scope: &mut Scope) {
    let is_text = |scalar: &Scalar| matches!(scalar, Scalar::Text(_));
    let compares_text = typed.operators.iter().any(|(_, operator)| match operator {
        Operator::Equals(scalar) | Operator::NotEquals(scalar) | Operator::Includes(scalar) => is_text(scalar),
        Operator::OneOf(scalars)
        | Operator::NoneOf(scalars)
        | Operator::IncludesAny(scalars)
        | Operator::IncludesAll(scalars)
        | Operator::IncludesNone(scalars) => scalars.iter().any(is_text),
        Operator::Compare { comparison, .. } => matches!(
            comparison,
            Comparison::Equals
                | Comparison::NotEquals
                | Comparison::Contains
                | Comparison::NotContains
                | Comparison::StartsWith
                | Comparison::EndsWith
        ),
        Operator::Contains(_) | Operator::NotContains(_) | Operator::ContainsAny(_) | Operator::StartsWith(_) | Operator::EndsWith(_) => {
            true
        }
        Operator::Above(_)
        | Operator::AtLeast(_)
        | Operator::Below(_)
        | Operator::AtMost(_)
        | Operator::Exists(_)
        | Operator::Before(_)
        | Operator::After(_)
        | Operator::WithinLast(_)
        | Operator::WithinNext(_)
        | Operator::AnniversaryWithinNext(_) => false,
    });
    if let Some(place) = typed.ignore_case
        && !compares_text
    {
        let finding = Diagnostic::warning("idle-modifier", "`ignore_case` changes nothing here: no text is compared").at(place);
        scope.report(finding.help("leave it out"));
    }
}

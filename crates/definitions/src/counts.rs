//! Counts: `at_least`, `at_most` and `exactly` beside `did`.

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::meaning::CountRange;
use crate::scope::Scope;
use crate::tree::{Key, Node};

type Entry<'a> = Option<(&'a Key, &'a Node)>;

/// Not once.
pub(crate) const NEVER: CountRange = CountRange { at_least: 0, at_most: Some(0) };

/// A count's keys as typed.
#[derive(Clone, Copy)]
pub(crate) struct CountYaml<'a> {
    at_least: Entry<'a>,
    at_most: Entry<'a>,
    exactly: Entry<'a>,
}

impl<'a> CountYaml<'a> {
    /// Takes `at_least`, `at_most` and `exactly`.
    pub(crate) fn take(fields: &mut Fields<'a>) -> Self {
        Self { at_least: fields.take_entry("at_least"), at_most: fields.take_entry("at_most"), exactly: fields.take_entry("exactly") }
    }

    /// One of the keys, if any was given.
    pub(crate) fn key(&self) -> Option<&'a Key> {
        self.exactly.or(self.at_least).or(self.at_most).map(|(key, _)| key)
    }

    /// Reads them; without any, once or more.
    pub(crate) fn read(&self, scope: &mut Scope) -> Option<CountRange> {
        if let (Some((exactly, _)), Some((other, _))) = (self.exactly, self.at_least.or(self.at_most)) {
            let message = format!("`exactly` and `{}` exclude each other", other.text);
            let finding = Diagnostic::error("conflicting-keys", message).at(&other.place).label(&exactly.place, "`exactly` stands here");
            scope.report(finding.help("keep one of them"));
            return None;
        }
        if let Some((_, node)) = self.exactly {
            let exactly = times(node, scope)?;
            if exactly == 0 {
                let finding = Diagnostic::error("count-of-zero", "`exactly: 0` is `did_not`").at(&node.place);
                scope.report(finding.help("write `did_not` in place of `did`, and leave the count out"));
                return None;
            }
            return Some(CountRange { at_least: exactly, at_most: Some(exactly) });
        }
        let at_least = self.at_least.map(|(_, node)| times(node, scope));
        let at_most = self.at_most.map(|(_, node)| times(node, scope));
        if let (Some((key, _)), None) = (self.at_most, self.at_least) {
            let finding = Diagnostic::error("at-most-alone", "`at_most` needs `at_least` beside it").at(&key.place);
            let finding = finding.note("does this include people who never did it? products disagree");
            scope.report(finding.help("add `at_least: 0` to include people who never did it, `at_least: 1` to leave them out"));
            return None;
        }
        let (at_least, at_most) = (at_least.unwrap_or(Some(1))?, at_most.map_or(Some(None), |given| given.map(Some))?);
        self.refuse_odd_range(at_least, at_most, scope)?;
        Some(CountRange { at_least, at_most })
    }

    fn refuse_odd_range(&self, at_least: u32, at_most: Option<u32>, scope: &mut Scope) -> Option<()> {
        match (at_most, self.at_least, self.at_most) {
            (Some(0), _, Some((_, node))) => {
                let finding = Diagnostic::error("count-of-zero", "`at_most: 0` is `did_not`").at(&node.place);
                scope.report(finding.help("write `did_not` in place of `did`, and leave the count out"));
                None
            }
            (Some(at_most), Some((low, _)), Some((_, high))) if at_least > at_most => {
                let finding = Diagnostic::error("contradiction", format!("no count is at least {at_least} and at most {at_most}"));
                scope.report(finding.at(&high.place).label(&low.place, "this leaves none").help("swap the two"));
                None
            }
            (None, Some((_, node)), _) if at_least == 0 => {
                let finding = Diagnostic::error("count-of-zero", "`at_least: 0` alone holds for everybody").at(&node.place);
                scope.report(finding.help("write `at_least: 1`, or add `at_most`"));
                None
            }
            _ => Some(()),
        }
    }
}

fn times(node: &Node, scope: &mut Scope) -> Option<u32> {
    let number = scope.keep(node.as_integer())?;
    let count = u32::try_from(number);
    if count.is_err() {
        let finding = Diagnostic::error("wrong-type", format!("expected a count from 0 to {}, found `{number}`", u32::MAX));
        scope.report(finding.at(&node.place));
    }
    count.ok()
}

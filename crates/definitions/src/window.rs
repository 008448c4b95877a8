//! Windows of event conditions: `within`, or `from` and `until`, or ever.

use model::{MomentSpec, Window};

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::scope::Scope;
use crate::tree::{Key, Node};
use crate::when;

type Entry<'a> = Option<(&'a Key, &'a Node)>;

/// The window's keys as typed.
pub(crate) struct WindowYaml<'a> {
    within: Entry<'a>,
    from: Entry<'a>,
    until: Entry<'a>,
}

impl<'a> WindowYaml<'a> {
    pub(crate) fn take(fields: &mut Fields<'a>) -> Self {
        Self { within: fields.take_entry("within"), from: fields.take_entry("from"), until: fields.take_entry("until") }
    }

    pub(crate) fn read(&self, scope: &mut Scope) -> Option<Window> {
        let within = self.within.map(|(_, node)| when::lookback(node, scope));
        if let (Some(Some(length)), Some((_, node))) = (within, self.within) {
            scope.withins.push((length, node.place.clone()));
        }
        let from = self.from.map(|(_, node)| when::moment(node, scope));
        let until = self.until.map(|(_, node)| when::moment(node, scope));
        if let (Some((within, _)), Some((other, _))) = (self.within, self.from.or(self.until)) {
            let message = format!("`within` and `{}` exclude each other", other.text);
            let finding = Diagnostic::error("conflicting-keys", message).at(&other.place).label(&within.place, "`within` stands here");
            scope.report(finding.help("`within: 30 days` is the same as `from: 30 days ago`; keep one"));
            return None;
        }
        if let Some(within) = within {
            return within.map(Window::Within);
        }
        if from.is_none() && until.is_none() {
            return Some(Window::Ever);
        }
        let from = missing_or_understood(from)?;
        let until = missing_or_understood(until)?;
        self.refuse_empty(from, until, scope)?;
        Some(Window::Between { from, until })
    }

    /// A window that no as-of fills is a mistake.
    fn refuse_empty(&self, from: Option<MomentSpec>, until: Option<MomentSpec>, scope: &mut Scope) -> Option<()> {
        if let (Some(MomentSpec::FromNow(_)), Some((_, node))) = (from, self.from) {
            let finding = Diagnostic::error("empty-window", "no event is in this window: it starts in the future").at(&node.place);
            scope.report(finding.help("did you mean `ago`?"));
            return None;
        }
        if let (Some(start), Some(end), Some((_, from)), Some((_, until))) = (from, until, self.from, self.until)
            && scope.never_before(start, end)
        {
            let finding = Diagnostic::error("empty-window", "no event is in this window: it ends before it starts").at(&until.place);
            scope.report(
                finding.label(&from.place, "it starts here, included").help("`until` is not included and must be later than `from`"),
            );
            return None;
        }
        Some(())
    }
}

/// Turns "given but not understood" into nothing at all.
#[expect(clippy::option_option, reason = "outer: was it given; inner: was it understood")]
fn missing_or_understood<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(None) => None,
        Some(understood) => Some(understood),
    }
}

//! What reading one file carries along: its findings, its references, and how much of the limits is used.

use chrono::{NaiveDate, NaiveTime};
use model::{AsOf, AudienceKey, Moment, MomentSpec, WorkspaceZone};

use crate::diagnostic::{Diagnostic, Place};
use crate::tree::Node;

/// One audience named by another.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) to: AudienceKey,
    pub(crate) place: Place,
}

/// Carried along while one file is read.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) zone: WorkspaceZone,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) references: Vec<Reference>,
    /// Leaf conditions met so far.
    pub(crate) leaves: usize,
}

impl Scope {
    pub(crate) fn new(zone: WorkspaceZone) -> Self {
        Self { zone, findings: Vec::new(), references: Vec::new(), leaves: 0 }
    }

    pub(crate) fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// The value, or nothing after noting the finding.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|finding| self.findings.push(finding)).ok()
    }

    /// The texts of a list that must hold some, each once.
    pub(crate) fn texts(&mut self, node: &Node) -> Option<Vec<String>> {
        let items = self.items(node)?;
        let mut texts: Vec<String> = Vec::with_capacity(items.len());
        let mut complete = true;
        for item in items {
            match self.keep(item.as_text()) {
                Some(text) if texts.iter().any(|known| known == text) => {
                    self.report(duplicate_item(item));
                    complete = false;
                }
                Some(text) => texts.push(text.to_owned()),
                None => complete = false,
            }
        }
        complete.then_some(texts)
    }

    /// The items of a list that must hold some.
    pub(crate) fn items<'a>(&mut self, node: &'a Node) -> Option<&'a [Node]> {
        let items = self.keep(node.as_list())?;
        if items.is_empty() {
            self.report(Diagnostic::error("empty-list", "the list is empty").at(&node.place).help("give it at least one item"));
            return None;
        }
        Some(items)
    }

    /// Whether one moment is never earlier than another, whatever the as-of. Unknown for a fixed one beside a
    /// relative one.
    pub(crate) fn never_before(&self, first: MomentSpec, second: MomentSpec) -> bool {
        if is_fixed(first) != is_fixed(second) {
            return false;
        }
        as_ofs().all(|as_of| first.resolve(as_of, self.zone) >= second.resolve(as_of, self.zone))
    }
}

pub(crate) fn duplicate_item(item: &Node) -> Diagnostic {
    Diagnostic::error("duplicate-item", format!("{} stands here twice", item.describe())).at(&item.place).help("keep one of them")
}

fn is_fixed(spec: MomentSpec) -> bool {
    matches!(spec, MomentSpec::Date(_) | MomentSpec::At(_))
}

/// Enough different as-ofs to tell apart what depends on the lengths of months: the noons of a leap year and the next.
fn as_ofs() -> impl Iterator<Item = AsOf> {
    let noon = |date: NaiveDate| AsOf(Moment::from((date.and_time(NaiveTime::MIN) + chrono::TimeDelta::hours(12)).and_utc()));
    NaiveDate::from_ymd_opt(2024, 1, 1).into_iter().flat_map(|day| day.iter_days()).take(731).map(noon)
}

//! What reading one file carries along: its findings, its references, and how much of the limits is used.

use chrono::{NaiveDate, NaiveTime};
use model::{AsOf, AudienceKey, Collection, Lookback, Moment, MomentSpec, WorkspaceZone};

use crate::diagnostic::{Diagnostic, Place};
use crate::meaning::Word;
use crate::tree::Node;

/// Longest list: checks compare every item with every other.
const ITEMS_MAX: usize = 10_000;

/// One audience named by another.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) to: AudienceKey,
    /// What is asked about where it stands: users or accounts.
    pub(crate) of: Collection,
    pub(crate) place: Place,
}

/// One trait named by a definition, computed or sent.
#[derive(Debug, Clone)]
pub(crate) struct TraitReference {
    pub(crate) name: String,
    /// Whose trait it is where it stands.
    pub(crate) of: Collection,
    pub(crate) place: Place,
}

/// Carried along while one file is read.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) zone: WorkspaceZone,
    /// What is asked about at this point of the file: users or accounts.
    pub(crate) collection: Collection,
    /// The key of the audience being read, which makes its samples its own. None in other files.
    pub(crate) audience_key: Option<String>,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) references: Vec<Reference>,
    pub(crate) trait_references: Vec<TraitReference>,
    /// Every window that ends at the run's moment.
    pub(crate) withins: Vec<(Lookback, Place)>,
    /// Leaf conditions met so far.
    pub(crate) leaves: usize,
}

impl Scope {
    pub(crate) fn new(zone: WorkspaceZone) -> Self {
        Self {
            zone,
            collection: Collection::Users,
            audience_key: None,
            findings: Vec::new(),
            references: Vec::new(),
            trait_references: Vec::new(),
            withins: Vec::new(),
            leaves: 0,
        }
    }

    /// How many errors have been found so far.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_error()).count()
    }

    pub(crate) fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// The value, or nothing after noting the finding.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|finding| self.findings.push(finding)).ok()
    }

    /// The texts of a list that must hold some, each once, with their places.
    pub(crate) fn texts(&mut self, node: &Node) -> Option<Vec<Word>> {
        let items = self.items(node)?;
        let mut texts: Vec<Word> = Vec::with_capacity(items.len());
        let mut complete = true;
        for item in items {
            match self.keep(item.as_text()) {
                Some(text) if texts.iter().any(|known| known.text == text) => {
                    self.report(duplicate_item(item));
                    complete = false;
                }
                Some(text) => texts.push(Word { text: text.to_owned(), place: item.place.clone() }),
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
        if items.len() > ITEMS_MAX {
            let message = format!("a list holds at most {ITEMS_MAX} items; this one has {}", items.len());
            let finding = Diagnostic::error("list-too-long", message).at(&node.place);
            self.report(finding.help("say it in another way: as a trait that messages carry, or as an audience of its own"));
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

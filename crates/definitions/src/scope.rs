//! What reading one file carries along: its findings, its references, and how much of the limits is used.

use std::sync::Arc;

use chrono::NaiveDate;
use model::{AsOf, AudienceKey, Collection, IdentityRules, Lookback, Moment, MomentSpec, Window, WorkspaceZone};

use crate::diagnostic::{Diagnostic, Place};
use crate::meaning::Word;
use crate::mention::{Mention, Mentioned, ReadAs};
use crate::tree::Node;

/// Longest list: checks compare every item with every other.
const ITEMS_MAX: usize = 10_000;

/// One audience named by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) to: AudienceKey,
    /// Whose membership is asked for: the audience named must be one of these.
    pub(crate) of: Collection,
    pub(crate) place: Place,
}

/// One trait named by a condition; it may be a computed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraitReference {
    pub(crate) name: String,
    /// Whose trait is asked for.
    pub(crate) of: Collection,
    pub(crate) place: Place,
}

/// Carried along while one file is read.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) zone: WorkspaceZone,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) references: Vec<Reference>,
    pub(crate) trait_references: Vec<TraitReference>,
    /// What is named of the data.
    pub(crate) observed: Vec<Mention>,
    /// Every window that ends at the run's moment.
    pub(crate) withins: Vec<(Lookback, Place)>,
    /// Leaf conditions met so far.
    pub(crate) leaves: usize,
    /// Whom the condition being read speaks of.
    pub(crate) collection: Collection,
    /// How many conditions around it turned from users to accounts or back.
    pub(crate) turned: usize,
    /// Which kinds of identifiers there are.
    pub(crate) identity: Arc<IdentityRules>,
    /// The key of the audience being read, which makes its samples its own. None in other files.
    pub(crate) audience_key: Option<String>,
}

impl Scope {
    pub(crate) fn new(zone: WorkspaceZone) -> Self {
        Self {
            zone,
            findings: Vec::new(),
            references: Vec::new(),
            trait_references: Vec::new(),
            observed: Vec::new(),
            withins: Vec::new(),
            leaves: 0,
            collection: Collection::Users,
            turned: 0,
            identity: Arc::default(),
            audience_key: None,
        }
    }

    /// Reads what a condition says about another collection.
    pub(crate) fn about<T>(&mut self, collection: Collection, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.collection, collection);
        self.turned += 1;
        let value = read(self);
        self.turned -= 1;
        self.collection = outer;
        value
    }

    /// Notes that a trait is named.
    pub(crate) fn name_trait(&mut self, path: &[String], read_as: Option<ReadAs>, place: &Place) {
        let Some(name) = path.first() else { return };
        let of = self.collection;
        self.trait_references.push(TraitReference { name: name.clone(), of, place: place.clone() });
        self.mention(Mentioned::Trait { of }, path, read_as, place);
    }

    /// Notes that a property of an event is named. Nothing is known of the properties of an event without a name.
    pub(crate) fn name_property(&mut self, event: &str, path: &[String], read_as: Option<ReadAs>, place: &Place) {
        if !event.is_empty() {
            self.mention(Mentioned::Property { event: event.to_owned() }, path, read_as, place);
        }
    }

    /// Notes that an event is named.
    pub(crate) fn name_event(&mut self, name: &str, place: &Place) {
        self.observed.push(Mention { kind: Mentioned::Event, name: name.to_owned(), place: place.clone(), read_as: None });
    }

    /// Notes that a trait's number is sent.
    pub(crate) fn mention_value(&mut self, name: &str, place: &Place) {
        let of = self.collection;
        self.mention(Mentioned::Trait { of }, &[name.to_owned()], Some(ReadAs::Number), place);
    }

    fn mention(&mut self, kind: Mentioned, path: &[String], read_as: Option<ReadAs>, place: &Place) {
        let Some(name) = path.first() else { return };
        let read_as = read_as.filter(|_| path.len() == 1);
        self.observed.push(Mention { kind, name: name.clone(), place: place.clone(), read_as });
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
        as_ofs(self.zone).all(|as_of| first.resolve(as_of, self.zone) >= second.resolve(as_of, self.zone))
    }

    /// Whether everything in one window is in the other too, whatever the as-of. Where that depends on the as-of, no.
    pub(crate) fn covers(&self, outer: Window, inner: Window) -> bool {
        let (outer_from, outer_until) = ends(outer);
        let (inner_from, inner_until) = ends(inner);
        let from = match (outer_from, inner_from) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(outer), Some(inner)) => self.never_before(inner, outer),
        };
        let until = match (outer_until, inner_until) {
            // The as-of is the end of everything, itself included.
            (None, _) => true,
            (Some(outer), None) => matches!(outer, MomentSpec::FromNow(_)),
            (Some(outer), Some(inner)) => self.never_before(outer, inner),
        };
        from && until
    }
}

pub(crate) fn duplicate_item(item: &Node) -> Diagnostic {
    Diagnostic::error("duplicate-item", format!("{} stands here twice", item.describe())).at(&item.place).help("keep one of them")
}

/// Start and end as written; no end is the as-of, included.
fn ends(window: Window) -> (Option<MomentSpec>, Option<MomentSpec>) {
    match window {
        Window::Ever => (None, None),
        Window::Within(lookback) => (Some(MomentSpec::Ago(lookback)), None),
        Window::Between { from, until } => (from, until),
    }
}

fn is_fixed(spec: MomentSpec) -> bool {
    matches!(spec, MomentSpec::Date(_) | MomentSpec::At(_))
}

/// Enough different as-ofs to tell apart what depends on the lengths of months and on the time of day: the beginning,
/// the middle and the end of every day of a leap year and the next, as the zone has them.
fn as_ofs(zone: WorkspaceZone) -> impl Iterator<Item = AsOf> {
    const NOON_MICROS: i64 = 12 * 3_600_000_000;
    let of_day = move |day: NaiveDate| {
        let midnight = MomentSpec::Date(day).resolve(AsOf(Moment::from_micros(0)), zone);
        [-1, 0, NOON_MICROS].map(|micros| AsOf(midnight.plus_micros(micros)))
    };
    NaiveDate::from_ymd_opt(2024, 1, 1).into_iter().flat_map(|day| day.iter_days()).take(731).flat_map(of_day)
}

//! Lookups: for which groups a row counts, told by its values without asking each filter about each row.
//!
//! What all filters treat alike is one class: texts that the same filters accept, numbers between two neighbouring
//! thresholds. The classes of a row's properties together are its key, and each key is asked about once. So a row costs
//! one look at each property and one addition for each group it counts for, however many filters there are.
//! What is remarkable about single values is not noted here: such filters look for themselves.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::ptr;

use lake::{Coded, Column};

use crate::column::{Decision, Screen};
use crate::counts::Counts;
use crate::filter::OpenSieve;

/// How many rows get their keys at a time: few enough to stay in the nearest cache.
const ROWS: usize = 4096;

/// With fewer rows than so many for each key, putting them in order costs more than it saves.
const ROWS_PER_KEY: usize = 4;

/// For each key, the sieves that keep its rows.
pub(crate) struct Lookup<'a> {
    properties: Vec<Property<'a>>,
    /// By key: which part of `kept_by`.
    parts: Vec<Range<u32>>,
    /// Sieves, by their numbers.
    kept_by: Vec<usize>,
    /// The only sieve, where there is one.
    only: Option<usize>,
}

/// A sieve that can be looked up: what is remarkable about single values it does not note.
pub(crate) struct Told<'a> {
    pub(crate) number: usize,
    pub(crate) sieve: &'a OpenSieve<'a>,
    /// In the order of [`OpenSieve::screens`].
    decisions: Vec<Decision<'a>>,
}

impl<'a> Told<'a> {
    /// Nothing where the sieve has to look for itself.
    pub(crate) fn of(number: usize, sieve: &'a OpenSieve<'a>) -> Option<Self> {
        let decisions = sieve.screens().map(Screen::decision).collect::<Option<Vec<_>>>()?;
        Some(Self { number, sieve, decisions })
    }

    /// What it looks at.
    pub(crate) fn columns(&self) -> BTreeSet<*const Column> {
        self.sieve.screens().map(|screen| ptr::from_ref(screen.column())).collect()
    }
}

/// One property of the rows, in classes.
struct Property<'a> {
    values: Values<'a>,
    classes: u16,
}

enum Values<'a> {
    /// By code the class; the last one is for rows without a text.
    Coded { codes: &'a [u32], classes: Vec<u16> },
    /// Rows without a number are class 0; then one class for each cut up to which a number reaches, ascending.
    Numbers { numbers: &'a [f64], cuts: Vec<f64> },
    /// No row says anything.
    Nothing,
}

impl<'a> Lookup<'a> {
    /// Nothing where there would be more keys than that.
    pub(crate) fn of(sieves: &[Told<'a>], keys_max: usize) -> Option<Self> {
        let mut columns: Vec<(&'a Column, Vec<&Decision<'a>>)> = Vec::new();
        // For each screen of all sieves, one after the other: its column and its place there.
        let mut places = Vec::new();
        for (screen, decision) in sieves.iter().flat_map(|told| told.sieve.screens().zip(&told.decisions)) {
            let known = columns.iter().position(|(column, _)| ptr::eq(*column, screen.column()));
            let place = known.unwrap_or_else(|| {
                columns.push((screen.column(), Vec::new()));
                columns.len() - 1
            });
            let decisions = &mut columns[place].1;
            places.push((place, decisions.len()));
            decisions.push(decision);
        }
        let classed: Vec<Classed<'a>> = columns.iter().map(|(_, decisions)| classes(decisions)).collect::<Option<_>>()?;
        let keys = classed.iter().try_fold(1_usize, |keys, property| keys.checked_mul(property.matches.len()))?;
        if keys > keys_max {
            return None;
        }
        let (mut parts, mut kept_by) = (Vec::new(), Vec::new());
        let mut matches = vec![false; places.len()];
        for key in 0..keys {
            let of_properties = of_key(key, &classed);
            for (matches, (property, decision)) in matches.iter_mut().zip(&places) {
                *matches = of_properties[*property][*decision];
            }
            let start = u32::try_from(kept_by.len()).ok()?;
            let mut rest = matches.as_slice();
            for told in sieves {
                let (own, others) = rest.split_at(told.decisions.len());
                rest = others;
                if told.sieve.holds(own) {
                    kept_by.push(told.number);
                }
            }
            parts.push(start..u32::try_from(kept_by.len()).ok()?);
        }
        let only = if let [only] = sieves { Some(only.number) } else { None };
        Some(Self { properties: classed.into_iter().map(|classed| classed.property).collect(), parts, kept_by, only })
    }

    /// Adds rows to the counts of the sieves that keep them, by the numbers of these.
    pub(crate) fn count(&self, rows: &Range<usize>, places: &[u16], counts: &mut [&mut Counts]) {
        let (mut keys, mut sorted) = ([0_u16; ROWS], [0_u16; ROWS]);
        let mut ends = vec![[0_u16; 2]; self.parts.len()];
        for (start, places) in rows.clone().step_by(ROWS).zip(places.chunks(ROWS)) {
            let keys = &mut keys[..places.len()];
            keys.fill(0);
            for property in &self.properties {
                property.add(start..start + places.len(), keys);
            }
            if let Some(only) = self.only {
                let only = &mut *counts[only];
                for (place, key) in places.iter().zip(keys) {
                    let part = &self.parts[usize::from(*key)];
                    only.add(*place, part.end > part.start);
                }
            } else if places.len() < ROWS_PER_KEY * self.parts.len() {
                for (place, key) in places.iter().zip(keys) {
                    for sieve in self.keeping(&self.parts[usize::from(*key)]) {
                        counts[*sieve].add(*place, true);
                    }
                }
            } else {
                let sorted = &mut sorted[..places.len()];
                sort(keys, places, &mut ends, sorted);
                let mut first = 0;
                for (part, [_, end]) in self.parts.iter().zip(&ends) {
                    let alike = &sorted[first..usize::from(*end)];
                    first = usize::from(*end);
                    for sieve in self.keeping(part) {
                        counts[*sieve].add_all(alike);
                    }
                }
            }
        }
    }

    fn keeping(&self, part: &Range<u32>) -> &[usize] {
        &self.kept_by[part.start as usize..part.end as usize]
    }
}

/// Puts places in the order of their keys, and tells where the places of each key end (the second number): rows that are
/// counted alike are then counted without a decision for each of them.
///
/// Both halves are gone through side by side, with cursors of their own, for neighbours often have the same key, and one
/// would wait for the other.
fn sort(keys: &[u16], places: &[u16], cursors: &mut [[u16; 2]], sorted: &mut [u16]) {
    let (first, second) = keys.split_at(keys.len() / 2);
    let odd = &second[first.len()..];
    cursors.fill([0; 2]);
    for (one, other) in first.iter().zip(second) {
        cursors[usize::from(*one)][0] += 1;
        cursors[usize::from(*other)][1] += 1;
    }
    for key in odd {
        cursors[usize::from(*key)][1] += 1;
    }
    let mut before = 0;
    for cursors in &mut *cursors {
        let [of_first, of_second] = *cursors;
        // For now the places where those of the key begin.
        *cursors = [before, before + of_first];
        before += of_first + of_second;
    }
    let mut put = |key: u16, half: usize, place: u16| {
        let next = &mut cursors[usize::from(key)][half];
        sorted[usize::from(*next)] = place;
        *next += 1;
    };
    let (first_places, second_places) = places.split_at(first.len());
    for ((one, other), (place, other_place)) in first.iter().zip(second).zip(first_places.iter().zip(second_places)) {
        put(*one, 0, *place);
        put(*other, 1, *other_place);
    }
    for (key, place) in odd.iter().zip(&second_places[first.len()..]) {
        put(*key, 1, *place);
    }
}

impl Property<'_> {
    /// Adds the class of each row to its key.
    fn add(&self, rows: Range<usize>, keys: &mut [u16]) {
        match &self.values {
            Values::Coded { codes, classes } => {
                let last = classes.len() - 1;
                for (key, code) in keys.iter_mut().zip(&codes[rows]) {
                    *key = *key * self.classes + classes[(*code as usize).min(last)];
                }
            }
            Values::Numbers { numbers, cuts } => {
                let numbers = &numbers[rows];
                for key in &mut *keys {
                    *key *= self.classes;
                }
                // Without a branch, so that each cut is compared with several numbers at once. NaN reaches no cut.
                for cut in cuts {
                    for (key, number) in keys.iter_mut().zip(numbers) {
                        *key += u16::from(number >= cut);
                    }
                }
            }
            Values::Nothing => {}
        }
    }
}

/// A property in classes.
struct Classed<'a> {
    property: Property<'a>,
    matches: Matches,
}

/// For each class whether its rows match, decision by decision.
type Matches = Vec<Vec<bool>>;

/// For each property, what matches in the class that a key stands for; the last property's class counts least.
fn of_key<'c>(mut key: usize, classed: &'c [Classed<'_>]) -> Vec<&'c [bool]> {
    let mut of_properties: Vec<&[bool]> = Vec::with_capacity(classed.len());
    for property in classed.iter().rev() {
        of_properties.push(&property.matches[key % property.matches.len()]);
        key /= property.matches.len();
    }
    of_properties.reverse();
    of_properties
}

/// The classes that decisions about one column make.
fn classes<'a>(decisions: &[&Decision<'a>]) -> Option<Classed<'a>> {
    let (values, matches) = match decisions.first()? {
        Decision::Code(coded, _) => of_codes(coded, decisions)?,
        Decision::Number { numbers, .. } => of_numbers(numbers, decisions),
        Decision::Alike(_) => (Values::Nothing, vec![decisions.iter().map(|decision| matches!(decision, Decision::Alike(true))).collect()]),
    };
    Some(Classed { property: Property { values, classes: u16::try_from(matches.len()).ok()? }, matches })
}

/// Codes that the same decisions accept are one class.
fn of_codes<'a>(coded: &'a Coded, decisions: &[&Decision<'a>]) -> Option<(Values<'a>, Matches)> {
    let mut known: HashMap<Vec<bool>, u16> = HashMap::new();
    let (mut classes, mut matches) = (Vec::with_capacity(coded.values.len() + 1), Vec::new());
    let mut of_code = Vec::with_capacity(decisions.len());
    for code in 0..=coded.values.len() {
        of_code.clear();
        of_code.extend(decisions.iter().map(|decision| matches!(decision, Decision::Code(_, holds) if holds[code])));
        let class = if let Some(class) = known.get(&of_code) {
            *class
        } else {
            let class = u16::try_from(matches.len()).ok()?;
            known.insert(of_code.clone(), class);
            matches.push(of_code.clone());
            class
        };
        classes.push(class);
    }
    Some((Values::Coded { codes: &coded.codes, classes }, matches))
}

/// Each class is an interval from one cut to the next: its first number speaks for all.
fn of_numbers<'a>(numbers: &'a [f64], decisions: &[&Decision<'a>]) -> (Values<'a>, Matches) {
    let mut cuts = vec![f64::NEG_INFINITY];
    for decision in decisions {
        if let Decision::Number { low, high, .. } = decision {
            cuts.push(*low);
            if *high < f64::INFINITY {
                cuts.push(high.next_up());
            }
        }
    }
    cuts.retain(|cut| !cut.is_nan());
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup();
    let of_missing = |decision: &&Decision<'_>| matches!(decision, Decision::Number { missing: true, .. });
    let of_cut =
        |cut: f64| move |decision: &&Decision<'_>| matches!(decision, Decision::Number { low, high, .. } if *low <= cut && cut <= *high);
    let missing: Vec<bool> = decisions.iter().map(of_missing).collect();
    let matches = std::iter::once(missing).chain(cuts.iter().map(|cut| decisions.iter().map(of_cut(*cut)).collect())).collect();
    (Values::Numbers { numbers, cuts }, matches)
}

#[cfg(test)]
mod tests {
    use definitions::{Filter, Matcher, Operator, PathMatch, Scalar};
    use lake::Numbers;
    use model::{AsOf, Moment};
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;
    use crate::filter::Sieve;
    use crate::leaf::Tally;
    use crate::operator::Clock;

    /// More than are given their keys at a time.
    const SO_MANY: usize = ROWS + 300;

    const SAID: [f64; 10] = [f64::NAN, f64::NEG_INFINITY, -7.5, -5.0, -0.0, 0.0, 4.9, 5.0, 20.0, f64::INFINITY];
    const BOUNDS: [f64; 7] = [-7.5, -5.0, 0.0, -0.0, 5.0, 5.1, 20.0];

    /// A column of each kind that can be looked up, some longer than a run of keys: numbers, texts, lists, nothing.
    fn column(name: &str) -> Column {
        let nothing = Column { numbers: None, flags: None, texts: None, json: None, gone: None };
        let coded = |values: &[&str]| Coded {
            codes: (0..SO_MANY)
                .map(|row| if row % 7 == 0 { Coded::NONE } else { u32::try_from(row * 5 % values.len()).expect("few") })
                .collect(),
            values: values.iter().map(|text| (*text).to_owned()).collect(),
        };
        match name {
            "number" => {
                Column { numbers: Some(Numbers { values: (0..SO_MANY).map(|row| SAID[row * 3 % SAID.len()]).collect() }), ..nothing }
            }
            "text" => Column { texts: Some(coded(&["a", "b", "B", "c", ""])), ..nothing },
            "list" => Column { json: Some(coded(&["[1,20]", "[]", "[-6]", "[4,5]"])), ..nothing },
            _ => nothing,
        }
    }

    fn matcher(name: &'static str) -> impl Strategy<Value = PathMatch> {
        let bound = || select(BOUNDS.to_vec());
        let numbers = prop_oneof![
            bound().prop_map(|bound| vec![Operator::Above(bound)]),
            bound().prop_map(|bound| vec![Operator::AtMost(bound)]),
            (bound(), bound()).prop_map(|(low, high)| vec![Operator::AtLeast(low), Operator::Below(high)]),
            bound().prop_map(|bound| vec![Operator::Equals(Scalar::Number(bound))]),
        ];
        let texts = subsequence(vec!["a", "b", "c"], 1..3)
            .prop_map(|texts| vec![Operator::OneOf(texts.into_iter().map(|text| Scalar::Text(text.to_owned())).collect())]);
        let operators = if name == "text" { texts.boxed() } else { numbers.boxed() };
        (operators, any::<bool>()).prop_map(move |(operators, or_missing)| PathMatch {
            path: vec![name.to_owned()],
            matcher: Matcher { operators, ignore_case: or_missing, or_missing },
        })
    }

    fn filter() -> impl Strategy<Value = Filter> {
        let one = || prop_oneof![3 => matcher("number"), 2 => matcher("text"), 1 => matcher("absent")];
        let any = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(prop::collection::vec(one(), 1..3), 1..3)];
        (prop::collection::vec(one(), 1..3), any).prop_map(|(all, any)| Filter { all, any })
    }

    /// Whether a lookup was possible; if so, that it counts as the sieves do, each by itself.
    fn agrees(filters: &[Filter]) -> Result<bool, TestCaseError> {
        let clock = Clock { as_of: AsOf(Moment::from_micros(0)), zone: chrono_tz::UTC };
        let sieves: Vec<Sieve> = filters.iter().map(|filter| Sieve::prepare(filter, clock).expect("it looks at something")).collect();
        let columns = ["number", "text", "list", "absent"].map(|name| (name, column(name)));
        let of_name = |name: &str| &columns.iter().find(|(known, _)| *known == name).expect("one of these").1;
        let open: Vec<OpenSieve<'_>> = sieves.iter().map(|sieve| sieve.open(of_name)).collect();
        let Some(told) = open.iter().enumerate().map(|(number, sieve)| Told::of(number, sieve)).collect::<Option<Vec<_>>>() else {
            return Ok(false);
        };
        let Some(lookup) = Lookup::of(&told, 1 << 12) else { return Ok(false) };

        let rows = 5..SO_MANY;
        let places: Vec<u16> = rows.clone().map(|row| u16::try_from(row).expect("few")).collect();
        let mut counts: Vec<Counts> = open.iter().map(|_| Counts::new()).collect();
        lookup.count(&rows, &places, &mut counts.iter_mut().collect::<Vec<_>>());
        for ((sieve, counts), filter) in open.iter().zip(&counts).zip(filters) {
            let mut tally = Tally::default();
            let kept = sieve.sift(&rows, &mut tally);
            let found: Vec<bool> = places.iter().map(|place| counts.get(*place) == 1).collect();
            prop_assert_eq!(found, kept, "{:?}", filter);
            prop_assert_eq!(tally, Tally::default());
        }
        Ok(true)
    }

    proptest! {
        #[test]
        fn many_filters_at_once_say_what_each_says(filters in prop::collection::vec(filter(), 1..12)) {
            prop_assert!(agrees(&filters)?);
        }

        #[test]
        fn lists_are_judged_whole(filters in prop::collection::vec(matcher("list"), 1..4)) {
            let filters: Vec<Filter> = filters.into_iter().map(|only| Filter { all: vec![only], any: Vec::new() }).collect();
            prop_assert!(agrees(&filters)?);
        }
    }

    #[test]
    fn what_is_to_be_noted_is_not_looked_up() {
        let asks_a_number = PathMatch {
            path: vec!["text".to_owned()],
            matcher: Matcher { operators: vec![Operator::Above(1.0)], ignore_case: false, or_missing: false },
        };
        assert!(!agrees(&[Filter { all: vec![asks_a_number], any: Vec::new() }]).expect("nothing is compared"));
    }
}

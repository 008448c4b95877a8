//! The plan: what to remove, what to add, from what should be there and what the ledger says is there.
//!
//! **Invariants:** a removal never takes away a cell that another current member still has; whoever has a row removed and
//! stays gets all their rows sent again, since Facebook removes people and not rows; a row whose value alone changed is added
//! again over the old one, never removed.
//!
//! Where exits are kept, a row of somebody who is no member any more is wanted as it is; a removal that had begun is
//! finished all the same.

use std::collections::{HashMap, HashSet};

use model::{LedgerRow, LedgerState, ProfileId};

use super::key::Key;
use super::row::{Cell, Row};

/// What a sync has to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Rows to forget: refused once, no longer wanted, never there; or there, and about to carry another value.
    pub(super) forget: Vec<LedgerRow>,
    /// Rows whose every identifier another member still has: gone without a call.
    pub(super) covered: Vec<Row>,
    /// Rows to remove.
    pub(super) removals: Vec<Removal>,
    /// Among them, rows that the removal of another one takes along: from the first call on they may be gone.
    pub(super) entangled: Vec<Row>,
    /// Rows to add, once the removals are done.
    pub(super) adds: Vec<Row>,
    /// Rows that are there and stay as they are.
    pub(super) kept: Vec<Row>,
    /// Among the adds, rows that the ledger holds as added and that a removal may take along, and rows that take the place of one
    /// with another value: in the ledger they are pending before the old one is forgotten.
    pub(super) renewed: Vec<Row>,
    /// Rows wanted and refused before, with the reason; not sent again while they are the same.
    pub(super) refused: Vec<LedgerRow>,
}

impl Plan {
    /// Rows to add, to remove and to let go.
    pub(super) fn changes(&self) -> usize {
        self.adds.len() + self.removals.len() + self.covered.len()
    }
}

/// A row to remove.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Removal {
    /// As it was added: what the ledger knows it by.
    pub(super) row: Row,
    /// As it is sent: without the cells others still have.
    pub(super) sent: Row,
}

/// What becomes of the rows of those who exited.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exits<'a> {
    /// They are removed.
    Removed,
    /// They stay; only the rows of these profiles are brought in step.
    Kept {
        /// Everybody who is in.
        members: &'a HashSet<ProfileId>,
    },
}

/// The ledger holds a row that this version cannot read.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the ledger holds a row with the keys `{schema}`, which this version cannot read")]
pub(super) struct UnreadableRow {
    /// The keys of the row.
    pub(super) schema: String,
}

/// Compares what should be there with what the ledger says.
pub(super) fn plan(mut desired: Vec<Row>, ledger: Vec<LedgerRow>, exits: Exits<'_>) -> Result<Plan, UnreadableRow> {
    desired.extend(kept(&ledger, exits)?);
    let wanted: HashSet<&Row> = desired.iter().collect();
    let wanted_people: HashSet<_> = desired.iter().map(|row| (row.profile, row.identity())).collect();
    let mut revalued = HashSet::new();
    let mut plan = Plan::default();
    let mut known: HashMap<Row, LedgerState> = HashMap::with_capacity(ledger.len());
    let mut unwanted = Vec::new();
    for kept in ledger {
        let row = read(&kept)?;
        let is_wanted = wanted.contains(&row);
        if !is_wanted && wanted_people.contains(&(row.profile, row.identity())) {
            revalued.insert((row.profile, row.identity().to_vec()));
            plan.forget.push(kept);
            continue;
        }
        match (is_wanted, kept.state) {
            (true, LedgerState::Rejected) => {
                known.insert(row, kept.state);
                plan.refused.push(kept);
            }
            (true, state) => {
                known.insert(row, state);
            }
            (false, LedgerState::Rejected) => plan.forget.push(kept),
            (false, LedgerState::PendingAdd | LedgerState::Added | LedgerState::PendingRemove) => unwanted.push(row),
        }
    }
    let is_refused = |row: &Row| known.get(row) == Some(&LedgerState::Rejected);
    let owners = Owners::of(desired.iter().filter(|row| !is_refused(row)));
    let mut shaken: HashSet<ProfileId> = HashSet::new();
    for row in unwanted {
        match owners.without_shared(&row) {
            Some(sent) => {
                shaken.insert(row.profile);
                plan.removals.push(Removal { row, sent });
            }
            None => plan.covered.push(row),
        }
    }
    for row in desired {
        match known.get(&row) {
            Some(LedgerState::Rejected) => {}
            Some(LedgerState::Added) if !shaken.contains(&row.profile) => plan.kept.push(row),
            Some(LedgerState::Added) => {
                plan.renewed.push(row.clone());
                plan.adds.push(row);
            }
            Some(LedgerState::PendingAdd | LedgerState::PendingRemove) | None => {
                if !revalued.is_empty() && revalued.contains(&(row.profile, row.identity().to_vec())) {
                    plan.renewed.push(row.clone());
                }
                plan.adds.push(row);
            }
        }
    }
    plan.entangled = entangled(&plan.removals);
    plan.removals.sort_unstable_by(|left, right| left.row.cmp(&right.row));
    plan.adds.sort_unstable();
    plan.adds.dedup();
    Ok(plan)
}

/// Whether rows wait for an answer that never came.
pub(super) fn has_pending(ledger: &[LedgerRow]) -> bool {
    ledger.iter().any(|row| matches!(row.state, LedgerState::PendingAdd | LedgerState::PendingRemove))
}

/// The row that the ledger keeps.
pub(super) fn read(row: &LedgerRow) -> Result<Row, UnreadableRow> {
    Row::from_ledger(row).ok_or_else(|| UnreadableRow { schema: row.schema.clone() })
}

/// The rows of those who exited and stay all the same.
fn kept(ledger: &[LedgerRow], exits: Exits<'_>) -> Result<Vec<Row>, UnreadableRow> {
    let Exits::Kept { members } = exits else { return Ok(Vec::new()) };
    let is_there = |row: &&LedgerRow| matches!(row.state, LedgerState::Added | LedgerState::PendingAdd);
    ledger.iter().filter(|row| !members.contains(&row.profile)).filter(is_there).map(read).collect()
}

/// The rows that share a strong cell with the removal of another row.
fn entangled(removals: &[Removal]) -> Vec<Row> {
    let strong = |row: &'_ Row| row.cells.iter().filter(|(key, _)| key.is_strong()).cloned().collect::<Vec<_>>();
    // The one removal that takes a cell along; `None` when several do.
    let mut takers: HashMap<(Key, Cell), Option<usize>> = HashMap::new();
    for (index, removal) in removals.iter().enumerate() {
        for cell in strong(&removal.sent) {
            takers.entry(cell).and_modify(|taker| *taker = None).or_insert(Some(index));
        }
    }
    let is_taken = |index: usize, removal: &Removal| {
        strong(&removal.row).iter().any(|cell| takers.get(cell).is_some_and(|taker| *taker != Some(index)))
    };
    removals.iter().enumerate().filter(|(index, removal)| is_taken(*index, removal)).map(|(_, removal)| removal.row.clone()).collect()
}

/// Which members have which strong cells, and which weak rows.
struct Owners<'a> {
    /// The one profile with the cell; `None` when there are several.
    cells: HashMap<(Key, &'a str), Option<ProfileId>>,
    weak_rows: HashMap<&'a [(Key, Cell)], Option<ProfileId>>,
}

impl<'a> Owners<'a> {
    fn of(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut owners = Self { cells: HashMap::new(), weak_rows: HashMap::new() };
        for row in rows {
            if !row.has_strong() {
                own(owners.weak_rows.entry(row.identity()).or_insert(Some(row.profile)), row.profile);
            }
            for (key, cell) in row.cells.iter().filter(|(key, _)| key.is_strong()) {
                own(owners.cells.entry((*key, cell)).or_insert(Some(row.profile)), row.profile);
            }
        }
        owners
    }

    /// The row without the strong cells that another member still has; nothing when no identifier would be left.
    fn without_shared(&self, row: &Row) -> Option<Row> {
        let others_have = |owner: Option<&Option<ProfileId>>| owner.is_some_and(|owner| *owner != Some(row.profile));
        if !row.has_strong() {
            return (!others_have(self.weak_rows.get(row.identity()))).then(|| row.clone());
        }
        let is_own = |(key, cell): &&(Key, Cell)| !key.is_strong() || !others_have(self.cells.get(&(*key, &**cell)));
        let left = Row { profile: row.profile, cells: row.cells.iter().filter(is_own).cloned().collect() };
        left.has_strong().then_some(left)
    }
}

fn own(owner: &mut Option<ProfileId>, profile: ProfileId) {
    if *owner != Some(profile) {
        *owner = None;
    }
}

#[cfg(test)]
mod tests {
    use model::Moment;

    use super::*;

    /// `1 EXTERN_ID=u1 EMAIL=e1` is a row of profile 1.
    fn row(text: &str) -> Row {
        let mut words = text.split(' ');
        let profile = ProfileId(words.next().expect("a profile").parse().expect("a number"));
        let cell = |word: &str| {
            let (key, cell) = word.split_once('=').expect("key=cell");
            (Key::parse(key).expect(key), Cell::from(cell))
        };
        Row { profile, cells: words.map(cell).collect() }
    }

    fn noted(text: &str, state: LedgerState) -> LedgerRow {
        row(text).to_ledger(state, None, Moment::from_micros(0))
    }

    fn added(texts: &[&str]) -> Vec<LedgerRow> {
        texts.iter().map(|text| noted(text, LedgerState::Added)).collect()
    }

    /// Removals as sent, rows covered by others, and adds.
    #[track_caller]
    fn check(desired: &[&str], ledger: Vec<LedgerRow>, removals: &[&str], covered: &[&str], adds: &[&str]) -> Plan {
        let rows = |texts: &[&str]| texts.iter().map(|text| row(text)).collect::<Vec<_>>();
        check_plan(plan(rows(desired), ledger, Exits::Removed), removals, covered, adds)
    }

    /// The same where exits are kept and these profiles are members.
    #[track_caller]
    fn check_kept(members: &[u32], desired: &[&str], ledger: Vec<LedgerRow>, removals: &[&str], covered: &[&str], adds: &[&str]) -> Plan {
        let members = members.iter().copied().map(ProfileId).collect();
        let rows = desired.iter().map(|text| row(text)).collect();
        check_plan(plan(rows, ledger, Exits::Kept { members: &members }), removals, covered, adds)
    }

    #[track_caller]
    fn check_plan(plan: Result<Plan, UnreadableRow>, removals: &[&str], covered: &[&str], adds: &[&str]) -> Plan {
        let rows = |texts: &[&str]| texts.iter().map(|text| row(text)).collect::<Vec<_>>();
        let plan = plan.expect("readable");
        assert_eq!(plan.removals.iter().map(|removal| removal.sent.clone()).collect::<Vec<_>>(), rows(removals), "removals");
        assert_eq!(plan.covered, rows(covered), "covered");
        assert_eq!(plan.adds, rows(adds), "adds");
        plan
    }

    #[test]
    fn nothing_to_do_when_all_is_there() {
        check(&["1 EMAIL=a"], added(&["1 EMAIL=a"]), &[], &[], &[]);
    }

    #[test]
    fn who_left_goes_and_who_came_is_sent() {
        check(&["2 EMAIL=b"], added(&["1 EMAIL=a"]), &["1 EMAIL=a"], &[], &["2 EMAIL=b"]);
    }

    #[test]
    fn what_was_half_done_is_done_again() {
        let half = vec![noted("1 EMAIL=a", LedgerState::PendingAdd), noted("2 EMAIL=b", LedgerState::PendingRemove)];
        check(&["1 EMAIL=a", "2 EMAIL=b"], half.clone(), &[], &[], &["1 EMAIL=a", "2 EMAIL=b"]);
        check(&[], half, &["1 EMAIL=a", "2 EMAIL=b"], &[], &[]);
    }

    #[test]
    fn a_family_address_stays_while_one_of_them_stays() {
        let ledger = || added(&["1 EXTERN_ID=u1 EMAIL=e", "2 EXTERN_ID=u2 EMAIL=e"]);
        check(&["2 EXTERN_ID=u2 EMAIL=e"], ledger(), &["1 EXTERN_ID=u1"], &[], &[]);
        check(&[], ledger(), &["1 EXTERN_ID=u1 EMAIL=e", "2 EXTERN_ID=u2 EMAIL=e"], &[], &[]);
    }

    #[test]
    fn rows_that_leave_together_are_known_to_take_each_other_along() {
        let ledger =
            added(&["1 EXTERN_ID=u1 EMAIL=e", "2 EXTERN_ID=u2 EMAIL=e", "3 EXTERN_ID=u3 EMAIL=f", "3 EXTERN_ID=u3 EMAIL=g", "4 EMAIL=h"]);
        let plan = plan(Vec::new(), ledger, Exits::Removed).expect("readable");
        let mut profiles: Vec<u32> = plan.entangled.iter().map(|row| row.profile.0).collect();
        profiles.sort_unstable();
        assert_eq!(profiles, [1, 2, 3, 3]);
    }

    #[test]
    fn a_row_all_of_whose_identifiers_others_have_needs_no_call() {
        check(&["2 EMAIL=e FN=b"], added(&["1 EMAIL=e FN=a", "2 EMAIL=e FN=b"]), &[], &["1 EMAIL=e FN=a"], &[]);
        check(&["2 FN=a LN=b ZIP=c"], added(&["1 FN=a LN=b ZIP=c", "2 FN=a LN=b ZIP=c"]), &[], &["1 FN=a LN=b ZIP=c"], &[]);
        check(&["2 FN=a LN=b CT=c"], added(&["1 FN=a LN=b ZIP=c", "2 FN=a LN=b CT=c"]), &["1 FN=a LN=b ZIP=c"], &[], &[]);
    }

    #[test]
    fn whoever_loses_a_row_and_stays_is_sent_again() {
        let ledger = added(&["1 EXTERN_ID=u EMAIL=a", "1 EXTERN_ID=u EMAIL=b"]);
        let plan = check(
            &["1 EXTERN_ID=u EMAIL=b", "1 EXTERN_ID=u EMAIL=c"],
            ledger,
            &["1 EXTERN_ID=u EMAIL=a"],
            &[],
            &["1 EXTERN_ID=u EMAIL=b", "1 EXTERN_ID=u EMAIL=c"],
        );
        assert_eq!(plan.renewed, [row("1 EXTERN_ID=u EMAIL=b")]);
    }

    #[test]
    fn refused_rows_are_not_sent_again_and_protect_nobody() {
        let ledger = vec![noted("1 EMAIL=e", LedgerState::Rejected), noted("2 EMAIL=e", LedgerState::Added)];
        let plan = check(&["1 EMAIL=e"], ledger, &["2 EMAIL=e"], &[], &[]);
        assert_eq!(plan.refused.len(), 1);
        let plan = check(&[], vec![noted("1 EMAIL=e", LedgerState::Rejected)], &[], &[], &[]);
        assert_eq!(plan.forget.len(), 1);
    }

    #[test]
    fn rows_from_the_future_are_refused_not_lost() {
        let unreadable = LedgerRow { schema: "FAX".to_owned(), ..noted("1 EMAIL=a", LedgerState::Added) };
        assert!(plan(Vec::new(), vec![unreadable], Exits::Removed).is_err());
    }

    #[test]
    fn another_value_is_added_over_the_old_one() {
        let old = added(&["1 EMAIL=a LOOKALIKE_VALUE=1", "2 EMAIL=b LOOKALIKE_VALUE=1", "3 FN=a LN=b ZIP=c LOOKALIKE_VALUE=1"]);
        let new = ["1 EMAIL=a LOOKALIKE_VALUE=2", "2 EMAIL=b LOOKALIKE_VALUE=1", "3 FN=a LN=b ZIP=c LOOKALIKE_VALUE=2.5"];
        let plan = check(&new, old.clone(), &[], &[], &[new[0], new[2]]);
        assert_eq!(plan.forget, [old[0].clone(), old[2].clone()]);
        assert_eq!(plan.renewed, [row(new[0]), row(new[2])]);
        // A half-done removal of the old one ends with the new one there.
        check(&new[..1], vec![noted("1 EMAIL=a LOOKALIKE_VALUE=1", LedgerState::PendingRemove)], &[], &[], &new[..1]);
        // A weak row is covered by whoever has the same cells, whatever they are worth.
        check(
            &["2 FN=a LN=b ZIP=c LOOKALIKE_VALUE=7"],
            added(&["1 FN=a LN=b ZIP=c LOOKALIKE_VALUE=1", "2 FN=a LN=b ZIP=c LOOKALIKE_VALUE=7"]),
            &[],
            &["1 FN=a LN=b ZIP=c LOOKALIKE_VALUE=1"],
            &[],
        );
    }

    #[test]
    fn kept_exits_stay_and_members_are_brought_in_step() {
        let ledger = || added(&["1 EXTERN_ID=u1 EMAIL=a", "2 EXTERN_ID=u2 EMAIL=b"]);
        check_kept(&[2], &["2 EXTERN_ID=u2 EMAIL=b"], ledger(), &[], &[], &[]);
        // A member's new address; a member of whom too little is known now; everybody goes when nobody is kept.
        check_kept(&[2], &["2 EXTERN_ID=u2 EMAIL=c"], ledger(), &["2 EXTERN_ID=u2 EMAIL=b"], &[], &["2 EXTERN_ID=u2 EMAIL=c"]);
        check_kept(&[2], &[], ledger(), &["2 EXTERN_ID=u2 EMAIL=b"], &[], &[]);
        check(&[], ledger(), &["1 EXTERN_ID=u1 EMAIL=a", "2 EXTERN_ID=u2 EMAIL=b"], &[], &[]);
    }

    #[test]
    fn who_is_kept_keeps_a_shared_address() {
        let ledger = added(&["1 EXTERN_ID=u1 EMAIL=e", "2 EXTERN_ID=u2 EMAIL=e"]);
        check_kept(&[2], &["2 EXTERN_ID=u2 EMAIL=f"], ledger, &["2 EXTERN_ID=u2"], &[], &["2 EXTERN_ID=u2 EMAIL=f"]);
    }

    #[test]
    fn what_was_half_done_when_exits_became_kept_is_finished() {
        let half = vec![noted("1 EMAIL=a", LedgerState::PendingAdd), noted("2 EMAIL=b", LedgerState::PendingRemove)];
        check_kept(&[], &[], half, &["2 EMAIL=b"], &[], &["1 EMAIL=a"]);
        let refused = vec![noted("1 EMAIL=a", LedgerState::Rejected)];
        assert_eq!(check_kept(&[], &[], refused, &[], &[], &[]).forget.len(), 1);
    }
}

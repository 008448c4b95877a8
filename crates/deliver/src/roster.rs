//! The roster: who was told to a destination that takes people whole, one ledger row each.
//!
//! A row says whom (opaque ids) and, as a fingerprint, what was told of them. **It never** holds the details themselves.
//! Comparing the rows with who should be there says what to tell next.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use definitions::OnExit;
use model::{LedgerRow, LedgerState, Moment, ProfileId, SyncState};
use sha2::{Digest as _, Sha256};

use crate::hex::hex;
use crate::{Context, Erasure, LedgerError, SyncJob};

/// How one sink's rows are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema {
    /// The names of the cells, separated by commas; the fingerprint comes last.
    pub(crate) names: &'static str,
    /// What the destination knows somebody by, from the cells.
    pub(crate) key: fn(&[String]) -> String,
}

/// Somebody who should be there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) profile: ProfileId,
    pub(crate) cells: Vec<String>,
}

/// What was told of somebody, as far as the ledger knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// As the ledger holds it.
    pub(crate) row: LedgerRow,
    pub(crate) cells: Vec<String>,
}

/// Somebody to tell about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Telling {
    /// Which of the entries.
    pub(crate) index: usize,
    /// The row by which telling was begun before: the answer was lost, so it is told again, as the same thing.
    pub(crate) begun: Option<LedgerRow>,
    /// What was told before and is no longer so; forgotten once this is told.
    pub(crate) replaces: Vec<Told>,
    /// The destination has this person, with other details.
    pub(crate) is_change: bool,
}

/// What to do, in this order: `exits`, then `tellings`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// Those who have to go.
    pub(crate) exits: Vec<Told>,
    /// Those who are new, and those whose details changed.
    pub(crate) tellings: Vec<Telling>,
    /// Those who exited and stay all the same.
    pub(crate) kept: Vec<Told>,
    /// Wanted and refused before; not told again while they are the same.
    pub(crate) refused: Vec<LedgerRow>,
    /// Rows that mean nothing any more.
    pub(crate) forget: Vec<LedgerRow>,
}

/// The ledger holds a row that this sink cannot read.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the ledger holds a row with the keys `{schema}`, which this sink cannot read; did the destination's `type` change?")]
pub(crate) struct UnreadableRow {
    schema: String,
}

/// What becomes of those who exited.
#[derive(Debug)]
pub(crate) enum Exits {
    /// They go.
    Removed,
    /// Those of whom it is certain that they are there stay; the profiles are those who are in.
    Kept(HashSet<ProfileId>),
}

impl Exits {
    /// What the job says.
    pub(crate) fn of(job: &SyncJob) -> Self {
        match job.on_exit {
            OnExit::Remove => Self::Removed,
            OnExit::Keep => Self::Kept(job.people.iter().map(|person| person.profile).chain(job.former.iter().copied()).collect()),
        }
    }

    fn keep(&self, row: &LedgerRow) -> bool {
        match self {
            Self::Removed => false,
            Self::Kept(members) => row.state == LedgerState::Added && !members.contains(&row.profile),
        }
    }
}

impl Schema {
    /// The entry as the ledger keeps it.
    pub(crate) fn row(&self, entry: &Entry, state: LedgerState, session_id: i64, at: Moment) -> LedgerRow {
        LedgerRow {
            profile: entry.profile,
            schema: self.names.to_owned(),
            cells: serde_json::Value::from(entry.cells.clone()).to_string(),
            state,
            session_id: Some(session_id),
            reason: None,
            updated_at: at,
        }
    }

    fn read(&self, row: LedgerRow) -> Result<Told, UnreadableRow> {
        let cells: Option<Vec<String>> = serde_json::from_str(&row.cells).ok();
        match cells.filter(|cells| row.schema == self.names && cells.len() == self.names.split(',').count()) {
            Some(cells) => Ok(Told { row, cells }),
            None => Err(UnreadableRow { schema: row.schema }),
        }
    }

    /// Compares who should be there with what the ledger says.
    pub(crate) fn plan(&self, wanted: &[Entry], ledger: Vec<LedgerRow>, exits: &Exits) -> Result<Plan, UnreadableRow> {
        let by_key: HashMap<String, usize> = wanted.iter().enumerate().map(|(index, entry)| ((self.key)(&entry.cells), index)).collect();
        let mut known: BTreeMap<usize, Vec<Told>> = BTreeMap::new();
        let mut plan = Plan::default();
        for row in ledger {
            let told = self.read(row)?;
            match by_key.get(&(self.key)(&told.cells)) {
                Some(index) => known.entry(*index).or_default().push(told),
                None if told.row.state == LedgerState::Rejected => plan.forget.push(told.row),
                None if exits.keep(&told.row) => plan.kept.push(told),
                None => plan.exits.push(told),
            }
        }
        for (index, entry) in wanted.iter().enumerate() {
            plan.compare(index, entry, known.remove(&index).unwrap_or_default());
        }
        Ok(plan)
    }
}

impl Plan {
    /// What to tell of somebody who should be there and of whom all this was told.
    fn compare(&mut self, index: usize, entry: &Entry, told: Vec<Told>) {
        let (mut same, mut replaces, mut is_leaving) = (None, Vec::new(), false);
        for told in told {
            if told.row.state == LedgerState::PendingRemove {
                // The exit comes to its end first, as the same exit: whatever of it is still under way is a repeat then.
                is_leaving = true;
                self.exits.push(told);
            } else if told.row.profile == entry.profile && told.cells == entry.cells {
                same = Some(told.row);
            } else if told.row.state == LedgerState::Rejected {
                self.forget.push(told.row);
            } else {
                replaces.push(told);
            }
        }
        let is_change = !is_leaving && replaces.iter().any(|told| told.row.state == LedgerState::Added);
        match same.as_ref().map(|row| row.state) {
            Some(LedgerState::Rejected) => self.refused.extend(same),
            Some(LedgerState::Added) => self.forget.extend(replaces.into_iter().map(|told| told.row)),
            Some(LedgerState::PendingAdd | LedgerState::PendingRemove) | None => {
                self.tellings.push(Telling { index, begun: same, replaces, is_change });
            }
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.exits.is_empty() && self.tellings.is_empty()
    }
}

/// What was told, as a fingerprint: lower-case hex SHA-256 of the texts, told apart.
pub(crate) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.into_iter().collect();
    hex(&Sha256::digest(serde_json::Value::from(texts).to_string()))
}

/// An erasure where people go by an exit like any other: there is nothing to do but to say in which audiences they still are.
/// Once they are members of none, the next syncs tell it, and asking again finds nobody.
pub(crate) async fn erased_by_exits(profiles: &[ProfileId], context: &Context<'_>) -> Result<Erasure, LedgerError> {
    let rows = context.ledger.rows_of(context.destination, profiles).await?;
    let to_sync: BTreeSet<_> = rows.iter().map(|(audience, _)| audience.clone()).collect();
    let (state, message) = match rows.len() {
        0 => (SyncState::Sent, None),
        _ => (SyncState::Held, Some("their exits are told by the next sync".to_owned())),
    };
    Ok(Erasure { state, message, rows: rows.len() as u64, to_sync: to_sync.into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema { names: "PUBLIC_ID,SHA256", key: |cells| cells[0].clone() };

    /// `1 p1 a` is profile 1, known as `p1`, told as `a`.
    fn entry(text: &str) -> Entry {
        let mut words = text.split(' ').map(str::to_owned);
        let profile = words.next().expect("a profile").parse().expect("a number");
        Entry { profile: ProfileId(profile), cells: words.collect() }
    }

    fn row(text: &str, state: LedgerState) -> LedgerRow {
        SCHEMA.row(&entry(text), state, 1, Moment::from_micros(0))
    }

    fn planned(wanted: &[&str], ledger: &[(&str, LedgerState)], exits: &Exits) -> Plan {
        let wanted: Vec<Entry> = wanted.iter().map(|text| entry(text)).collect();
        let ledger = ledger.iter().map(|(text, state)| row(text, *state)).collect();
        SCHEMA.plan(&wanted, ledger, exits).expect("readable")
    }

    /// Who goes, and of whom is told: `+` is new, `~` changed, `!` begun before.
    #[track_caller]
    fn check(wanted: &[&str], ledger: &[(&str, LedgerState)], exits: &[&str], tellings: &[&str]) -> Plan {
        let plan = planned(wanted, ledger, &Exits::Removed);
        let gone: Vec<String> = plan.exits.iter().map(|told| format!("{} {}", told.row.profile.0, told.cells.join(" "))).collect();
        let sign = |telling: &Telling| match (telling.is_change, telling.begun.is_some()) {
            (true, true) => "~!",
            (true, false) => "~",
            (false, true) => "!",
            (false, false) => "+",
        };
        let told: Vec<String> = plan.tellings.iter().map(|telling| format!("{} {}", sign(telling), wanted[telling.index])).collect();
        assert_eq!((gone, told), (exits.iter().map(ToString::to_string).collect(), tellings.iter().map(ToString::to_string).collect()));
        plan
    }

    use LedgerState::{Added, PendingAdd, PendingRemove, Rejected};

    #[test]
    fn who_is_there_and_the_same_needs_nothing() {
        assert_eq!(check(&["1 p1 a"], &[("1 p1 a", Added)], &[], &[]), Plan::default());
    }

    #[test]
    fn who_left_goes_who_came_is_told_and_who_changed_is_told_again() {
        let plan = check(&["1 p1 b", "3 p3 c"], &[("1 p1 a", Added), ("2 p2 x", Added)], &["2 p2 x"], &["~ 1 p1 b", "+ 3 p3 c"]);
        assert_eq!(plan.tellings[0].replaces.len(), 1);
    }

    #[test]
    fn a_lost_answer_is_asked_for_again_as_the_same_thing() {
        check(&["1 p1 a"], &[("1 p1 a", PendingAdd)], &[], &["! 1 p1 a"]);
        check(&["1 p1 b"], &[("1 p1 a", Added), ("1 p1 b", PendingAdd)], &[], &["~! 1 p1 b"]);
        check(&[], &[("1 p1 a", PendingRemove), ("2 p2 a", PendingAdd)], &["1 p1 a", "2 p2 a"], &[]);
    }

    #[test]
    fn an_entry_nobody_is_sure_of_is_no_change() {
        check(&["1 p1 b"], &[("1 p1 a", PendingAdd)], &[], &["+ 1 p1 b"]);
    }

    #[test]
    fn who_comes_back_before_the_exit_was_confirmed_exits_first() {
        check(&["1 p1 a"], &[("1 p1 a", PendingRemove)], &["1 p1 a"], &["+ 1 p1 a"]);
        check(&["1 p1 b"], &[("1 p1 a", PendingRemove)], &["1 p1 a"], &["+ 1 p1 b"]);
    }

    #[test]
    fn a_merge_moves_the_person_to_the_number_that_stays() {
        check(&["1 p2 a"], &[("2 p2 a", Added)], &[], &["~ 1 p2 a"]);
    }

    #[test]
    fn refused_rows_wait_until_they_are_others() {
        assert_eq!(check(&["1 p1 a"], &[("1 p1 a", Rejected)], &[], &[]).refused.len(), 1);
        assert_eq!(check(&["1 p1 b"], &[("1 p1 a", Rejected)], &[], &["+ 1 p1 b"]).forget.len(), 1);
        assert_eq!(check(&[], &[("1 p1 a", Rejected)], &[], &[]).forget.len(), 1);
    }

    #[test]
    fn kept_exits_stay_when_it_is_certain_that_they_are_there() {
        let keep = |members: &[u32]| Exits::Kept(members.iter().copied().map(ProfileId).collect());
        let plan = planned(&[], &[("1 p1 a", Added), ("2 p2 a", PendingAdd)], &keep(&[]));
        assert_eq!((plan.kept.len(), plan.exits.len()), (1, 1));
        // A former number of somebody who is in: the row goes, the person is told under the number that stays.
        assert_eq!(planned(&["2 p2 a"], &[("1 p1 a", Added)], &keep(&[1, 2])).exits.len(), 1);
    }

    #[test]
    fn rows_of_another_sink_are_refused_not_lost() {
        let foreign = LedgerRow { schema: "EXTERN_ID,EMAIL".to_owned(), ..row("1 p1 a", Added) };
        assert!(SCHEMA.plan(&[], vec![foreign], &Exits::Removed).is_err());
    }

    #[test]
    fn fingerprints_tell_texts_apart() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
        assert_eq!(fingerprint(["a"]).len(), 64);
    }
}

//! The order of evaluation: whatever is referred to comes first. Serves audiences and computed traits alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::diagnostic::{Diagnostic, Place};

/// One definition named by another.
#[derive(Debug)]
pub(crate) struct Need<'a, K> {
    pub(crate) to: &'a K,
    pub(crate) place: &'a Place,
}

/// What each definition refers to. Only what is a key here can be waited for.
pub(crate) type Needs<'a, K> = BTreeMap<&'a K, Vec<Need<'a, K>>>;

/// The keys in order of evaluation, whoever is referred to first, then by key. `what` names one and many of them. Each
/// cycle is noted once.
pub(crate) fn order<K: Ord + Clone + Display>(what: (&str, &str), needs: &Needs<'_, K>, findings: &mut Vec<Diagnostic>) -> Vec<K> {
    let mut needed_by: BTreeMap<&K, BTreeSet<&K>> = BTreeMap::new();
    let mut open: BTreeMap<&K, BTreeSet<&K>> = BTreeMap::new();
    for (key, needs_of_key) in needs {
        let known: BTreeSet<&K> = needs_of_key.iter().map(|need| need.to).filter(|to| needs.contains_key(to)).collect();
        for to in &known {
            needed_by.entry(to).or_default().insert(key);
        }
        open.insert(key, known);
    }
    let mut ready: BTreeSet<&K> = open.iter().filter(|(_, needs)| needs.is_empty()).map(|(key, _)| *key).collect();
    let mut order = Vec::with_capacity(needs.len());
    loop {
        while let Some(key) = ready.pop_first() {
            order.push(key.clone());
            release(key, &mut open, &needed_by, &mut ready);
        }
        let Some(cycle) = find_cycle(&open, needs) else { break };
        findings.push(cycle_finding(what, &cycle));
        for need in &cycle {
            release(need.to, &mut open, &needed_by, &mut ready);
        }
        // What waits only for the cycle is not at fault; it is walked on to find further cycles.
        ready.retain(|key| open.contains_key(key));
    }
    order
}

fn release<'a, K: Ord>(
    key: &K,
    open: &mut BTreeMap<&'a K, BTreeSet<&'a K>>,
    needed_by: &BTreeMap<&'a K, BTreeSet<&'a K>>,
    ready: &mut BTreeSet<&'a K>,
) {
    open.remove(key);
    for dependant in needed_by.get(key).into_iter().flatten() {
        if let Some(needs) = open.get_mut(*dependant) {
            needs.remove(key);
            if needs.is_empty() {
                ready.insert(dependant);
            }
        }
    }
}

/// The references that make up one cycle among what is still waiting, from its smallest key on.
fn find_cycle<'a, K: Ord>(open: &BTreeMap<&'a K, BTreeSet<&'a K>>, needs: &'a Needs<'a, K>) -> Option<Vec<&'a Need<'a, K>>> {
    let mut at: &K = open.keys().next()?;
    let mut path: Vec<&Need<'a, K>> = Vec::new();
    let mut seen: BTreeMap<&K, usize> = BTreeMap::new();
    while !seen.contains_key(at) {
        seen.insert(at, path.len());
        let next = needs.get(at)?.iter().find(|need| open.contains_key(need.to))?;
        path.push(next);
        at = next.to;
    }
    let mut cycle = path.split_off(seen[at]);
    let smallest = cycle.iter().enumerate().min_by_key(|(_, need)| need.to).map_or(0, |(index, _)| index);
    let count = cycle.len();
    cycle.rotate_left((smallest + 1) % count);
    Some(cycle)
}

fn cycle_finding<K: Display>((one, many): (&str, &str), cycle: &[&Need<'_, K>]) -> Diagnostic {
    let way: Vec<String> = cycle.last().into_iter().chain(cycle).map(|need| need.to.to_string()).collect();
    let message = format!("{many} refer to each other in a circle: `{}`", way.join(" -> "));
    let mut finding = Diagnostic::error("cycle", message).help(format!("break the circle: {one} cannot depend on itself"));
    for (index, need) in cycle.iter().enumerate() {
        finding = match index {
            0 => finding.at(need.place),
            _ => finding.label(need.place, format!("which refers to `{}`", need.to)),
        };
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys with what each refers to, the order expected, and the cycles.
    #[track_caller]
    fn check(graph: &[(&str, &[&str])], expected: &[&str], cycles: &[&str]) {
        let place = Place { file: "x.yaml".into(), span: 0..0, line: 1, column: 1 };
        let needs: Needs<'_, &str> =
            graph.iter().map(|(key, to)| (key, to.iter().map(|to| Need { to, place: &place }).collect())).collect();
        let mut findings = Vec::new();
        assert_eq!(order(("a letter", "letters"), &needs, &mut findings), expected);
        let found: Vec<&str> = findings.iter().filter_map(|finding| finding.message.split('`').nth(1)).collect();
        assert_eq!(found, cycles);
    }

    #[test]
    fn whatever_is_referred_to_comes_first() {
        check(&[("a", &["c"]), ("b", &[]), ("c", &["b"]), ("d", &["a", "b", "unknown"])], &["b", "c", "a", "d"], &[]);
    }

    #[test]
    fn every_cycle_is_named_once() {
        check(&[("a", &["b"]), ("b", &["a"]), ("c", &["a", "d"]), ("d", &["e"]), ("e", &["d"])], &["c"], &["a -> b -> a", "d -> e -> d"]);
        check(&[("a", &["a"])], &[], &["a -> a"]);
    }
}

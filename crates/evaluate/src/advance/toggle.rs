//! Toggling: who is in a set goes out, who is not comes in.

use roaring::RoaringBitmap;

/// A change this many times smaller than its set is made one by one: otherwise every container it touches is written anew.
const SMALL: u64 = 64;

/// Takes out what is in both, and puts in what is only in the change.
pub(super) fn toggle(set: &mut RoaringBitmap, change: &RoaringBitmap) {
    if change.len() * SMALL > set.len() {
        *set ^= change;
    } else {
        for one in change {
            if !set.insert(one) {
                set.remove(one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_changes_come_to_the_same_as_large_ones() {
        let set: RoaringBitmap = (0..200_000).filter(|number| number % 3 == 0).collect();
        for step in [2, 5_000] {
            let change: RoaringBitmap = (0..300_000).step_by(step).collect();
            let mut toggled = set.clone();
            toggle(&mut toggled, &change);
            assert_eq!(toggled, &set ^ &change);
        }
    }
}

//! Touched: about whom something was said since the last run, which tells a change by data from one by time.

use lake::Reader;
use model::{AsOf, Membership, People, ProfileId, Segment, SegmentId};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::error::EvaluateError;
use crate::owners::Links;
use crate::segments::{self, Snapshot};

/// The profiles with a fact in (`since`, `as_of`], or in a segment numbered above `seen` (any segment, when none was
/// seen) at or before `as_of`: what arrived late counts as said since. What is said about a user is said about its
/// accounts too, and the other way round: either may change the other's memberships.
pub(crate) fn touched(
    reader: &Reader,
    snapshot: &Snapshot,
    since: AsOf,
    seen: Option<SegmentId>,
    as_of: AsOf,
) -> Result<Membership, EvaluateError> {
    let fresh = |number: SegmentId| Some(number) > seen;
    let concerns = |(number, segment): &&(SegmentId, Segment)| {
        segment.first_at <= as_of.moment() && (fresh(*number) || segment.last_at > since.moment())
    };
    let concerned: Vec<&(SegmentId, Segment)> = snapshot.segments.iter().filter(concerns).collect();
    let bitmaps: Vec<RoaringBitmap> = concerned
        .into_par_iter()
        .map(|(number, segment)| {
            let frame = segments::open(reader, segment, &[])?;
            let until = |moment: AsOf| frame.occurred_at.partition_point(|at| *at <= moment.moment().micros());
            let start = if fresh(*number) { 0 } else { until(since) };
            let end = until(as_of).max(start);
            Ok(survivors(&snapshot.people, &frame.profiles[start..end]))
        })
        .collect::<Result<_, EvaluateError>>()?;
    let mut all = RoaringBitmap::new();
    for bitmap in bitmaps {
        all |= bitmap;
    }
    let links = Links::of(&snapshot.people, as_of);
    let beside: Vec<u32> = links
        .pairs()
        .iter()
        .flat_map(|(user, account)| [(user, account), (account, user)])
        .filter(|(spoken_of, _)| all.contains(**spoken_of))
        .map(|(_, other)| *other)
        .collect();
    all.extend(beside);
    Ok(Membership::from_bitmap(all))
}

fn survivors(people: &People, profiles: &[u32]) -> RoaringBitmap {
    let mut survivors: Vec<u32> = profiles.iter().map(|profile| people.survivor(ProfileId(*profile)).0).collect();
    survivors.sort_unstable();
    survivors.dedup();
    survivors.into_iter().collect()
}

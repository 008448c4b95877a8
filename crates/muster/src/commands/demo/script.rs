//! The demo's script: which audiences, and which moments are asked about.

use anyhow::Context as _;
use engine::{Backfill, Every};
use model::Moment;
use serde::Deserialize;

const TICKS: &str = include_str!("../../../../../fixtures/demo/ticks.json");

/// The files reach to 30 June 1998 and are read the day after.
const RECEIVED_AT: &str = "1998-07-01T00:00:00Z";

macro_rules! audiences {
    ($($key:literal)*) => {
        &[$((
            concat!("definitions/audiences/", $key, ".yaml"),
            include_bytes!(concat!("../../../../../fixtures/demo/definitions/audiences/", $key, ".yaml")).as_slice(),
        )),*]
    };
}

/// The audiences' definition files.
pub(super) const AUDIENCES: &[(&str, &[u8])] = audiences! {
    "big_orders_this_month"
    "bulk_buyers_this_month"
    "lapsed_big_spenders"
    "loyal_buyers"
    "loyal_due_again"
    "second_purchase_candidates"
    "stocking_up"
    "suppress_recent_buyers"
    "west_coast_win_back"
};

/// The moments of the story.
pub(super) struct Script {
    /// When the files are read.
    pub(super) received_at: Moment,
    /// The history to record first.
    pub(super) backfill: Backfill,
    /// The ticks after it.
    pub(super) ticks: Vec<Moment>,
}

#[derive(Deserialize)]
struct Ticks {
    backfill: Range,
    ticks: Vec<String>,
}

#[derive(Deserialize)]
struct Range {
    from: String,
    to: String,
    every: String,
}

impl Script {
    /// Reads `fixtures/demo/ticks.json`.
    pub(super) fn read() -> anyhow::Result<Self> {
        let Ticks { backfill: Range { from, to, every }, ticks } = serde_json::from_str(TICKS).context("read the demo's ticks")?;
        let (from, to, every) = (Moment::parse(&from)?, Moment::parse(&to)?, Every::parse(&every)?);
        Ok(Self {
            received_at: Moment::parse(RECEIVED_AT)?,
            backfill: Backfill { from, to, every, replace: false },
            ticks: ticks.iter().map(|tick| Moment::parse(tick)).collect::<Result<_, _>>()?,
        })
    }
}

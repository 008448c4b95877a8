//! A small lake, always the same: the last sixty days of a little W50, and the benchmark's twenty audiences.

use std::path::Path;

use definitions::Catalog;
use evaluate::{Evaluation, Evaluator, Recorded, Snapshot};
use lake::{Lake, Reader};
use model::{AsOf, Membership, Moment, ProfileId};
use store::{Flush, StoreUrl};
use tempfile::TempDir;

use crate::generate::{self, AS_OF, Size, hash};

const DAYS: u64 = 60;
const DAY_MICROS: u64 = 86_400_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;
const COLUMNS_BYTES: usize = 1 << 28;

/// Everything an evaluation needs.
pub(crate) struct Small {
    pub(crate) catalog: Catalog,
    snapshot: Snapshot,
    evaluator: Evaluator,
    /// Holds the lake until the end.
    _folder: TempDir,
}

impl Small {
    pub(crate) fn new(size: Size) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        runtime.block_on(Self::fill(size)).expect("a small lake can be made")
    }

    async fn fill(size: Size) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let lake = Lake::open(&folder.path().join("lake"))?;
        let store = store::open(&StoreUrl::SqliteFile(folder.path().join("muster.db"))).await?;
        store.flush(&generate::profiles(0, size.profiles, &lake)?).await?;
        for day in 0..DAYS {
            let from = AS_OF.plus_micros(-i64::try_from((DAYS - day) * DAY_MICROS)?);
            let numbers = size.events * day / DAYS..size.events * (day + 1) / DAYS;
            let facts = generate::events(size.profiles, numbers, from, DAY_MICROS);
            store.flush(&Flush { segments: lake.write(&facts)?, ..Flush::default() }).await?;
        }
        let definitions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bench/definitions");
        let catalog =
            definitions::load(&definitions).catalog.ok_or_else(|| anyhow::anyhow!("the benchmark's definitions have mistakes"))?;
        let snapshot = Snapshot { segments: store.segments().await?, people: store.people().await?.into() };
        Ok(Self { catalog, snapshot, evaluator: Evaluator::new(Reader::new(lake, COLUMNS_BYTES)), _folder: folder })
    }

    /// Everybody in every audience of a catalog.
    pub(crate) fn evaluate(&self, catalog: &Catalog) -> Evaluation {
        let recorded = Recorded::default();
        self.evaluator.evaluate(catalog, &self.snapshot, &recorded, AsOf(AS_OF)).expect("the lake is whole")
    }

    /// The same so many hours before the end, going on from the evaluation before.
    pub(crate) fn advance(&self, hours_before: i64) -> Evaluation {
        let as_of = AsOf(hours(hours_before));
        self.evaluator.advance(&self.catalog, &self.snapshot, &Recorded::default(), as_of).expect("the lake is whole")
    }
}

/// The members of an audience of this share of a universe, evenly spread; another salt makes other members.
pub(crate) fn members(universe: u32, share: f64, salt: u64) -> Membership {
    let limit = share * u64::MAX as f64;
    (0..universe).filter(|profile| (hash(u64::from(*profile), salt) as f64) < limit).map(ProfileId).collect()
}

fn hours(before_the_end: i64) -> Moment {
    AS_OF.plus_micros(-before_the_end * HOUR_MICROS)
}

//! Frames: the columns of a segment that an evaluation asks for, decoded once and kept while there is room.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use model::{Segment, SourceOrder};
use polars::prelude::DataFrame;
use rayon::prelude::*;

use crate::blocks::{BlockFrame, Order, Times};
use crate::buffer::Buffer;
use crate::cache::{Cache, Key, Part, PartName, Rows};
use crate::column::Column;
use crate::decode::Typed;
use crate::error::{Damage, LakeError};
use crate::hot::HotFolder;
use crate::lake::Lake;
use crate::layout::{MESSAGE_KEY, OCCURRED_AT, PROFILE_ID, RECEIVED_AT, SOURCE_ORDER, Variant};
use crate::{decode, parquet};

/// Columns of segments kept decoded in memory up to a budget, least recently used evicted. To be shared by threads.
pub struct Reader {
    lake: Lake,
    cache: Cache,
    hot: Option<HotFolder>,
}

/// Some columns of a segment, parallel to its rows.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Whose row it is, by number of the profile.
    pub profiles: Buffer<u32>,
    /// When it happened, in microseconds; ascending.
    pub occurred_at: Buffer<i64>,
    /// The properties (or traits) asked for, in the order asked; one that no row has is [`Column::absent`].
    pub columns: Vec<Arc<Column>>,
}

/// What decides between rows of equal `occurred_at`: `received_at`, then batch and place in it, then the message key. Rows
/// of one segment are in this order already; it takes these to order rows of several segments.
#[derive(Debug, Clone)]
pub struct Ties {
    /// When each row arrived, in microseconds.
    pub received_at: Arc<[i64]>,
    /// The key of each row's message.
    pub message_keys: Arc<[u128]>,
    /// Where each row's message stood in its batch.
    pub source_orders: Arc<[SourceOrder]>,
}

impl Ties {
    /// What one row is ordered by.
    pub fn of(&self, row: usize) -> (i64, SourceOrder, u128) {
        (self.received_at[row], self.source_orders[row], self.message_keys[row])
    }
}

impl Reader {
    /// Reads this lake, keeping up to `budget_bytes` of decoded columns.
    pub fn new(lake: Lake, budget_bytes: usize) -> Self {
        Self { lake, cache: Cache::new(budget_bytes), hot: None }
    }

    /// The same, with a folder where decoded columns are saved ([`Reader::save`]) and mapped from, which takes no memory of
    /// the budget. The folder may be deleted at any time.
    #[must_use]
    pub fn with_hot_columns(mut self, folder: &Path) -> Self {
        self.hot = Some(HotFolder::new(folder));
        self
    }

    /// Saves what was decoded, and from then on maps it instead of holding it in memory. What is saved or held of segments
    /// other than these is gone then.
    ///
    /// # Errors
    /// When the folder cannot be written in: nothing is lost by it but the time to decode again.
    pub fn save<'s>(&self, segments: impl Iterator<Item = &'s Segment>) -> Result<(), LakeError> {
        let named: HashSet<&str> = segments.map(|segment| segment.path.as_str()).collect();
        self.cache.keep(&named);
        let Some(hot) = &self.hot else { return Ok(()) };
        let saved: Result<(), std::io::Error> = hot.sweep(&named).and_then(|()| {
            self.cache.held().into_par_iter().filter(|(key, _)| named.contains(&*key.path)).try_for_each(|(key, part)| {
                hot.save(&key, &part)?;
                if let Some(mapped) = hot.open(&key) {
                    self.cache.put([(key, mapped)]);
                }
                Ok(())
            })
        });
        saved.map_err(|source| LakeError::write(hot.folder(), source))
    }

    /// The lake it reads.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// These properties (or traits) of all rows of a segment. Only what is not in memory is read from the file.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn frame(&self, segment: &Segment, names: &[&str]) -> Result<Frame, LakeError> {
        let columns = names.iter().map(|name| PartName::Column((*name).to_owned()));
        let mut parts = self.parts(segment, std::iter::once(PartName::Rows).chain(columns).collect())?.into_iter();
        let Some(Part::Rows(rows)) = parts.next() else { unreachable!("parts come in the order asked") };
        let columns = parts.filter_map(|part| if let Part::Column(column) = part { Some(column) } else { None });
        Ok(Frame { profiles: rows.profiles, occurred_at: rows.occurred_at, columns: columns.collect() })
    }

    /// The same with the rows put together in blocks of profiles.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn blocks(&self, segment: &Segment, names: &[&str], times: Times) -> Result<BlockFrame, LakeError> {
        let columns = names.iter().map(|name| PartName::BlockColumn((*name).to_owned()));
        let mut wanted = vec![PartName::Blocks];
        wanted.extend((times == Times::Wanted).then_some(PartName::BlockTimes));
        wanted.extend(columns);
        let mut parts = self.parts(segment, wanted)?.into_iter().peekable();
        let Some(Part::Blocks(blocks)) = parts.next() else { unreachable!("parts come in the order asked") };
        let occurred_at = parts.next_if(|part| matches!(part, Part::Times(_)));
        let occurred_at = occurred_at.and_then(|part| if let Part::Times(times) = part { Some(times) } else { None });
        let columns = parts.filter_map(|part| if let Part::Column(column) = part { Some(column) } else { None });
        Ok(BlockFrame { blocks, occurred_at, columns: columns.collect() })
    }

    /// What decides between rows of equal `occurred_at`.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn ties(&self, segment: &Segment) -> Result<Ties, LakeError> {
        let mut parts = self.parts(segment, vec![PartName::Ties])?.into_iter();
        let Some(Part::Ties(ties)) = parts.next() else { unreachable!("parts come in the order asked") };
        Ok(ties)
    }

    /// What decides between rows of equal `occurred_at`, with the rows put together in blocks of profiles.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn block_ties(&self, segment: &Segment) -> Result<Ties, LakeError> {
        let mut parts = self.parts(segment, vec![PartName::BlockTies])?.into_iter();
        let Some(Part::Ties(ties)) = parts.next() else { unreachable!("parts come in the order asked") };
        Ok(ties)
    }

    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.cache.held_bytes()
    }

    #[cfg(test)]
    pub(crate) fn cached_bytes(&self) -> usize {
        self.cache.bytes()
    }

    fn parts(&self, segment: &Segment, names: Vec<PartName>) -> Result<Vec<Part>, LakeError> {
        let path: Arc<str> = segment.path.as_str().into();
        let keys: Vec<Key> = names.into_iter().map(|part| Key { path: Arc::clone(&path), part }).collect();
        let mut parts = self.cache.get(&keys);
        if let Some(hot) = &self.hot {
            for (key, part) in keys.iter().zip(&mut parts).filter(|(_, part)| part.is_none()) {
                *part = hot.open(key);
                self.cache.put(part.clone().map(|part| (key.clone(), part)));
            }
        }
        let missing: BTreeSet<&PartName> = keys.iter().zip(&parts).filter(|(_, part)| part.is_none()).map(|(key, _)| &key.part).collect();
        if !missing.is_empty() {
            let missing: Vec<&PartName> = missing.into_iter().collect();
            let decoded = self.decode(segment, &missing)?;
            for (key, part) in keys.iter().zip(&mut parts) {
                if let Ok(place) = missing.binary_search(&&key.part) {
                    *part = Some(decoded[place].clone());
                }
            }
            let news = missing.into_iter().map(|part| Key { path: Arc::clone(&path), part: part.clone() }).zip(decoded);
            self.cache.put(news);
        }
        Ok(parts.into_iter().flatten().collect())
    }

    fn decode(&self, segment: &Segment, names: &[&PartName]) -> Result<Vec<Part>, LakeError> {
        let file = self.lake.file(segment)?;
        let asked = |column: &str| names.iter().any(|name| name.covers(column));
        let decoded = parquet::read(file, asked).and_then(|table| {
            // Without a single column asked that the file has, a table has no rows to count.
            let table = if table.width() == 0 { table } else { decode::complete(table, segment.rows)? };
            let order = names.iter().any(|name| name.needs_order()).then(|| decode::profiles(&table)).transpose()?;
            let order = order.as_deref().map(Order::of);
            names.iter().map(|name| name.decode(&table, order.as_ref())).collect::<Result<Vec<_>, Damage>>()
        });
        decoded.map_err(|damage| self.lake.damaged(segment, damage))
    }
}

impl PartName {
    /// Whether the part is made of this column of the file.
    fn covers(&self, column: &str) -> bool {
        match self {
            Self::Rows | Self::BlockTimes => column == PROFILE_ID || column == OCCURRED_AT,
            Self::Blocks => column == PROFILE_ID,
            Self::BlockColumn(name) => column == PROFILE_ID || Variant::of_column(column).is_some_and(|(of, _)| of == name),
            Self::BlockTies => matches!(column, PROFILE_ID | RECEIVED_AT | MESSAGE_KEY | SOURCE_ORDER),
            Self::Ties => column == RECEIVED_AT || column == MESSAGE_KEY || column == SOURCE_ORDER,
            Self::Column(name) => Variant::of_column(column).is_some_and(|(of, _)| of == name),
        }
    }

    /// Whether its rows are put together in blocks, which takes knowing whose they are.
    fn needs_order(&self) -> bool {
        match self {
            Self::Blocks | Self::BlockTimes | Self::BlockColumn(_) | Self::BlockTies => true,
            Self::Rows | Self::Ties | Self::Column(_) => false,
        }
    }

    /// `order` is there for every part that needs it.
    fn decode(&self, table: &DataFrame, order: Option<&Order>) -> Result<Part, Damage> {
        Ok(match (self, order) {
            (Self::Rows, _) => {
                Part::Rows(Rows { profiles: decode::profiles(table)?.into(), occurred_at: decode::occurred_at(table)?.into() })
            }
            (Self::Ties, _) => Part::Ties(ties(table)?),
            (Self::BlockTies, Some(order)) => {
                let Ties { received_at, message_keys, source_orders } = ties(table)?;
                Part::Ties(Ties {
                    received_at: order.put_shared(&received_at),
                    message_keys: order.put_shared(&message_keys),
                    source_orders: order.put_shared(&source_orders),
                })
            }
            (Self::Column(name), _) => Part::Column(Arc::new(column(table, name)?)),
            (Self::BlockColumn(name), Some(order)) => Part::Column(Arc::new(column(table, name)?.put_in(order))),
            (Self::Blocks, Some(order)) => Part::Blocks(Arc::new(order.blocks())),
            (Self::BlockTimes, Some(order)) => Part::Times(order.put(&decode::occurred_at(table)?)),
            (Self::Blocks | Self::BlockTimes | Self::BlockColumn(_) | Self::BlockTies, None) => {
                unreachable!("made for every part that needs it")
            }
        })
    }
}

fn ties(table: &DataFrame) -> Result<Ties, Damage> {
    Ok(Ties {
        received_at: decode::received_at(table)?.into(),
        message_keys: decode::message_keys(table)?.into(),
        source_orders: decode::source_orders(table)?.into(),
    })
}

/// All types of one property.
fn column(table: &DataFrame, name: &str) -> Result<Column, Damage> {
    let mut column = Column::absent();
    for variant in Variant::ALL {
        if let Ok(cells) = table.column(&variant.column(name)) {
            column.take(&Typed::of(variant, cells.as_materialized_series())?);
        }
    }
    Ok(column)
}

//! Columns in memory: the cells of one property (or trait) in one segment, parallel to its rows, by type.
//!
//! Dense arrays without null masks, so that a pass over them runs at the speed of memory: an absent number is NaN (which
//! no fact can hold), an absent flag and an absent text have a code of their own. Texts are dictionary-coded: a matcher
//! looks at each distinct text once.

use polars::prelude::{BooleanChunked, Float64Chunked, InitHashMaps as _, PlHashMap, StringChunked};

use crate::blocks::Order;
use crate::buffer::Buffer;
use crate::decode::{Typed, present};
use crate::texts::Texts;

/// One property (or trait) in one segment. A property that no row has, has no part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Column {
    /// Numbers, when some row has one.
    pub numbers: Option<Numbers>,
    /// Flags, when some row has one.
    pub flags: Option<Flags>,
    /// Texts, when some row has one.
    pub texts: Option<Coded>,
    /// Lists, objects and whole numbers beyond 2^53, as compact JSON ([`crate::parse_json`]), when some row has one.
    pub json: Option<Coded>,
    /// Rows that took the trait away, when there are some.
    pub gone: Option<Gone>,
}

/// Numbers by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// NaN where a row has no number.
    pub values: Buffer<f64>,
}

/// Flags by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Flags {
    /// 0 for `false`, 1 for `true`, [`Flags::NONE`] where a row has no flag.
    pub codes: Buffer<u8>,
}

/// Texts by row, each distinct one kept once.
#[derive(Debug, Clone, PartialEq)]
pub struct Coded {
    /// By row: a place in `values`, or [`Coded::NONE`] where a row has no text.
    pub codes: Buffer<u32>,
    /// The distinct texts, in order of first appearance.
    pub values: Texts,
}

/// Rows that took a trait away.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    /// By row: 1 where it was taken away, else 0.
    pub rows: Buffer<u8>,
}

/// What one row says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'c> {
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// Text.
    Text(&'c str),
    /// A list, an object or a whole number beyond 2^53, as compact JSON.
    Json(&'c str),
    /// The trait was taken away.
    Gone,
}

impl Column {
    /// A property that no row has.
    pub const fn absent() -> Self {
        Self { numbers: None, flags: None, texts: None, json: None, gone: None }
    }

    /// Whether no row has the property.
    pub fn is_absent(&self) -> bool {
        *self == Self::absent()
    }

    /// What a row says, if anything.
    pub fn cell(&self, row: usize) -> Option<Cell<'_>> {
        if let Some(number) = self.numbers.as_ref().and_then(|numbers| numbers.get(row)) {
            return Some(Cell::Number(number));
        }
        if let Some(text) = self.texts.as_ref().and_then(|texts| texts.get(row)) {
            return Some(Cell::Text(text));
        }
        if let Some(flag) = self.flags.as_ref().and_then(|flags| flags.get(row)) {
            return Some(Cell::Flag(flag));
        }
        if let Some(json) = self.json.as_ref().and_then(|json| json.get(row)) {
            return Some(Cell::Json(json));
        }
        self.gone.as_ref().is_some_and(|gone| gone.is_gone(row)).then_some(Cell::Gone)
    }

    pub(crate) fn take(&mut self, typed: &Typed<'_>) {
        match typed {
            Typed::Numbers(column) => self.numbers = Some(Numbers::decode(column)),
            Typed::Texts(column) => self.texts = Some(Coded::decode(column)),
            Typed::Flags(column) => self.flags = Some(Flags::decode(column)),
            Typed::Jsons(column) => self.json = Some(Coded::decode(column)),
            Typed::Gone(column) => self.gone = Some(Gone::decode(column)),
        }
    }

    /// The same cells with the rows in another order.
    pub(crate) fn put_in(&self, order: &Order) -> Self {
        let coded = |coded: &Coded| Coded { codes: order.put(&coded.codes), values: coded.values.clone() };
        Self {
            numbers: self.numbers.as_ref().map(|numbers| Numbers { values: order.put(&numbers.values) }),
            flags: self.flags.as_ref().map(|flags| Flags { codes: order.put(&flags.codes) }),
            texts: self.texts.as_ref().map(coded),
            json: self.json.as_ref().map(coded),
            gone: self.gone.as_ref().map(|gone| Gone { rows: order.put(&gone.rows) }),
        }
    }

    /// Whether its arrays lie in a mapped file; one that no row has, has none.
    pub(crate) fn is_mapped(&self) -> bool {
        let coded = |coded: &Option<Coded>| coded.as_ref().is_some_and(|coded| coded.codes.is_mapped());
        self.numbers.as_ref().is_some_and(|numbers| numbers.values.is_mapped())
            || self.flags.as_ref().is_some_and(|flags| flags.codes.is_mapped())
            || coded(&self.texts)
            || coded(&self.json)
            || self.gone.as_ref().is_some_and(|gone| gone.rows.is_mapped())
    }

    /// Memory its arrays take beside mapped files, about.
    pub(crate) fn bytes(&self) -> usize {
        self.numbers.as_ref().map_or(0, |numbers| numbers.values.held_bytes())
            + self.flags.as_ref().map_or(0, |flags| flags.codes.held_bytes())
            + self.texts.as_ref().map_or(0, Coded::bytes)
            + self.json.as_ref().map_or(0, Coded::bytes)
            + self.gone.as_ref().map_or(0, |gone| gone.rows.held_bytes())
    }
}

impl Numbers {
    /// The number of a row, if it has one.
    pub fn get(&self, row: usize) -> Option<f64> {
        let number = self.values[row];
        (!number.is_nan()).then_some(number)
    }

    fn decode(column: &Float64Chunked) -> Self {
        let mut values = Vec::with_capacity(column.len());
        for chunk in column.downcast_iter() {
            match chunk.validity().filter(|validity| validity.unset_bits() > 0) {
                None => values.extend_from_slice(chunk.values()),
                Some(validity) => {
                    let cells = chunk.values().iter().zip(validity.iter());
                    values.extend(cells.map(|(number, present)| if present { *number } else { f64::NAN }));
                }
            }
        }
        Self { values: values.into() }
    }
}

impl Flags {
    /// The code of a row that has no flag.
    pub const NONE: u8 = 2;

    /// The flag of a row, if it has one.
    pub fn get(&self, row: usize) -> Option<bool> {
        let code = self.codes[row];
        (code != Self::NONE).then_some(code == 1)
    }

    fn decode(column: &BooleanChunked) -> Self {
        Self { codes: column.iter().map(|cell| cell.map_or(Self::NONE, u8::from)).collect() }
    }
}

impl Coded {
    /// The code of a row that has no text.
    pub const NONE: u32 = u32::MAX;

    /// The text of a row, if it has one.
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = self.codes[row];
        (code != Self::NONE).then(|| &self.values[code as usize])
    }

    /// The reader hands out texts as views into pages: equal views are equal texts, so that most rows are coded by one
    /// look at 16 bytes. A text that comes in several pages has several views, and still one code.
    fn decode(column: &StringChunked) -> Self {
        let mut codes = Vec::with_capacity(column.len());
        let mut values: Vec<&str> = Vec::new();
        let mut by_text: PlHashMap<&str, u32> = PlHashMap::new();
        for chunk in column.downcast_iter() {
            let mut by_view: PlHashMap<u128, u32> = PlHashMap::new();
            let mut recent = Recent::default();
            let validity = chunk.clone().take_validity();
            for (row, view) in chunk.views().iter().enumerate() {
                if validity.as_ref().is_some_and(|validity| !validity.get_bit(row)) {
                    codes.push(Self::NONE);
                    continue;
                }
                let view = view.as_u128();
                let code = recent.code(view, || {
                    *by_view.entry(view).or_insert_with(|| {
                        let text = chunk.value(row);
                        *by_text.entry(text).or_insert_with(|| {
                            values.push(text);
                            u32::try_from(values.len() - 1).expect("a segment has fewer than 2^32 rows")
                        })
                    })
                });
                codes.push(code);
            }
        }
        Self { codes: codes.into(), values: values.iter().collect() }
    }

    fn bytes(&self) -> usize {
        self.codes.held_bytes() + self.values.held_bytes()
    }
}

/// The code of one view for each of a few places that views share: most columns repeat a handful of texts, and for those no
/// table need be asked.
struct Recent([(u128, u32); Self::PLACES]);

impl Default for Recent {
    fn default() -> Self {
        Self([(0, Coded::NONE); Self::PLACES])
    }
}

impl Recent {
    const PLACES: usize = 256;
    /// Spreads the bits that views differ in (2^64 divided by the golden ratio).
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

    fn code(&mut self, view: u128, find: impl FnOnce() -> u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "both halves are looked at, and a place is one of few")]
        let place = {
            let (low, high) = (view as u64, (view >> 64) as u64);
            ((low ^ high.rotate_left(32)).wrapping_mul(Self::SPREAD) >> (u64::BITS - Self::PLACES.ilog2())) as usize
        };
        let (seen, code) = &mut self.0[place];
        if *seen != view || *code == Coded::NONE {
            (*seen, *code) = (view, find());
        }
        *code
    }
}

impl Gone {
    /// Whether a row took the trait away.
    pub fn is_gone(&self, row: usize) -> bool {
        self.rows[row] != 0
    }

    fn decode(column: &BooleanChunked) -> Self {
        let mut rows = vec![0_u8; column.len()];
        for (row, gone) in present(column.iter()) {
            rows[row] = u8::from(gone);
        }
        Self { rows: rows.into() }
    }
}

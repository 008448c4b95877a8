//! Hot columns: decoded parts of segments kept in files that are mapped instead of read.
//!
//! A part is decoded from Parquet once; saved, the next process has it at hand without decoding anything, and pages of it
//! that nobody looks at take no memory. A cache only: the folder may be deleted at any time. A file is named after the
//! segment (whose name is the hash of its bytes) and the part, so it never goes stale; it is there wholly or not at all,
//! and what does not look right is decoded again.
//!
//! The layout is native: a head of 64 bytes (a word that names layout and byte order, the number of arrays), for each array
//! its width, start and length in bytes as 64-bit numbers, and the arrays, each at a multiple of 64 bytes.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytemuck::{Pod, cast_slice, pod_collect_to_vec};
use xxhash_rust::xxh3::xxh3_128;

use crate::blocks::Blocks;
use crate::buffer::Buffer;
use crate::cache::{Key, Part, PartName, Rows};
use crate::column::{Coded, Column, Flags, Gone, Numbers};
use crate::disk;
use crate::mapped::Mapped;
use crate::texts::Texts;

/// Names layout and byte order: another layout is another number.
const LAYOUT: u64 = 0x4d55_5354_4552_0002;
const ALIGNED: usize = 64;

/// A folder of hot columns.
#[derive(Debug, Clone)]
pub(crate) struct HotFolder(PathBuf);

impl HotFolder {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// A part, if it was saved and looks right; what does not is removed, to be saved anew.
    pub(crate) fn open(&self, key: &Key) -> Option<Part> {
        let path = self.path(key)?;
        let part = Arrays::open(&path).and_then(|arrays| Self::part(key, &arrays));
        if part.is_none() && path.exists() {
            // What cannot be removed is decoded each time.
            let _ = fs::remove_file(&path);
        }
        part
    }

    fn part(key: &Key, arrays: &Arrays) -> Option<Part> {
        match &key.part {
            PartName::Rows => Some(Part::Rows(Rows { profiles: arrays.get(0)?, occurred_at: arrays.get(1)? })),
            PartName::Blocks => Some(Part::Blocks(Arc::new(Blocks { starts: arrays.get(0)?, places: arrays.get(1)? }))),
            PartName::BlockTimes => Some(Part::Times(arrays.get(0)?)),
            PartName::Column(_) | PartName::BlockColumn(_) => Some(Part::Column(Arc::new(column(arrays)?))),
            PartName::Ties | PartName::BlockTies => None,
        }
    }

    /// Saves a part, unless it is there already or of a kind that is not worth a file.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is there then.
    pub(crate) fn save(&self, key: &Key, part: &Part) -> io::Result<()> {
        let Some(path) = self.path(key).filter(|path| !path.exists()) else { return Ok(()) };
        let arrays = match part {
            Part::Rows(rows) => vec![bytes(&rows.profiles), bytes(&rows.occurred_at)],
            Part::Blocks(blocks) => vec![bytes(&blocks.starts), bytes(&blocks.places)],
            Part::Times(times) => vec![bytes(times)],
            Part::Column(column) => column_arrays(column),
            Part::Ties(_) => return Ok(()),
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        disk::put(&path, &file(&arrays))
    }

    /// Removes what belongs to none of these segments, given by their paths in the lake.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub(crate) fn sweep(&self, segments: &HashSet<&str>) -> io::Result<()> {
        let named: HashSet<&str> = segments.iter().filter_map(|path| stem(path)).collect();
        let Ok(folders) = fs::read_dir(&self.0) else { return Ok(()) };
        for folder in folders {
            let folder = folder?;
            if !named.contains(folder.file_name().to_string_lossy().as_ref()) {
                fs::remove_dir_all(folder.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, key: &Key) -> Option<PathBuf> {
        let (kind, name) = match &key.part {
            PartName::Rows => ("rows", None),
            PartName::Blocks => ("blocks", None),
            PartName::BlockTimes => ("block-times", None),
            PartName::Column(name) => ("column", Some(name)),
            PartName::BlockColumn(name) => ("block-column", Some(name)),
            PartName::Ties | PartName::BlockTies => return None,
        };
        let name = name.map_or_else(|| kind.to_owned(), |name| format!("{kind}-{:032x}", xxh3_128(name.as_bytes())));
        Some(self.0.join(stem(&key.path)?).join(name))
    }
}

/// The name of a segment's file without its ending.
fn stem(path: &str) -> Option<&str> {
    Path::new(path).file_stem()?.to_str()
}

/// The width of an array's numbers, and its bytes.
type Array<'a> = (usize, &'a [u8]);

fn bytes<T: Pod>(values: &[T]) -> Array<'_> {
    (size_of::<T>(), cast_slice(values))
}

/// An array for each type of value there may be, empty where there is none.
fn column_arrays(column: &Column) -> Vec<Array<'_>> {
    const NOTHING: Array<'static> = (0, &[]);
    fn coded(coded: Option<&Coded>) -> [Array<'_>; 3] {
        coded.map_or([NOTHING; 3], |Coded { codes, values }| [bytes(codes), bytes(&values.ends), bytes(&values.bytes)])
    }
    let numbers = column.numbers.as_ref().map_or(NOTHING, |numbers| bytes(&numbers.values));
    let flags = column.flags.as_ref().map_or(NOTHING, |flags| bytes(&flags.codes));
    let gone = column.gone.as_ref().map_or(NOTHING, |gone| bytes(&gone.rows));
    [numbers, flags, gone].into_iter().chain(coded(column.texts.as_ref())).chain(coded(column.json.as_ref())).collect()
}

fn column(arrays: &Arrays) -> Option<Column> {
    let coded = |first: usize| {
        if arrays.is_nothing(first)? {
            return Some(None);
        }
        let values = Texts::checked(arrays.get(first + 1)?, arrays.get(first + 2)?)?;
        let codes: Buffer<u32> = arrays.get(first)?;
        let known = codes.iter().all(|code| *code == Coded::NONE || (*code as usize) < values.len());
        known.then_some(Some(Coded { codes, values }))
    };
    Some(Column {
        numbers: if arrays.is_nothing(0)? { None } else { Some(Numbers { values: arrays.get(0)? }) },
        flags: if arrays.is_nothing(1)? { None } else { Some(Flags { codes: arrays.get(1)? }) },
        gone: if arrays.is_nothing(2)? { None } else { Some(Gone { rows: arrays.get(2)? }) },
        texts: coded(3)?,
        json: coded(6)?,
    })
}

fn file(arrays: &[Array<'_>]) -> Vec<u8> {
    let mut head = vec![LAYOUT, arrays.len() as u64];
    let mut start = (2 * size_of::<u64>() + arrays.len() * 3 * size_of::<u64>()).next_multiple_of(ALIGNED);
    for (width, bytes) in arrays {
        head.extend([*width as u64, start as u64, bytes.len() as u64]);
        start = (start + bytes.len()).next_multiple_of(ALIGNED);
    }
    let mut file: Vec<u8> = pod_collect_to_vec(&head);
    for (_, bytes) in arrays {
        file.resize(file.len().next_multiple_of(ALIGNED), 0);
        file.extend_from_slice(bytes);
    }
    file.resize(start, 0);
    file
}

/// The arrays of a mapped file.
struct Arrays {
    file: Arc<Mapped>,
    /// Width, start and length of each.
    places: Vec<(usize, usize, usize)>,
}

impl Arrays {
    fn open(path: &Path) -> Option<Self> {
        let file = Arc::new(Mapped::open(path).ok()?);
        let head: Buffer<u64> = Buffer::mapped(&file, 0, 2)?;
        let (layout, count) = (head[0], usize::try_from(head[1]).ok()?);
        if layout != LAYOUT {
            return None;
        }
        let table: Buffer<u64> = Buffer::mapped(&file, 2 * size_of::<u64>(), count.checked_mul(3)?)?;
        let places = table.as_chunks::<3>().0.iter().map(|place| {
            let number = |of: usize| usize::try_from(place[of]).ok();
            Some((number(0)?, number(1)?, number(2)?))
        });
        Some(Self { places: places.collect::<Option<_>>()?, file })
    }

    /// Whether an array stands for nothing.
    fn is_nothing(&self, number: usize) -> Option<bool> {
        self.places.get(number).map(|(width, ..)| *width == 0)
    }

    fn get<T: Pod>(&self, number: usize) -> Option<Buffer<T>> {
        let (width, start, length) = *self.places.get(number)?;
        if width != size_of::<T>() || length % width != 0 {
            return None;
        }
        Buffer::mapped(&self.file, start, length / width)
    }
}

//! Lines of a file, none of them longer than a limit in memory: plain, gzip, zstd, or the rows of a Parquet file as text.
//!
//! Which of them a file is, its first bytes say, whatever its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use lake::{ForeignRows, RowForm};
use memchr::memchr;
use xxhash_rust::xxh3::Xxh3;

use crate::{IngestError, Truncation};

/// A line longer than this is refused.
pub(crate) const LINE_BYTES_MAX: usize = 1 << 20;

const BUFFER_BYTES: usize = 1 << 18;
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const PARQUET_MAGIC: &[u8] = b"PAR1";
const MAGIC_BYTES: u64 = 4;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file as long as it is when it is opened: what is added later is for another time.
pub(crate) struct Content {
    file: Arc<File>,
    packing: Packing,
    /// Its length.
    pub(crate) bytes: u64,
}

/// How lines lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
    Parquet,
}

impl Packing {
    fn of(first_bytes: &[u8]) -> Self {
        match first_bytes {
            bytes if bytes.starts_with(GZIP_MAGIC) => Self::Gzip,
            bytes if bytes.starts_with(ZSTD_MAGIC) => Self::Zstd,
            bytes if bytes.starts_with(PARQUET_MAGIC) => Self::Parquet,
            _ => Self::Plain,
        }
    }
}

impl Content {
    /// Opens a file.
    ///
    /// # Errors
    /// When there is no such file, it is no regular file, or it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, IngestError> {
        let unopened = |source| IngestError::Open { path: path.to_owned(), source };
        let metadata = std::fs::metadata(path).map_err(unopened)?;
        if metadata.is_dir() {
            return Err(IngestError::Folder { path: path.to_owned() });
        }
        if !metadata.is_file() {
            return Err(IngestError::NotAFile { path: path.to_owned() });
        }
        let file = Arc::new(File::open(path).map_err(unopened)?);
        let bytes = file.metadata().map_err(unopened)?.len();
        let mut magic = Vec::new();
        let begins = FromStart::new(&file).take(MAGIC_BYTES).read_to_end(&mut magic);
        begins.map_err(|source| IngestError::Read { path: path.to_owned(), source })?;
        Ok(Self { file, packing: Packing::of(&magic), bytes })
    }

    /// How its lines lie in it.
    pub(crate) fn packing(&self) -> Packing {
        self.packing
    }

    /// What the content is known by: its hash (XXH3, 128 bits), which that of what else decides what its lines mean goes into.
    /// Reads all of it.
    ///
    /// # Errors
    /// When it cannot be read, or is shorter than when it was opened.
    pub(crate) fn fingerprint(&self, meaning: &str, path: &Path) -> Result<String, IngestError> {
        let mut hasher = Xxh3::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut content = FromStart::new(&self.file).take(self.bytes);
        let mut bytes = 0;
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(IngestError::Read { path: path.to_owned(), source }),
            };
            bytes += count as u64;
            hasher.update(&buffer[..count]);
        }
        if bytes < self.bytes {
            return Err(IngestError::Changed { path: path.to_owned() });
        }
        hasher.update(meaning.as_bytes());
        Ok(format!("{:032x}", hasher.digest128()))
    }

    /// Its lines, from the start; rows of Parquet are written as `form` says.
    ///
    /// # Errors
    /// When it begins like a compressed file or Parquet and does not go on so.
    pub(crate) fn lines(&self, path: &Path, form: RowForm) -> Result<Lines, IngestError> {
        let done = Arc::new(AtomicU64::new(0));
        let raw = || {
            let counting = Counting { file: FromStart::new(&self.file).take(self.bytes), done: Arc::clone(&done) };
            BufReader::with_capacity(BUFFER_BYTES, counting)
        };
        let reader: Box<dyn BufRead + Send> = match self.packing {
            Packing::Plain => Box::new(raw()),
            Packing::Gzip => {
                let decoder = MultiGzDecoder::new(raw());
                if decoder.header().is_none() {
                    return Err(IngestError::GzipHeader { path: path.to_owned() });
                }
                Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
            }
            Packing::Zstd => {
                let decoder = zstd::Decoder::with_buffer(raw()).map_err(|source| IngestError::Read { path: path.to_owned(), source })?;
                Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
            }
            Packing::Parquet => {
                let rows = ForeignRows::open(path, form).map_err(IngestError::Lake)?;
                let texts = RowTexts { rows, text: String::new(), at: 0, bytes: self.bytes, done: Arc::clone(&done) };
                Box::new(BufReader::with_capacity(BUFFER_BYTES, texts))
            }
        };
        Ok(Lines { reader, done, packing: self.packing, number: 0, given: 0, taken: 0, buffer: Vec::new(), truncated: None })
    }
}

/// Reads a file from its start, at a place of its own: several may read it at once.
struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl FromStart {
    fn new(file: &Arc<File>) -> Self {
        Self { file: Arc::clone(file), at: 0 }
    }
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = read_at(&self.file, buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

/// Counts what is read from the disk, for progress.
struct Counting {
    file: Take<FromStart>,
    done: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.done.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Rows of Parquet as if they had been written as lines.
struct RowTexts {
    rows: ForeignRows,
    /// The row group at hand, and how far it was read.
    text: String,
    at: usize,
    /// The file's length, for progress.
    bytes: u64,
    done: Arc<AtomicU64>,
}

impl Read for RowTexts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            if !self.rows.next(&mut self.text).map_err(io::Error::other)? {
                self.done.store(self.bytes, Ordering::Relaxed);
                return Ok(0);
            }
            let share = self.bytes as f64 * self.rows.rows_done() as f64 / self.rows.rows().max(1) as f64;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the file's length")]
            self.done.store(share as u64, Ordering::Relaxed);
        }
        let count = buffer.len().min(self.text.len() - self.at);
        buffer[..count].copy_from_slice(&self.text.as_bytes()[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// The lines of a file, one after the other.
pub(crate) struct Lines {
    reader: Box<dyn BufRead + Send>,
    done: Arc<AtomicU64>,
    packing: Packing,
    number: u64,
    given: u64,
    /// How much of what was read is the line that was given last.
    taken: usize,
    /// The line that was given last, if it did not lie whole in what was read.
    buffer: Vec<u8>,
    truncated: Option<Truncation>,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next<'l> {
    /// A line without its end.
    Line(&'l [u8]),
    /// A line over the limit, passed over.
    TooLong,
    /// The file is over, or breaks off ([`Lines::truncation`]); a line begun then is not given.
    End,
}

impl Lines {
    /// The next line.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Next<'_>> {
        if self.truncated.is_some() {
            return Ok(Next::End);
        }
        self.reader.consume(std::mem::take(&mut self.taken));
        self.buffer.clear();
        let end = match self.reader.fill_buf() {
            Ok(read) => memchr(b'\n', read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Err(error) => return self.broken(error),
        };
        let line = match end {
            // Most lines lie whole in what was read, and are given where they lie.
            Some(end) => {
                self.taken = end + 1;
                &self.reader.fill_buf()?[..=end]
            }
            None => match self.gather() {
                Ok(0) => return Ok(Next::End),
                Ok(_) => &self.buffer,
                Err(error) => return self.broken(error),
            },
        };
        self.number += 1;
        self.given += line.len() as u64;
        let mut line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.number == 1 {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        Ok(if line.len() > LINE_BYTES_MAX { Next::TooLong } else { Next::Line(line) })
    }

    /// Puts the next line together from what is read bit by bit; of one over the limit no more than that.
    fn gather(&mut self) -> io::Result<usize> {
        let limit = LINE_BYTES_MAX as u64 + 2; // room for the line's end
        let count = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        if self.buffer.last() != Some(&b'\n') && self.buffer.len() > LINE_BYTES_MAX {
            self.reader.skip_until(b'\n')?;
        }
        Ok(count)
    }

    /// How they lie in their file.
    pub(crate) fn packing(&self) -> Packing {
        self.packing
    }

    /// How many lines were read.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes those lines have, uncompressed.
    pub(crate) fn bytes_given(&self) -> u64 {
        self.given
    }

    /// How many bytes of the file were read.
    pub(crate) fn bytes_done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Where the file breaks off, once it was read up to there.
    pub(crate) fn truncation(&self) -> Option<Truncation> {
        self.truncated
    }

    fn broken(&mut self, error: io::Error) -> io::Result<Next<'_>> {
        let truncated = match error.kind() {
            io::ErrorKind::UnexpectedEof => Truncation::BreaksOff { after_line: self.number },
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Truncation::Damaged { after_line: self.number },
            // What zstd itself has to say; the disk has other kinds.
            io::ErrorKind::Other if self.packing == Packing::Zstd => Truncation::Damaged { after_line: self.number },
            _ => return Err(error),
        };
        self.truncated = Some(truncated);
        Ok(Next::End)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[track_caller]
    fn lines_of(bytes: &[u8]) -> Lines {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Content::open(file.path()).unwrap().lines(file.path(), RowForm::Json { nested: &[] }).unwrap()
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str]) {
        let mut lines = lines_of(bytes);
        let mut found = Vec::new();
        loop {
            match lines.next().unwrap() {
                Next::Line(line) => found.push(String::from_utf8(line.to_vec()).unwrap()),
                Next::TooLong => found.push("too long".to_owned()),
                Next::End => break,
            }
        }
        assert_eq!(found, expected);
        assert_eq!(lines.bytes_done(), bytes.len() as u64);
    }

    #[test]
    fn lines_end_in_every_way() {
        check(b"", &[]);
        check(b"a", &["a"]);
        check(b"a\nb\n", &["a", "b"]);
        check(b"a\r\n\r\nb", &["a", "", "b"]);
        check(b"\xef\xbb\xbfa\nb", &["a", "b"]);
    }

    #[test]
    fn a_line_over_the_limit_is_never_held() {
        let just_fits = "x".repeat(LINE_BYTES_MAX);
        for end in ["\n", "\r\n"] {
            check(format!("{just_fits}{end}b{end}").as_bytes(), &[&just_fits, "b"]);
            check(format!("{just_fits}x{end}b{end}").as_bytes(), &["too long", "b"]);
        }
        let mut huge = vec![b'x'; 10 << 20];
        huge.extend(b"\nb\n");
        check(&huge, &["too long", "b"]);
        let mut lines = lines_of(&huge);
        while !matches!(lines.next().unwrap(), Next::End) {}
        assert!(lines.buffer.capacity() <= 2 * LINE_BYTES_MAX + 64);
    }
}

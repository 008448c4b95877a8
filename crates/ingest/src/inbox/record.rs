//! One record: the messages of one request, framed so that half a record is never taken for a whole one.
//!
//! `length: u32`, `checksum: u32`, then `length` bytes: `name length: u8`, the source's name, the messages, each on a
//! line of its own. Numbers are little-endian; the checksum (CRC32C) covers the length too, so that zeroes are no record.

use std::io::{self, Read};

/// What a file begins with; the digit is the version of this format.
pub(super) const MAGIC: &[u8; 8] = b"muster-1";
const HEAD_BYTES: usize = 8;

/// A record holds at most so many bytes.
pub const RECORD_BYTES_MAX: usize = 64 << 20;

/// The messages of one request, accepted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What their ids are unique within: at most 255 bytes.
    pub source: String,
    /// The messages: JSON objects, each ending in a line feed and holding no other.
    pub lines: Vec<u8>,
}

impl Accepted {
    /// Writes it down, framed.
    ///
    /// # Panics
    /// Panics when the name or the messages are longer than allowed: whoever accepts has limits far below.
    pub(super) fn frame(&self, into: &mut Vec<u8>) {
        let name_length = u8::try_from(self.source.len()).expect("a source's name has at most 255 bytes");
        let body_length = 1 + self.source.len() + self.lines.len();
        assert!(body_length <= RECORD_BYTES_MAX, "a record holds at most {RECORD_BYTES_MAX} bytes");
        let length = u32::try_from(body_length).expect("a record is far below 4 GiB").to_le_bytes();
        let start = into.len();
        into.extend_from_slice(&length);
        into.extend_from_slice(&[0; 4]);
        into.push(name_length);
        into.extend_from_slice(self.source.as_bytes());
        into.extend_from_slice(&self.lines);
        let checksum = checksum(length, &into[start + HEAD_BYTES..]);
        into[start + 4..start + HEAD_BYTES].copy_from_slice(&checksum.to_le_bytes());
    }

    fn unframe(body: &[u8]) -> Option<Self> {
        let (name_length, rest) = body.split_first()?;
        let (name, lines) = rest.split_at_checked(usize::from(*name_length))?;
        let source = std::str::from_utf8(name).ok()?.to_owned();
        Some(Self { source, lines: lines.to_vec() })
    }
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A whole record, and how many bytes it took up.
    Record(Accepted, u64),
    /// The file is over.
    End,
    /// What is there is no whole record.
    Torn,
}

/// Reads the next record.
pub(super) fn next(from: &mut impl Read) -> io::Result<Next> {
    let mut head = [[0; 4]; 2];
    match fill(from, head.as_flattened_mut())? {
        0 => return Ok(Next::End),
        HEAD_BYTES => {}
        _ => return Ok(Next::Torn),
    }
    let [length, expected] = head;
    let body_length = u32::from_le_bytes(length) as usize;
    if body_length > RECORD_BYTES_MAX {
        return Ok(Next::Torn);
    }
    // Taken as it comes: a length that is nonsense reserves no memory.
    let mut body = Vec::new();
    from.take(body_length as u64).read_to_end(&mut body)?;
    if body.len() < body_length || checksum(length, &body) != u32::from_le_bytes(expected) {
        return Ok(Next::Torn);
    }
    Ok(Accepted::unframe(&body).map_or(Next::Torn, |accepted| Next::Record(accepted, (HEAD_BYTES + body_length) as u64)))
}

/// Fills the buffer as far as there is anything: how far.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn checksum(length: [u8; 4], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), body)
}

//! Texts: the distinct values of a column, end to end in one array, so that they can lie in a mapped file.

use std::ops::Index;

use crate::buffer::Buffer;

/// Texts in order, read by their places.
#[derive(Debug, Clone, PartialEq)]
pub struct Texts {
    /// Where each text ends in `bytes`.
    pub(crate) ends: Buffer<u32>,
    pub(crate) bytes: Buffer<u8>,
}

impl Texts {
    /// Puts texts end to end. Nothing when they make up 4 GiB or more.
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Option<Self> {
        let (mut ends, mut bytes) = (Vec::new(), Vec::new());
        for text in texts {
            bytes.extend_from_slice(text.as_bytes());
            ends.push(u32::try_from(bytes.len()).ok()?);
        }
        Some(Self { ends: ends.into(), bytes: bytes.into() })
    }

    /// Takes arrays that were written earlier; nothing when they are no texts.
    pub(crate) fn checked(ends: Buffer<u32>, bytes: Buffer<u8>) -> Option<Self> {
        let whole = std::str::from_utf8(&bytes).ok()?;
        let sound = ends.is_sorted() && ends.iter().all(|end| whole.is_char_boundary(*end as usize));
        (sound && ends.last().map_or(0, |end| *end as usize) == whole.len()).then_some(Self { ends, bytes })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|place| &self[place])
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.ends.held_bytes() + self.bytes.held_bytes()
    }
}

impl Index<usize> for Texts {
    type Output = str;

    fn index(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        let text = &self.bytes[start..self.ends[place] as usize];
        std::str::from_utf8(text).expect("made of texts, or checked when opened")
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    /// # Panics
    /// When they make up 4 GiB or more.
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let texts: Vec<T> = texts.into_iter().collect();
        Self::of(texts.iter().map(AsRef::as_ref)).expect("less than 4 GiB")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_broken_ones_are_noticed() {
        let texts: Texts = ["", "a", "häuser", ""].into_iter().collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["", "a", "häuser", ""]);
        assert!(Texts::checked(texts.ends.clone(), texts.bytes.clone()).is_some());
        let ends = |ends: &[u32]| ends.to_vec().into();
        assert!(Texts::checked(ends(&[3, 8]), texts.bytes.clone()).is_none(), "inside of a letter");
        assert!(Texts::checked(ends(&[1]), texts.bytes.clone()).is_none(), "too short");
        assert!(Texts::checked(ends(&[8, 1, 8]), texts.bytes.clone()).is_none(), "backwards");
    }
}

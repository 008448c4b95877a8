//! Buffers: arrays of plain numbers, in memory or in a mapped file, read alike.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytemuck::Pod;

use crate::mapped::Mapped;

/// An array of plain numbers that is never changed. Cheap to clone.
#[derive(Clone)]
pub struct Buffer<T>(Place<T>);

#[derive(Clone)]
enum Place<T> {
    Held(Arc<Vec<T>>),
    /// Bytes of a mapped file, checked to be whole numbers at an address fit for them.
    Mapped {
        file: Arc<Mapped>,
        start: usize,
        end: usize,
    },
}

impl<T: Pod> Buffer<T> {
    /// These bytes of a mapped file; nothing when they are no array of such numbers.
    pub(crate) fn mapped(file: &Arc<Mapped>, start: usize, length: usize) -> Option<Self> {
        let end = start.checked_add(length.checked_mul(size_of::<T>())?)?;
        let bytes = file.bytes().get(start..end)?;
        bytemuck::try_cast_slice::<u8, T>(bytes).ok()?;
        Some(Self(Place::Mapped { file: Arc::clone(file), start, end }))
    }

    /// Whether it lies in a mapped file.
    pub(crate) fn is_mapped(&self) -> bool {
        match &self.0 {
            Place::Held(_) => false,
            Place::Mapped { .. } => true,
        }
    }

    /// Memory it takes beside mapped files, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.0 {
            Place::Held(values) => values.len() * size_of::<T>(),
            Place::Mapped { .. } => 0,
        }
    }
}

impl<T: Pod> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Held(values) => values,
            Place::Mapped { file, start, end } => bytemuck::cast_slice(&file.bytes()[*start..*end]),
        }
    }
}

impl<T> From<Vec<T>> for Buffer<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Place::Held(Arc::new(values)))
    }
}

impl<T> FromIterator<T> for Buffer<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T: Pod + PartialEq> PartialEq for Buffer<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

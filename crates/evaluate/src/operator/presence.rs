//! `exists`: whether there is a value at all, an empty text or list included.

#[derive(Debug, Clone, Copy)]
pub(crate) struct Test {
    pub(super) expected: bool,
}

impl Test {
    pub(super) fn holds(self, present: bool) -> bool {
        present == self.expected
    }
}

//! Text for people: tables within 80 columns, numbers with separators, diagnostics, progress. And moments as programs read them.

pub(crate) mod diagnostics;
pub(crate) mod moments;
pub(crate) mod numbers;
pub(crate) mod progress;
pub(crate) mod reference;
pub(crate) mod rejections;
pub(crate) mod reports;
pub(crate) mod table;

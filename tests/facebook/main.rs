//! The Facebook destination as its user meets it: other systems' forms, tests, suppression.

mod forms;
mod merges;
mod shop;
mod suppress;

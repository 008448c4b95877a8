//! Definitions from the outside: fixtures, odd files, fingerprints.

mod fingerprints;
mod fixtures;
mod formatting;
mod odd_files;
mod options;
mod schemas;

mod drawing;
mod made;
mod unseen;

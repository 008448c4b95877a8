//! Somebody is erased, and then every byte of the data folder is searched for them; under kill -9, too.

mod bytes;
mod crash;
mod scene;
mod serve;

//! The fake from outside, over real sockets: what a client sees, and what the state says afterwards.

mod auth;
mod client;
mod faults;
mod lists;
mod nodes;
mod replace;
mod sessions;
mod transport;
mod uploads;

//! A faithful local Facebook Graph API for tests, the demo and rehearsals.
//!
//! It stands for the part of Facebook that customer-list custom audiences need: ad accounts, audiences, uploads,
//! removals, replaces, sessions. It serves the official SDKs as it serves a client of our own, keeps everything in
//! memory, and is quiet until a test asks for a fault.
//!
//! **It never** reaches the network, never stores anything on disk, and shares no code with the sink it tests: if both
//! were wrong together, nothing would notice.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let fake = fake_graph::FakeGraph::start(fake_graph::Options::default(), ([127, 0, 0, 1], 0).into()).await?;
//! let base_url = fake.url();
//! // let a client talk to `base_url` with the token `fake-token` and the account `act_1234567890`
//! assert!(fake.state().raw_pii.is_empty());
//! fake.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Control routes
//!
//! | call | body | answer |
//! |---|---|---|
//! | `POST /_fake/faults` | a [`Fault`] | `{"number":1}` |
//! | `DELETE /_fake/faults` | | clears faults, throttles, expired tokens and revoked terms |
//! | `GET /_fake/state` | | a [`StateView`] |
//! | `POST /_fake/clock` | `{"advance_s":5400}` | `{"now":1767225600}` |
//! | `POST /_fake/audiences` | an [`AudienceChange`] | `{"id":"23850000000000042"}` |
//!
//! Control calls need no token and are not among the requests of the state. A body that is not understood answers 400
//! with a reason. A fault reads `{"match":{..},"action":{"kind":..},"applied":..}`:
//!
//! ```json
//! {"match":{"method":"POST","path":"*/users","nth":2},"action":{"kind":"error","code":2,"transient":true}}
//! {"match":{"path":"*/users","times":1},"action":{"kind":"close"},"applied":true}
//! {"match":{"probability":0.1,"seed":7},"action":{"kind":"html500"}}
//! {"action":{"kind":"throttle_until","minutes":5}}
//! ```
//!
//! `README.md` beside this crate lists every action and every change.

mod server;

mod control;
mod graph;
mod route;

mod call;
mod params;
mod reply;

mod auth;
mod batch;
mod errors;
mod fields;
mod filtering;
mod limits;
mod paging;
mod usage;

mod accounts;
mod audiences;
mod keys;
mod payload;
mod pii;
mod replace;
mod rows;
mod sessions;
mod users;

mod change;
mod clock;
mod faults;
mod log;
mod options;
mod state;
mod throttle;
mod view;

pub use change::AudienceChange;
pub use clock::Now;
pub use faults::{Action, ErrorAnswer, Fault, FaultView, Match};
pub use log::RequestView;
pub use options::{Options, Proof, RawPii, Rights, Samples, Token};
pub use pii::PiiFinding;
pub use server::FakeGraph;
pub use throttle::ThrottleViolation;
pub use view::{AudienceView, SessionView, StateView};

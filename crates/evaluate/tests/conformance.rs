//! Conformance: the numbered cases of the semantics that evaluation answers for, one test each.
//!
//! Those that others answer for:
//!
//! | case | what | where |
//! |---|---|---|
//! | 5 | a message sent twice counts once | `ingest`: `a_message_sent_twice_counts_once` (what is stored is counted here) |
//! | 25 | merges between runs | `fixtures/stories/merges-between-ticks.json`; `tests/facebook/merges.rs`, each row of the table |
//! | 26 | identifiers that disagree | `ingest`: `the_least_trusted_is_left_aside_first`, `an_address_outranks_a_browser_that_leads_to_somebody_else` |
//! | 27 | blocked values | `ingest`: `a_blocked_id_does_not_identify_and_the_event_still_lands` |
//! | 28 | limits on identifiers | `ingest`: `one_more_browser_than_a_week_allows_is_attached_a_week_later` |
//! | 29 | all, then nothing, a new destination all | `deliver::conformance`: `sends_everybody_and_then_nothing`; `engine`: `facebook_is_brought_in_step_and_left_alone` |
//! | 30 | edits send the difference | `fixtures/stories/edits.json`; `engine`: `every_change_says_why` |
//! | 31 | retiring | `fixtures/stories/paused-and-retired.json` for who is in; what is sent is the work of `engine` and `deliver` |
//! | 32 | deletion | `tests/privacy/`; `store` and `lake`: their `erase` tests |
//! | 33, 36 | SDKs against the tracking API | `tests/collect_node_sdks.py`, `tests/collect_python_sdk.py` |
//! | 34, 35 | limits and answers over HTTP | `collect`: `tests/http.rs` |

#[path = "conformance/accounts.rs"]
mod accounts;
#[path = "conformance/aggregates.rs"]
mod aggregates;
#[path = "conformance/conditions.rs"]
mod conditions;
#[path = "world/folder.rs"]
mod folder;
#[path = "conformance/runs.rs"]
mod runs;
#[path = "conformance/scene.rs"]
mod scene;
#[path = "conformance/sequences.rs"]
mod sequences;
mod world;
#[path = "world/written.rs"]
mod written;

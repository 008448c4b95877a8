//! The Facebook sink keeps the contract of sinks.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use deliver::Sink;
use deliver::conformance::{self, Rehearsal};
use model::{AudienceKey, PublicId};
use serde_json::json;

use crate::stage::Stage;

#[async_trait]
impl Rehearsal for Stage {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink)
    }

    fn minimum(&self) -> u32 {
        100
    }

    async fn held(&self, audience: &AudienceKey) -> BTreeSet<PublicId> {
        Stage::held(self, audience.as_str()).into_iter().map(PublicId).collect()
    }

    async fn writes(&self) -> u64 {
        self.fake.state().requests.iter().filter(|request| request.method != "GET").count() as u64
    }

    async fn lose_next_answer(&self) {
        self.fake.clear_faults();
        self.fault(json!({ "match": { "method": "POST", "times": 1 }, "action": { "kind": "close" }, "applied": true }));
        self.fault(json!({ "match": { "method": "DELETE", "times": 1 }, "action": { "kind": "close" }, "applied": true }));
    }

    async fn set_down(&self, down: bool) {
        self.fake.clear_faults();
        if down {
            self.fault(json!({ "action": { "kind": "close" }, "applied": false }));
        }
    }
}

#[tokio::test]
async fn facebook_keeps_the_contract() {
    conformance::all(async || Stage::new("").await).await;
}

//! Receipts: what was done where, signed, so that it can be shown later that this is what was said.
//!
//! The signature is an HMAC-SHA256, by the workspace's key of hashes, of the word `receipt`, a NUL and the receipt as JSON without
//! white space, its members in order of their names, `signature` left out.

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{DestinationKey, Moment};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use store::{Erasure, ErasureCounts, ErasureState, LeftState, StoreError};

use super::EraseError;
use crate::Workspace;

const PURPOSE: &[u8] = b"receipt\0";
const SIGNATURE: &str = "signature";

/// How an erasure stands as a whole: as its worst part does, apart from what was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureStatus {
    /// Nothing is left.
    Finished,
    /// It is under way, or was when its process died.
    Running,
    /// A destination has not let the person go.
    Waiting,
}

/// What was done where. Never whom it was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The erasure.
    pub erasure: String,
    /// The store it was done in.
    pub workspace: String,
    /// How it stands.
    pub status: ErasureStatus,
    /// When it was asked for, in RFC 3339, as all moments here.
    pub requested_at: String,
    /// Who asked.
    pub requested_by: String,
    /// Whether what is said later is refused as well.
    pub suppressed: bool,
    /// Until when what happened is refused.
    pub erased_at: Option<String>,
    /// When nothing was left.
    pub finished_at: Option<String>,
    /// Each destination that was ever sent anything.
    pub destinations: Vec<LeftReceipt>,
    /// What was erased here.
    pub here: HereReceipt,
    /// What somebody should look at.
    pub remarks: Vec<String>,
    /// Of all of this.
    pub signature: String,
}

/// How it stands here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HereReceipt {
    /// How far it is.
    pub state: ErasureState,
    /// What went.
    #[serde(flatten)]
    pub counts: ErasureCounts,
}

/// How it stands at a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftReceipt {
    /// Where.
    pub destination: DestinationKey,
    /// Whether the person is gone.
    pub state: LeftState,
    /// Rows that were there.
    pub rows: u64,
    /// What a person should know.
    pub message: Option<String>,
    /// When it was tried last.
    pub at: String,
}

impl Workspace {
    /// What an erasure has come to.
    ///
    /// # Errors
    /// When there is none of this name, or the store fails.
    pub async fn receipt(&self, erasure_id: &str) -> Result<Receipt, EraseError> {
        let erasure = self.erasure(erasure_id).await?;
        Ok(self.receipt_of(erasure).await?)
    }

    /// The latest ones, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn receipts(&self, limit: u32) -> Result<Vec<Receipt>, EraseError> {
        let mut receipts = Vec::new();
        for erasure in self.store.erasures(limit).await? {
            receipts.push(self.receipt_of(erasure).await?);
        }
        Ok(receipts)
    }

    /// Whether a receipt, as JSON, says what this workspace said.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn vouches_for(&self, receipt: &Value) -> Result<bool, StoreError> {
        let mut receipt = receipt.clone();
        let signature = receipt.as_object_mut().and_then(|members| members.remove(SIGNATURE));
        let Some(Value::String(signature)) = signature else { return Ok(false) };
        let Some(signature) = bytes(&signature) else { return Ok(false) };
        let key = self.store.hash_key().await?;
        Ok(mac(&key, &receipt).verify_slice(&signature).is_ok())
    }

    async fn receipt_of(&self, erasure: Erasure) -> Result<Receipt, StoreError> {
        let status = status(&erasure);
        let left = erasure.destinations.into_iter().map(|left| LeftReceipt {
            destination: left.destination,
            state: left.state,
            rows: left.rows,
            message: left.message,
            at: left.at.rfc3339(),
        });
        let mut receipt = Receipt {
            erasure: erasure.erasure_id,
            workspace: self.store.workspace_id().await?,
            status,
            requested_at: erasure.requested_at.rfc3339(),
            requested_by: erasure.requested_by,
            suppressed: erasure.suppress,
            erased_at: erasure.erased_at.map(Moment::rfc3339),
            finished_at: erasure.finished_at.map(Moment::rfc3339),
            destinations: left.collect(),
            here: HereReceipt { state: erasure.state, counts: erasure.counts },
            remarks: remarks(&erasure.counts),
            signature: String::new(),
        };
        let key = self.store.hash_key().await?;
        let mut unsigned = serde_json::to_value(&receipt).expect("texts and numbers always become JSON");
        unsigned.as_object_mut().expect("a receipt is an object").remove(SIGNATURE);
        receipt.signature = mac(&key, &unsigned).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(receipt)
    }
}

fn status(erasure: &Erasure) -> ErasureStatus {
    let waits = erasure.destinations.iter().any(|left| left.state == LeftState::Waiting);
    match erasure.state {
        ErasureState::Finished => ErasureStatus::Finished,
        ErasureState::Requested if waits => ErasureStatus::Waiting,
        ErasureState::Requested | ErasureState::Left | ErasureState::Erased => ErasureStatus::Running,
    }
}

fn remarks(counts: &ErasureCounts) -> Vec<String> {
    match counts.damaged_files {
        0 => Vec::new(),
        files => vec![format!(
            "{files} damaged inbox files (`*.damaged`) cannot be searched and may hold messages of anybody: look at them and remove them"
        )],
    }
}

fn mac(key: &str, unsigned: &Value) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(PURPOSE);
    // Members of an object are kept in order of their names.
    mac.update(unsigned.to_string().as_bytes());
    mac
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let places = (0..hex.len()).step_by(2);
    places.map(|place| u8::from_str_radix(hex.get(place..place + 2)?, 16).ok()).collect()
}

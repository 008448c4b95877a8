//! Who is calling and what they may do: the token, the proof, and the accounts they see.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::call::Call;
use crate::errors::{GraphError, GraphResult, no_permission};
use crate::options::{Proof, Rights};
use crate::state::State;

const PROOF_LIFE_S: i64 = 300;

/// What the caller's token allows.
pub(crate) struct Access {
    rights: Rights,
    accounts: Option<Vec<String>>,
}

/// Whether a call changes anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

impl Access {
    /// Whether the token sees the account at all.
    pub(crate) fn sees(&self, account: &str) -> bool {
        self.rights != Rights::None && self.accounts.as_ref().is_none_or(|seen| seen.iter().any(|number| number == account))
    }

    /// Refuses what the token may not do in the account.
    pub(crate) fn reach(&self, account: &str, intent: Intent) -> GraphResult<()> {
        if self.rights == Rights::None {
            return Err(GraphError::new(10, "(#10) Application does not have permission for this action").status(403));
        }
        if !self.sees(account) {
            return Err(no_permission("Ad account owner has NOT grant ads_management or ads_read permission"));
        }
        if intent == Intent::Write && self.rights == Rights::Read {
            return Err(no_permission("Permissions error: this needs ads_management"));
        }
        Ok(())
    }
}

/// `GET /debug_token`: what is known of a token.
pub(crate) fn describe(state: &State, call: &Call) -> GraphResult<Value> {
    let Some(token) = call.params.text("input_token") else {
        return Err(GraphError::invalid("(#100) The parameter input_token is required"));
    };
    let rights = rights_of(state, &token);
    let is_valid = rights.is_some() && !state.expired_tokens.contains(&token);
    let scopes: &[&str] = match rights {
        Some(Rights::Full) => &["ads_management", "ads_read"],
        Some(Rights::Read) => &["ads_read"],
        Some(Rights::None) | None => &[],
    };
    let expires_at = state.options.token_expires_at;
    let kind = if expires_at == 0 { "SYSTEM_USER" } else { "USER" };
    let mut data = json!({ "app_id": "990000000000002", "type": kind, "expires_at": expires_at, "is_valid": is_valid, "scopes": scopes });
    if !is_valid {
        data["error"] = json!({ "code": 190, "message": "Error validating access token" });
    }
    Ok(json!({ "data": data }))
}

fn rights_of(state: &State, token: &str) -> Option<Rights> {
    if token == state.options.token {
        return Some(Rights::Full);
    }
    state.options.more_tokens.iter().find(|known| known.token == token).map(|known| known.rights)
}

/// Checks the token and the proof.
pub(crate) fn admit(state: &State, call: &Call) -> GraphResult<Access> {
    let Some(sent) = &call.token else {
        return Err(GraphError::new(190, "An access token is required to request this resource.").status(401));
    };
    let token = sent.value.as_str();
    let access = if token == state.options.token {
        Access { rights: Rights::Full, accounts: None }
    } else if let Some(known) = state.options.more_tokens.iter().find(|known| known.token == token) {
        Access { rights: known.rights, accounts: known.accounts.clone() }
    } else {
        return Err(GraphError::new(190, "Invalid OAuth access token - Cannot parse access token"));
    };
    if state.expired_tokens.contains(token) {
        return Err(GraphError::new(190, "Error validating access token: Session has expired.").subcode(463));
    }
    check_proof(state, call, token)?;
    Ok(access)
}

fn check_proof(state: &State, call: &Call, token: &str) -> GraphResult<()> {
    let Some(sent) = &call.proof else {
        if state.options.proof == Proof::Required {
            return Err(GraphError::new(100, "API calls from the server require an appsecret_proof argument").kind("GraphMethodException"));
        }
        return Ok(());
    };
    let Some(secret) = &state.options.app_secret else {
        return Ok(());
    };
    let right = match &sent.time {
        None => sent.proof == proof_of(secret, token),
        Some(time) => {
            let fresh = time.parse::<i64>().is_ok_and(|at| (state.clock.now() - at).abs() <= PROOF_LIFE_S);
            fresh && sent.proof == proof_of(secret, &format!("{token}|{time}"))
        }
    };
    if right {
        return Ok(());
    }
    Err(GraphError::new(100, "Invalid appsecret_proof provided in the API argument").kind("GraphMethodException"))
}

fn proof_of(secret: &str, message: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(message.as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_a_plain_hmac() {
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(proof_of("Jefe", "what do ya want for nothing?"), expected);
    }
}

//! Turns: one writer per ad account in this process, however many destinations share the account.
//!
//! Facebook throttles many small uploads sooner than few large ones, and adds must not overtake removals. Other processes are
//! kept away by the engine's lease.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

/// Held while an account is written to.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;

static TURNS: LazyLock<Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>> = LazyLock::new(Mutex::default);

/// The turn of an account at one Graph API; the same for everybody who asks while somebody has it.
pub(super) fn turn_of(account: &str, base_url: &str) -> Turn {
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    turns.retain(|_, turn| turn.strong_count() > 0);
    let key = format!("{base_url} {account}");
    if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Turn::default();
    turns.insert(key, Arc::downgrade(&turn));
    turn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_of_one_account_share_a_turn() {
        let one = turn_of("12", "https://graph.example.com");
        assert!(Arc::ptr_eq(&one, &turn_of("12", "https://graph.example.com")));
        assert!(!Arc::ptr_eq(&one, &turn_of("13", "https://graph.example.com")));
        assert!(!Arc::ptr_eq(&one, &turn_of("12", "https://other.example.com")));
    }
}

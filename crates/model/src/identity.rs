//! Rules of identity: which kinds of identifiers find a profile, how far each is trusted, and how many one profile may have.
//!
//! Segment calls them identity resolution settings; its defaults hold here, named values and numbers alike.

use std::fmt;

use crate::{Collection, Identifier, IdentifierKind, Moment, Refusal};

/// All rules of a workspace. There is always a rule for every kind of [`IdentifierKind::KNOWN`].
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityRules {
    /// A rule for each kind, the most trusted first: of a message's identifiers that disagree, the last one is left aside.
    kinds: Vec<KindRule>,
    /// Profiles that may be merged into one; what would be more does not merge.
    pub merges_max: u32,
    /// Identifiers that one profile may have; what would be more is not attached.
    pub identifiers_max: u32,
}

/// What holds for identifiers of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRule {
    /// The kind.
    pub kind: IdentifierKind,
    /// Whether it finds users or accounts.
    pub collection: Collection,
    /// How many values one profile may have.
    pub limit: Limit,
    /// Values that identify nobody, beside those of [`Refusal::Blocked`].
    pub blocked: Vec<BlockedValue>,
    /// Traits and properties that hold one, in every spelling; beside where messages have it anyway.
    pub fields: Vec<String>,
}

/// How many values of a kind one profile may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many; at least one.
    pub most: u32,
    /// Of those that were attached within so long.
    pub per: Period,
}

/// What a limit counts: a period slides, and ends with the message that would add a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// All of them.
    Ever,
    /// Those of 7 days.
    Week,
    /// Those of 30 days.
    Month,
    /// Those of 365 days.
    Year,
}

/// Values that identify nobody, in any letter case; `*` stands for anything, also for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedValue(String);

const DAY_MICROS: i64 = 86_400_000_000;

impl Default for IdentityRules {
    /// `user_id`, `email`, then the others by name; one `user_id` and five of every other kind; 100 merges and 1,000
    /// identifiers.
    fn default() -> Self {
        Self::new(IdentifierKind::KNOWN.map(KindRule::of).to_vec(), &[], 100, 1_000)
    }
}

impl IdentityRules {
    /// Rules of these kinds; those that messages have anyway and that are not named get the default. `priority` comes first, in
    /// its order, then `user_id`, `email` and all others by name.
    pub fn new(mut kinds: Vec<KindRule>, priority: &[IdentifierKind], merges_max: u32, identifiers_max: u32) -> Self {
        for known in IdentifierKind::KNOWN {
            if !kinds.iter().any(|rule| rule.kind.as_str() == known) {
                kinds.push(KindRule::of(known));
            }
        }
        let rank = |kind: &IdentifierKind| {
            let named = priority.iter().position(|first| first == kind);
            (named.unwrap_or(priority.len()), trust(kind.as_str()), kind.clone())
        };
        kinds.sort_by_cached_key(|rule| rank(&rule.kind));
        Self { kinds, merges_max, identifiers_max }
    }

    /// The rules, the most trusted kind first.
    pub fn kinds(&self) -> &[KindRule] {
        &self.kinds
    }

    /// The rule of a kind, if it is one that finds anybody.
    pub fn kind(&self, name: &str) -> Option<&KindRule> {
        self.kinds.iter().find(|rule| rule.kind.as_str() == name)
    }

    /// The identifier that a value is, by its kind's rule.
    ///
    /// # Errors
    /// The reason why it identifies nobody.
    pub fn identifier(&self, kind: &str, raw: &str) -> Result<Identifier, Refusal> {
        let Some(rule) = self.kind(kind) else { return Err(Refusal::UnknownKind) };
        let identifier = Identifier::parse(&rule.kind, raw)?;
        if rule.blocks(&identifier.value) { Err(Refusal::Blocked) } else { Ok(identifier) }
    }
}

impl fmt::Debug for IdentityRules {
    /// What differs from the default, and the order of trust.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        if *self == default {
            return f.write_str("IdentityRules(default)");
        }
        let mut shown = f.debug_map();
        for rule in &self.kinds {
            match default.kind(rule.kind.as_str()) {
                Some(same) if same == rule => shown.entry(&rule.kind.as_str(), &format_args!("default")),
                _ => shown.entry(&rule.kind.as_str(), rule),
            };
        }
        shown.entry(&"merges_max", &self.merges_max).entry(&"identifiers_max", &self.identifiers_max).finish()
    }
}

impl KindRule {
    /// The default for a kind.
    pub fn of(kind: &str) -> Self {
        let most = if kind == IdentifierKind::USER_ID { 1 } else { 5 };
        let collection = if kind == IdentifierKind::GROUP_ID { Collection::Accounts } else { Collection::Users };
        let fields = if kind == IdentifierKind::PHONE { vec![kind.to_owned()] } else { Vec::new() };
        Self { kind: IdentifierKind::new(kind), collection, limit: Limit { most, per: Period::Ever }, blocked: Vec::new(), fields }
    }

    /// Whether a normalized value is one of its own that identify nobody.
    pub fn blocks(&self, value: &str) -> bool {
        !self.blocked.is_empty() && self.blocked.iter().any(|blocked| blocked.is(value))
    }
}

impl Period {
    /// The word in definitions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ever => "ever",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// After when something attached still counts at a moment; always when absent.
    pub fn since(self, now: Moment) -> Option<Moment> {
        let days = match self {
            Self::Ever => return None,
            Self::Week => 7,
            Self::Month => 30,
            Self::Year => 365,
        };
        Some(Moment::from_micros(now.micros() - days * DAY_MICROS))
    }
}

impl BlockedValue {
    /// Takes a pattern; blank ones are none.
    pub fn new(pattern: &str) -> Option<Self> {
        let pattern = pattern.trim().to_lowercase();
        (!pattern.is_empty()).then_some(Self(pattern))
    }

    /// Whether it stands for everything.
    pub fn is_everything(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*')
    }

    fn is(&self, value: &str) -> bool {
        let value = value.to_lowercase();
        let Some((start, rest)) = self.0.split_once('*') else { return self.0 == value };
        let Some(mut left) = value.strip_prefix(start) else { return false };
        let mut parts: Vec<&str> = rest.split('*').collect();
        let end = parts.pop().unwrap_or_default();
        for part in parts {
            match left.find(part) {
                Some(place) => left = &left[place + part.len()..],
                None => return false,
            }
        }
        left.ends_with(end)
    }
}

/// `user_id`, `email`, then all others.
fn trust(kind: &str) -> u8 {
    match kind {
        IdentifierKind::USER_ID => 0,
        IdentifierKind::EMAIL => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(rules: &IdentityRules) -> Vec<&str> {
        rules.kinds().iter().map(|rule| rule.kind.as_str()).collect()
    }

    #[test]
    fn kinds_stand_in_order_of_trust() {
        let by_name = ["android.id", "android.idfa", "android.push_token", "anonymous_id", "ga_client_id", "group_id"];
        let expected: Vec<&str> = ["user_id", "email"].into_iter().chain(by_name).chain(["ios.id", "ios.idfa", "ios.push_token"]).collect();
        assert_eq!(order(&IdentityRules::default()), expected);
        let own = vec![KindRule::of("loyalty_id"), KindRule::of("braze_id")];
        let rules = IdentityRules::new(own, &["loyalty_id", "email"].map(IdentifierKind::new), 1, 1);
        assert_eq!(order(&rules)[..4], ["loyalty_id", "email", "user_id", "android.id"]);
        assert_eq!(order(&rules)[7], "braze_id");
    }

    #[test]
    fn blocked_values_are_blocked_in_any_case() {
        let blocks = |pattern: &str, value: &str| BlockedValue::new(pattern).expect("a pattern").is(value);
        assert!(blocks("test@example.com", "test@example.com"));
        assert!(blocks("TEST*", "test-7") && blocks("test*", "Test") && !blocks("test*", "a test"));
        assert!(blocks("*@example.invalid", "a@example.invalid") && !blocks("*@example.invalid", "a@example.com"));
        assert!(blocks("a*b*c", "a-b-b-c") && blocks("a*b*c", "abc") && !blocks("a*b*c", "acb"));
        assert!(!blocks("ab*ba", "aba"));
        assert!(BlockedValue::new("**").expect("a pattern").is_everything());
        assert_eq!(BlockedValue::new("  "), None);
    }

    #[test]
    fn values_follow_the_rule_of_their_kind() {
        let blocked = vec![BlockedValue::new("*@example.invalid").expect("a pattern")];
        let rules = IdentityRules::new(vec![KindRule { blocked, ..KindRule::of("email") }], &[], 1, 1);
        assert_eq!(rules.identifier("email", "A@Example.Invalid"), Err(Refusal::Blocked));
        assert_eq!(rules.identifier("email", "A@Example.Com").map(|found| found.value), Ok("a@example.com".to_owned()));
        assert_eq!(rules.identifier("email", "null"), Err(Refusal::Blocked));
        assert_eq!(rules.identifier("loyalty_id", "7"), Err(Refusal::UnknownKind));
    }

    #[test]
    fn periods_slide() {
        let now = Moment::from_micros(400 * DAY_MICROS);
        let days = |period: Period| period.since(now).map(|since| (now.micros() - since.micros()) / DAY_MICROS);
        assert_eq!([Period::Ever, Period::Week, Period::Month, Period::Year].map(days), [None, Some(7), Some(30), Some(365)]);
    }
}

//! Kinds of identifiers by number, in order of trust, and where messages have them.

use std::sync::Arc;

use model::{Collection, IdentifierKind, IdentityRules, KindRule};

/// A kind, as its place among the rules: smaller is more trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Kind(u8);

/// The rules of a workspace, ready to be asked for every message.
#[derive(Debug, Clone)]
pub(crate) struct Kinds {
    rules: Arc<IdentityRules>,
    pub(crate) user_id: Kind,
    pub(crate) email: Kind,
    pub(crate) anonymous_id: Kind,
    pub(crate) group_id: Kind,
    pub(crate) ga_client_id: Kind,
    pub(crate) android: DeviceKinds,
    pub(crate) ios: DeviceKinds,
    /// Kinds that traits or properties hold.
    fields: Vec<Kind>,
}

/// The kinds of a system's device ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeviceKinds {
    pub(crate) installation: Kind,
    pub(crate) advertising: Kind,
    pub(crate) push_token: Kind,
}

impl Kinds {
    pub(crate) fn new(rules: Arc<IdentityRules>) -> Self {
        let place = |name: &str| rules.kinds().iter().position(|rule| rule.kind.as_str() == name);
        let known = |name: &str| number(place(name).expect("there is a rule for each known kind"));
        Self {
            user_id: known(IdentifierKind::USER_ID),
            email: known(IdentifierKind::EMAIL),
            anonymous_id: known(IdentifierKind::ANONYMOUS_ID),
            group_id: known(IdentifierKind::GROUP_ID),
            ga_client_id: known(IdentifierKind::GA_CLIENT_ID),
            android: DeviceKinds {
                installation: known(IdentifierKind::ANDROID_ID),
                advertising: known(IdentifierKind::ANDROID_IDFA),
                push_token: known(IdentifierKind::ANDROID_PUSH_TOKEN),
            },
            ios: DeviceKinds {
                installation: known(IdentifierKind::IOS_ID),
                advertising: known(IdentifierKind::IOS_IDFA),
                push_token: known(IdentifierKind::IOS_PUSH_TOKEN),
            },
            fields: (0..).zip(rules.kinds()).filter(|(_, rule)| !rule.fields.is_empty()).map(|(place, _)| number(place)).collect(),
            rules,
        }
    }

    /// All rules.
    pub(crate) fn rules(&self) -> &IdentityRules {
        &self.rules
    }

    /// The rule of a kind.
    pub(crate) fn rule(&self, kind: Kind) -> &KindRule {
        &self.rules.kinds()[kind.index()]
    }

    /// The name of a kind.
    pub(crate) fn name(&self, kind: Kind) -> &str {
        self.rule(kind).kind.as_str()
    }

    /// The kind of this name, if it is one that finds anybody.
    pub(crate) fn named(&self, name: &str) -> Option<Kind> {
        self.rules.kinds().iter().position(|rule| rule.kind.as_str() == name).map(number)
    }

    /// Whether it finds users or accounts.
    pub(crate) fn collection(&self, kind: Kind) -> Collection {
        self.rule(kind).collection
    }

    /// Kinds that traits or properties hold, and the names of those.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Kind, &[String])> {
        self.fields.iter().map(|kind| (*kind, self.rule(*kind).fields.as_slice()))
    }
}

impl Kind {
    /// As an index into dense arrays.
    pub(crate) fn index(self) -> usize {
        self.0.into()
    }
}

fn number(place: usize) -> Kind {
    Kind(u8::try_from(place).expect("the settings name far fewer kinds"))
}

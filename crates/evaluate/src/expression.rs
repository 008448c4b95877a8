//! Expressions: an audience as boolean algebra over bitmaps.
//!
//! Every expression is read within a scope, the profiles it may speak about; a negation is the rest of the scope.
//! Since each profile is decided on its own, reading parts in ever smaller scopes changes nothing but the cost.

use std::collections::BTreeMap;

use model::{AudienceKey, Lookback, Membership};
use roaring::RoaringBitmap;

use crate::leaf::LeafId;
use crate::operator::Clock;
use crate::owners::Links;
use crate::past::Past;
use crate::recorded::Recorded;
use crate::sample::sample;

/// Who is in, said with leaves and other audiences.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    None(Vec<Expression>),
    Leaf(LeafId),
    Member(AudienceKey),
    NotMember(AudienceKey),
    MemberFor(AudienceKey, Lookback),
    Entered(AudienceKey, Lookback),
    Exited(AudienceKey, Lookback),
    /// Of accounts: a user of theirs meets this.
    AnyUser(Box<Expression>),
    /// Of accounts: they have users, and all of these meet this.
    AllUsers(Box<Expression>),
    /// Of users: an account of theirs meets this.
    Account(Box<Expression>),
    Sample(f64, String),
}

/// What expressions speak about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// For each leaf, the profiles for which it is true.
    pub(crate) leaves: &'a [RoaringBitmap],
    /// The audiences evaluated so far.
    pub(crate) memberships: &'a BTreeMap<AudienceKey, Membership>,
    pub(crate) links: &'a Links,
    pub(crate) people: &'a model::People,
    pub(crate) recorded: &'a Recorded,
    pub(crate) clock: Clock,
}

/// An audience that was referred to before it was evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NotYetEvaluated(pub(crate) AudienceKey);

impl Expression {
    /// The profiles of the scope for which the expression is true.
    pub(crate) fn within(&self, scope: &RoaringBitmap, known: Known<'_>) -> Result<RoaringBitmap, NotYetEvaluated> {
        match self {
            Self::All(parts) => {
                let mut rest = scope.clone();
                for part in parts {
                    rest = part.within(&rest, known)?;
                }
                Ok(rest)
            }
            Self::Any(parts) => any(parts, scope, known),
            Self::None(parts) => Ok(scope - any(parts, scope, known)?),
            Self::Leaf(LeafId(number)) => Ok(scope & &known.leaves[*number]),
            Self::Member(audience) => Ok(scope & members(audience, known)?),
            Self::NotMember(audience) => Ok(scope - members(audience, known)?),
            Self::MemberFor(audience, at_least) => Ok(scope & past(audience, known)?.throughout(*at_least)),
            Self::Entered(audience, within) => Ok(scope & past(audience, known)?.entered(*within)),
            Self::Exited(audience, within) => Ok(scope & past(audience, known)?.exited(*within)),
            Self::AnyUser(inner) => {
                let users = users_of(scope, known.links);
                let found = inner.within(&users, known)?;
                Ok(scope & accounts_of(&found, known.links))
            }
            Self::AllUsers(inner) => {
                let users = users_of(scope, known.links);
                let rest = &users - inner.within(&users, known)?;
                Ok(scope & (accounts_of(&users, known.links) - accounts_of(&rest, known.links)))
            }
            Self::Account(inner) => {
                let found = inner.within(&accounts_of(scope, known.links), known)?;
                Ok(scope & users_of(&found, known.links))
            }
            Self::Sample(percent, salt) => Ok(sample(scope, *percent, salt)),
        }
    }
}

impl Expression {
    /// Visits every part, groups included, until one says `false`; whether none did.
    pub(crate) fn depends_on(&self, visit: &mut dyn FnMut(&Self) -> bool) -> bool {
        visit(self)
            && match self {
                Self::All(parts) | Self::Any(parts) | Self::None(parts) => parts.iter().all(|part| part.depends_on(visit)),
                Self::AnyUser(inner) | Self::AllUsers(inner) | Self::Account(inner) => inner.depends_on(visit),
                Self::Leaf(_)
                | Self::Member(_)
                | Self::NotMember(_)
                | Self::MemberFor(..)
                | Self::Entered(..)
                | Self::Exited(..)
                | Self::Sample(..) => true,
            }
    }
}

fn any(parts: &[Expression], scope: &RoaringBitmap, known: Known<'_>) -> Result<RoaringBitmap, NotYetEvaluated> {
    let mut found = RoaringBitmap::new();
    for part in parts {
        found |= part.within(scope, known)?;
    }
    Ok(found)
}

fn members<'a>(audience: &AudienceKey, known: Known<'a>) -> Result<&'a RoaringBitmap, NotYetEvaluated> {
    known.memberships.get(audience).map(Membership::bitmap).ok_or_else(|| NotYetEvaluated(audience.clone()))
}

fn past<'a>(audience: &AudienceKey, known: Known<'a>) -> Result<Past<'a>, NotYetEvaluated> {
    let Clock { as_of, zone } = known.clock;
    let recorded = known.recorded.audiences.get(audience);
    Ok(Past { people: known.people, recorded, members: members(audience, known)?, as_of, zone })
}

fn users_of(accounts: &RoaringBitmap, links: &Links) -> RoaringBitmap {
    links.pairs().iter().filter(|(_, account)| accounts.contains(*account)).map(|(user, _)| *user).collect()
}

fn accounts_of(users: &RoaringBitmap, links: &Links) -> RoaringBitmap {
    links.pairs().iter().filter(|(user, _)| users.contains(*user)).map(|(_, account)| *account).collect()
}

#[cfg(test)]
mod tests {
    use model::{AccountLink, AsOf, Moment, People, ProfileId};

    use super::*;

    fn bitmap(profiles: &[u32]) -> RoaringBitmap {
        profiles.iter().copied().collect()
    }

    fn leaf(number: usize) -> Expression {
        Expression::Leaf(LeafId(number))
    }

    /// Leaf 0 is true for 1 and 2, leaf 1 for 2 and 3; `known` has 3 as its member. The scope is 1 to 4. Users 1 and 2
    /// belong to account 3, user 2 to account 4 too.
    fn ask(expression: &Expression) -> Result<RoaringBitmap, NotYetEvaluated> {
        let leaves = [bitmap(&[1, 2, 9]), bitmap(&[2, 3])];
        let known_key = AudienceKey::parse("known").expect("plain");
        let memberships = BTreeMap::from([(known_key, Membership::from_bitmap(bitmap(&[3, 9])))]);
        let link = |user, account| AccountLink { user: ProfileId(user), account: ProfileId(account), since: Moment::from_micros(0) };
        let people = People { links: vec![link(1, 3), link(2, 3), link(2, 4)], ..People::default() };
        let clock = Clock { as_of: AsOf(Moment::from_micros(0)), zone: chrono_tz::UTC };
        let (links, recorded) = (Links::of(&people, clock.as_of), Recorded::default());
        let known = Known { leaves: &leaves, memberships: &memberships, links: &links, people: &people, recorded: &recorded, clock };
        expression.within(&bitmap(&[1, 2, 3, 4]), known)
    }

    #[track_caller]
    fn check(expression: &Expression, expected: &[u32]) {
        assert_eq!(ask(expression), Ok(bitmap(expected)));
    }

    #[test]
    fn groups_are_plain_logic() {
        check(&Expression::All(vec![leaf(0), leaf(1)]), &[2]);
        check(&Expression::Any(vec![leaf(0), leaf(1)]), &[1, 2, 3]);
        check(&Expression::None(vec![leaf(0), leaf(1)]), &[4]);
        check(&Expression::None(vec![Expression::All(vec![leaf(0), leaf(1)])]), &[1, 3, 4]);
        check(&Expression::All(vec![]), &[1, 2, 3, 4]);
        check(&Expression::Any(vec![]), &[]);
    }

    #[test]
    fn references_are_read_within_the_scope() {
        let key = AudienceKey::parse("known").expect("plain");
        check(&Expression::Member(key.clone()), &[3]);
        check(&Expression::NotMember(key), &[1, 2, 4]);
    }

    #[test]
    fn an_audience_not_yet_evaluated_is_an_error() {
        let key = AudienceKey::parse("later").expect("plain");
        assert_eq!(ask(&Expression::Member(key.clone())), Err(NotYetEvaluated(key)));
    }

    #[test]
    fn quantifiers_go_along_links() {
        let boxed = |number| Box::new(leaf(number));
        check(&Expression::AnyUser(boxed(0)), &[3, 4]);
        check(&Expression::AnyUser(boxed(1)), &[3, 4]);
        check(&Expression::AllUsers(boxed(0)), &[3, 4]);
        check(&Expression::AllUsers(boxed(1)), &[4]);
        check(&Expression::None(vec![Expression::AnyUser(boxed(1))]), &[1, 2]);
        check(&Expression::Account(boxed(1)), &[1, 2]);
        check(&Expression::Account(Box::new(Expression::None(vec![leaf(1)]))), &[2]);
    }
}

//! Expressions: an audience as boolean algebra over bitmaps.
//!
//! Every expression is read within a scope, the profiles it may speak about; a negation is the rest of the scope.
//! Since each profile is decided on its own, reading parts in ever smaller scopes changes nothing but the cost.

use std::collections::BTreeMap;

use model::{AudienceKey, Membership};
use roaring::RoaringBitmap;

use crate::leaf::LeafId;

/// Who is in, said with leaves and other audiences.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    None(Vec<Expression>),
    Leaf(LeafId),
    Member(AudienceKey),
    NotMember(AudienceKey),
}

/// What expressions speak about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// For each leaf, the profiles for which it is true.
    pub(crate) leaves: &'a [RoaringBitmap],
    /// The audiences evaluated so far.
    pub(crate) memberships: &'a BTreeMap<AudienceKey, Membership>,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bitmap(profiles: &[u32]) -> RoaringBitmap {
        profiles.iter().copied().collect()
    }

    fn leaf(number: usize) -> Expression {
        Expression::Leaf(LeafId(number))
    }

    /// Leaf 0 is true for 1 and 2, leaf 1 for 2 and 3; `known` has 3 as its member. The scope is 1 to 4.
    #[track_caller]
    fn check(expression: &Expression, expected: &[u32]) {
        let leaves = [bitmap(&[1, 2, 9]), bitmap(&[2, 3])];
        let known_key = AudienceKey::parse("known").expect("plain");
        let memberships = BTreeMap::from([(known_key, Membership::from_bitmap(bitmap(&[3, 9])))]);
        let known = Known { leaves: &leaves, memberships: &memberships };
        assert_eq!(expression.within(&bitmap(&[1, 2, 3, 4]), known), Ok(bitmap(expected)));
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
        let known = Known { leaves: &[], memberships: &BTreeMap::new() };
        assert_eq!(Expression::Member(key.clone()).within(&bitmap(&[1]), known), Err(NotYetEvaluated(key)));
    }
}

//! `above`, `at_least`, `below`, `at_most`, and how numbers are read and compared.
//!
//! Numbers compare as what they are mathematically: whole numbers beyond 2^53 never pass through a float.

use std::cmp::Ordering;

use super::{Element, Verdict};

/// A number as exactly as it was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Exact {
    Float(f64),
    Integer(i128),
}

/// The first float beyond every 128-bit integer (2^127).
const INTEGERS_END: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

impl Exact {
    /// A number, or a text that is entirely a decimal number: `19.99`, `-5`, `007`; not `$5`, `1e3`, `.5` or an empty one.
    pub(crate) fn read(element: Element<'_>) -> Option<Self> {
        match element {
            Element::Number(number) => Some(Self::Float(number)),
            Element::Integer(integer) => Some(Self::Integer(integer)),
            Element::Text(text) => read_decimal(text),
            Element::Flag(_) | Element::Object => None,
        }
    }

    /// The same number as an integer, where it is one of 128 bits: numbers that compare as equal are then the same.
    pub(crate) fn whole(self) -> Self {
        match self {
            Self::Float(float) if float.fract() == 0.0 && (-INTEGERS_END..INTEGERS_END).contains(&float) =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "checked: whole and inside the range of i128")]
                Self::Integer(float as i128)
            }
            Self::Float(_) | Self::Integer(_) => self,
        }
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Float(a), Self::Integer(b)) => compare_mixed(a, b),
            (Self::Integer(a), Self::Float(b)) => compare_mixed(b, a).reverse(),
        }
    }
}

fn read_decimal(text: &str) -> Option<Exact> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    if fraction.bytes().all(|byte| byte == b'0') {
        let signed = &text[..text.len() - unsigned.len() + whole.len()];
        if let Ok(integer) = signed.parse() {
            return Some(Exact::Integer(integer));
        }
    }
    text.parse().ok().map(Exact::Float)
}

fn compare_mixed(float: f64, integer: i128) -> Ordering {
    if float >= INTEGERS_END {
        return Ordering::Greater;
    }
    if float < -INTEGERS_END {
        return Ordering::Less;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked: whole and inside the range of i128")]
    let whole = float.trunc() as i128;
    whole.cmp(&integer).then_with(|| float.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal))
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Test {
    Above(Exact),
    AtLeast(Exact),
    Below(Exact),
    AtMost(Exact),
}

impl Test {
    pub(super) fn verdict(self, element: Element<'_>) -> Verdict {
        let Some(number) = Exact::read(element) else {
            return Verdict::Unreadable;
        };
        let against = |bound: Exact| number.compare(bound);
        let holds = match self {
            Self::Above(bound) => against(bound).is_gt(),
            Self::AtLeast(bound) => against(bound).is_ge(),
            Self::Below(bound) => against(bound).is_lt(),
            Self::AtMost(bound) => against(bound).is_le(),
        };
        holds.into()
    }

    /// The floats that pass, both ends included; `None` for a bound that is no float.
    pub(super) fn interval(self) -> Option<(f64, f64)> {
        let (Self::Above(bound) | Self::AtLeast(bound) | Self::Below(bound) | Self::AtMost(bound)) = self;
        let Exact::Float(bound) = bound else { return None };
        Some(match self {
            Self::Above(_) => (bound.next_up(), f64::INFINITY),
            Self::AtLeast(_) => (bound, f64::INFINITY),
            Self::Below(_) => (f64::NEG_INFINITY, bound.next_down()),
            Self::AtMost(_) => (f64::NEG_INFINITY, bound),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimals_are_numbers() {
        for (text, expected) in [("5", 5.0), ("5.0", 5.0), ("-19.99", -19.99), ("007", 7.0), ("-0", 0.0)] {
            let read = Exact::read(Element::Text(text)).expect(text);
            assert!(read.compare(Exact::Float(expected)).is_eq(), "{text}");
        }
        for text in ["", "-", "$5", "5 ", " 5", "1e3", ".5", "5.", "+5", "5,0", "0x5", "inf", "NaN", "١"] {
            assert_eq!(Exact::read(Element::Text(text)), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_beyond_2_to_the_53_keep_their_last_digit() {
        let odd = Exact::Integer(9_007_199_254_740_993);
        assert!(odd.compare(Exact::Float(9_007_199_254_740_992.0)).is_gt());
        assert!(Exact::Float(9_007_199_254_740_994.0).compare(odd).is_gt());
        assert!(Exact::read(Element::Text("9007199254740993.0")).expect("decimal").compare(odd).is_eq());
        assert!(Exact::Float(f64::MAX).compare(Exact::Integer(i128::MAX)).is_gt());
        assert!(Exact::Float(-1.5).compare(Exact::Integer(-1)).is_lt());
        assert!(Exact::Float(-1.5).compare(Exact::Integer(-2)).is_gt());
    }
}

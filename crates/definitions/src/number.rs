//! Numbers as the YAML 1.2 core schema writes them.

/// A whole number: decimal with an optional sign, `0x` or `0o`. `None` when it is none, or does not fit in 128 bits.
pub(crate) fn integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x") {
        return unsigned(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return unsigned(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Without the sign that `from_str_radix` would accept after the prefix.
fn unsigned(digits: &str, radix: u32) -> Option<i128> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    i128::from_str_radix(digits, radix).ok()
}

/// Whether plain text is a number in the core schema.
pub(crate) fn is_number(text: &str) -> bool {
    let radix_form = |prefix: &str, radix: u32| {
        text.strip_prefix(prefix).is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)))
    };
    if radix_form("0x", 16) || radix_form("0o", 8) {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent))
}

/// As a float, when finite. Not necessarily exact: [`is_exact`] tells.
pub(crate) fn float(text: &str) -> Option<f64> {
    if let Some(integer) = integer(text) {
        #[expect(clippy::cast_precision_loss, reason = "callers that need exactness ask `is_exact`")]
        return Some(integer as f64);
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite() && is_number(text))
}

/// Whether the float says the same decimal number as the text.
pub(crate) fn is_exact(text: &str, float: f64) -> bool {
    if let Some(integer) = integer(text) {
        #[expect(clippy::cast_possible_truncation, reason = "a float out of range saturates, and then differs")]
        return float as i128 == integer;
    }
    significant(text) == significant(&float.to_string())
}

/// Sign, digits without zeroes at either end, and the power of ten of the first digit.
fn significant(text: &str) -> (bool, String, i64) {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let trimmed = digits.trim_matches('0').to_owned();
    if trimmed.is_empty() {
        return (false, trimmed, 0);
    }
    let places = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let power = exponent.parse::<i64>().unwrap_or(i64::MAX).saturating_add(places(whole.len())).saturating_sub(places(leading));
    (negative, trimmed, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_decides_what_is_a_number() {
        for text in ["0", "007", "-1", "+41", "1.5", ".5", "1.", "1e3", "1E-3", "0x1F", "0o17", ".inf", "-.Inf", ".nan"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", ".", "e3", "1e", "1_000", "0b1", "1,5", "12:30:00", "2025-01-01", "inf", "NaN", "0x", "--1", "-0x1"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn a_float_is_exact_when_it_reads_back_the_same() {
        for text in ["0.1", "19.99", "1e3", "1000.0", "-0", "0.000", "1.50e-7", "9007199254740992", "1e22"] {
            assert!(is_exact(text, float(text).expect(text)), "{text}");
        }
        for text in ["9007199254740993", "0.12345678901234567891", "123456789012345678.5"] {
            assert!(!is_exact(text, float(text).expect(text)), "{text}");
        }
        assert_eq!(float("1e999"), None);
        assert_eq!(float(".inf"), None);
    }
}

//! `LOOKALIKE_VALUE`: what somebody is worth, a finite number of 0 or more. It is sent as it is.

/// The shortest decimal text of the number.
pub(super) fn normalize(trimmed: &str) -> Option<String> {
    let number: f64 = trimmed.parse().ok()?;
    // Adding nothing makes a zero of a negative zero.
    (number.is_finite() && number >= 0.0).then(|| (number + 0.0).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_zero_or_more_are_values() {
        let cases = [
            ("12.50", Some("12.5")),
            ("100", Some("100")),
            ("0", Some("0")),
            ("-0", Some("0")),
            ("1e3", Some("1000")),
            ("-1", None),
            ("inf", None),
            ("NaN", None),
            ("1e999", None),
            ("$5", None),
            ("1,000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(normalize(text).as_deref(), expected, "{text}");
        }
    }
}

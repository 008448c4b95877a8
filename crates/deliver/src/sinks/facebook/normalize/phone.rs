//! `PHONE`: digits with the calling code in front.
//!
//! A number in national form gets the calling code of its country; without a known country it goes as it is, which
//! Facebook tries against the countries of its own guess.

use std::str::FromStr as _;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::text;

const DIGITS_MIN: usize = 7;
const DIGITS_MAX: usize = 15;

/// The digits, or nothing when they are no phone number.
pub(super) fn normalize(trimmed: &str, country: Option<&str>) -> Option<String> {
    if let Some(digits) = plainly_international(trimmed) {
        return in_range(&digits);
    }
    let ascii = text::ascii_digits(trimmed).replace('\u{ff0b}', "+");
    let main = without_extension(&ascii);
    let all_digits: String = main.chars().filter(char::is_ascii_digit).collect();
    let international = starts_with_plus(main) || all_digits.starts_with("00");
    let full = match country {
        _ if international => international_digits(main, &all_digits),
        Some(country) => national_digits(&all_digits, country).unwrap_or(all_digits),
        None => all_digits,
    };
    in_range(&full)
}

/// The digits without zeroes in front, when there are as many as a phone number has.
fn in_range(digits: &str) -> Option<String> {
    let digits = digits.trim_start_matches('0');
    (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()).then(|| digits.to_owned())
}

/// The digits of a number such as `+1 (415) 555-0142`, as most are written: a plus sign, digits and what sets them apart.
fn plainly_international(trimmed: &str) -> Option<String> {
    let rest = trimmed.strip_prefix('+')?;
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'(' | b')' | b'-' | b'.' | b'/');
    (rest.bytes().all(is_plain) && !rest.contains("(0)")).then(|| rest.chars().filter(char::is_ascii_digit).collect())
}

/// Cuts at `ext`, `x`, `#` or `;`, once a digit has been seen.
fn without_extension(ascii: &str) -> &str {
    let Some(first_digit) = ascii.find(|c: char| c.is_ascii_digit()) else { return ascii };
    let lowered = ascii.to_ascii_lowercase();
    let marks = ["ext", "x", "#", ";"];
    let cut = marks.iter().filter_map(|mark| lowered[first_digit..].find(mark)).min();
    cut.map_or(ascii, |offset| &ascii[..first_digit + offset])
}

/// Whether a plus sign comes before the first digit.
fn starts_with_plus(main: &str) -> bool {
    main.find('+').is_some_and(|plus| main.find(|c: char| c.is_ascii_digit()).is_some_and(|digit| plus < digit))
}

/// `+44 (0)20 ...` shows the zero to dial at home; abroad it is wrong, except in countries that keep it.
fn international_digits(main: &str, all_digits: &str) -> String {
    if !main.contains("(0)") {
        return all_digits.to_owned();
    }
    let international = format!("+{}", all_digits.trim_start_matches('0'));
    e164(&international, None).unwrap_or_else(|| all_digits.to_owned())
}

/// The number with its calling code, without the trunk prefix where the country has one. A number that already begins
/// with the calling code stays, when what follows is a number of that country.
fn national_digits(all_digits: &str, country: &str) -> Option<String> {
    let region = Region::from_str(country).ok()?;
    let calling_code = PHONE_NUMBER_UTIL.get_country_code_for_region(region)?.to_string();
    let with_code = || PHONE_NUMBER_UTIL.parse(format!("+{all_digits}"), None).ok();
    if all_digits.starts_with(&calling_code) && with_code().is_some_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number)) {
        return Some(all_digits.to_owned());
    }
    e164(all_digits, Some(region))
}

fn e164(number: &str, region: Option<Region>) -> Option<String> {
    let parsed = PHONE_NUMBER_UTIL.parse(number, region).ok()?;
    let formatted = PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::E164);
    let digits: String = formatted.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

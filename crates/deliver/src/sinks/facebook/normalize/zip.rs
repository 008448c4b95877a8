//! `ZIP`: five digits in the United States, the whole code without separators elsewhere.

use super::text;

/// The code, or nothing when it is none.
pub(super) fn normalize(trimmed: &str, country: Option<&str>) -> Option<String> {
    let compact: String = text::lower(&text::ascii_digits(trimmed)).chars().filter(|c| !c.is_whitespace()).collect();
    if country == Some("us") || (country.is_none() && is_zip_plus_four(&compact)) {
        return united_states(&compact);
    }
    let code: String = compact.chars().filter(|c| c.is_alphanumeric()).collect();
    (code.chars().count() >= 2).then_some(code)
}

/// Five digits; spreadsheets drop leading zeroes, so three and four digits get them back.
fn united_states(compact: &str) -> Option<String> {
    let first = compact.split('-').next().unwrap_or(compact);
    let digits: String = first.chars().filter(char::is_ascii_digit).take(5).collect();
    (digits.len() >= 3 && first.chars().all(|c| !c.is_alphabetic())).then(|| format!("{digits:0>5}"))
}

fn is_zip_plus_four(compact: &str) -> bool {
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    compact.split_once('-').is_some_and(|(zip, four)| zip.len() == 5 && four.len() == 4 && all_digits(zip) && all_digits(four))
}

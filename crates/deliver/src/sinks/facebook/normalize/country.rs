//! `COUNTRY`: ISO 3166-1 alpha-2, never by cutting a longer text.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::text;

/// Names people write that the standard does not list, folded to letters.
#[rustfmt::skip]
const NAMES: [(&str, &str); 60] = [
    ("uk", "gb"), ("unitedkingdom", "gb"), ("greatbritain", "gb"), ("britain", "gb"), ("england", "gb"), ("scotland", "gb"),
    ("wales", "gb"), ("northernireland", "gb"), ("unitedstates", "us"), ("america", "us"), ("theunitedstates", "us"),
    ("unitedstatesofamerica", "us"), ("theunitedstatesofamerica", "us"), ("southkorea", "kr"), ("republicofkorea", "kr"),
    ("korea", "kr"), ("northkorea", "kp"), ("russia", "ru"), ("czechrepublic", "cz"), ("turkey", "tr"), ("turkiye", "tr"),
    ("vietnam", "vn"), ("taiwan", "tw"), ("iran", "ir"), ("syria", "sy"), ("laos", "la"), ("moldova", "md"),
    ("tanzania", "tz"), ("bolivia", "bo"), ("venezuela", "ve"), ("ivorycoast", "ci"), ("holland", "nl"),
    ("thenetherlands", "nl"), ("netherlands", "nl"), ("uae", "ae"), ("unitedarabemirates", "ae"), ("palestine", "ps"),
    ("brunei", "bn"), ("capeverde", "cv"), ("swaziland", "sz"), ("macedonia", "mk"), ("northmacedonia", "mk"),
    ("burma", "mm"), ("easttimor", "tl"), ("vaticancity", "va"), ("vatican", "va"), ("macau", "mo"), ("micronesia", "fm"),
    ("falklandislands", "fk"), ("congokinshasa", "cd"), ("democraticrepublicofthecongo", "cd"), ("drcongo", "cd"),
    ("congobrazzaville", "cg"), ("republicofthecongo", "cg"), ("britishvirginislands", "vg"), ("usvirginislands", "vi"),
    ("sainthelena", "sh"), ("saintmartin", "mf"), ("sintmaarten", "sx"), ("slovakrepublic", "sk"),
];

/// Two lower-case letters, or nothing when no such country exists.
pub(super) fn normalize(trimmed: &str) -> Option<String> {
    let compact: String = text::lower(trimmed).chars().filter(|c| *c != '.').collect();
    let code = text::trimmed(&compact).to_ascii_uppercase();
    let by_code = match code.len() {
        2 => rust_iso3166::from_alpha2(&code),
        3 => rust_iso3166::from_alpha3(&code),
        _ => None,
    };
    if let Some(country) = by_code {
        return Some(country.alpha2.to_ascii_lowercase());
    }
    by_name(&text::folded(trimmed))
}

fn by_name(name: &str) -> Option<String> {
    static BY_NAME: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let official = rust_iso3166::ALL.iter().map(|country| (text::folded(country.name), country.alpha2.to_ascii_lowercase()));
        official.chain(NAMES.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned()))).collect()
    });
    BY_NAME.get(name).cloned()
}

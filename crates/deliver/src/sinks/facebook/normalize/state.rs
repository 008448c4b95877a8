//! `ST`: two letters in the United States and Canada, the whole name elsewhere.

use super::text;

#[rustfmt::skip]
const UNITED_STATES: [(&str, &str); 59] = [
    ("alabama", "al"), ("alaska", "ak"), ("arizona", "az"), ("arkansas", "ar"), ("california", "ca"), ("colorado", "co"),
    ("connecticut", "ct"), ("delaware", "de"), ("florida", "fl"), ("georgia", "ga"), ("hawaii", "hi"), ("idaho", "id"),
    ("illinois", "il"), ("indiana", "in"), ("iowa", "ia"), ("kansas", "ks"), ("kentucky", "ky"), ("louisiana", "la"),
    ("maine", "me"), ("maryland", "md"), ("massachusetts", "ma"), ("michigan", "mi"), ("minnesota", "mn"),
    ("mississippi", "ms"), ("missouri", "mo"), ("montana", "mt"), ("nebraska", "ne"), ("nevada", "nv"),
    ("newhampshire", "nh"), ("newjersey", "nj"), ("newmexico", "nm"), ("newyork", "ny"), ("northcarolina", "nc"),
    ("northdakota", "nd"), ("ohio", "oh"), ("oklahoma", "ok"), ("oregon", "or"), ("pennsylvania", "pa"),
    ("rhodeisland", "ri"), ("southcarolina", "sc"), ("southdakota", "sd"), ("tennessee", "tn"), ("texas", "tx"),
    ("utah", "ut"), ("vermont", "vt"), ("virginia", "va"), ("washington", "wa"), ("westvirginia", "wv"),
    ("wisconsin", "wi"), ("wyoming", "wy"), ("districtofcolumbia", "dc"), ("washingtondc", "dc"), ("puertorico", "pr"),
    ("guam", "gu"), ("virginislands", "vi"), ("usvirginislands", "vi"), ("americansamoa", "as"),
    ("northernmarianaislands", "mp"), ("commonwealthofthenorthernmarianaislands", "mp"),
];

#[rustfmt::skip]
const CANADA: [(&str, &str); 15] = [
    ("alberta", "ab"), ("britishcolumbia", "bc"), ("manitoba", "mb"), ("newbrunswick", "nb"), ("newfoundland", "nl"),
    ("newfoundlandandlabrador", "nl"), ("novascotia", "ns"), ("northwestterritories", "nt"), ("nunavut", "nu"),
    ("ontario", "on"), ("princeedwardisland", "pe"), ("quebec", "qc"), ("saskatchewan", "sk"), ("yukon", "yt"),
    ("yukonterritory", "yt"),
];

/// The state's letters.
pub(super) fn normalize(trimmed: &str, country: Option<&str>) -> String {
    let name = text::folded(trimmed);
    let table: &[(&str, &str)] = match country {
        None | Some("us") => &UNITED_STATES,
        Some("ca") => &CANADA,
        Some(_) => &[],
    };
    match table.iter().find(|(known, _)| *known == name) {
        Some((_, code)) => (*code).to_owned(),
        None => name,
    }
}

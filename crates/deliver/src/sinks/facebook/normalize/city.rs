//! `CT`: a to z.

use super::text;

/// How letters beyond a to z are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sinks::facebook) enum CityStyle {
    /// Folded to a to z, as the guide's text asks: `Málaga` is `malaga`.
    Fold,
    /// Dropped, as other vendors do: `Málaga` is `mlaga`.
    Strip,
    /// Kept, as the events' documents ask.
    Utf8,
}

/// The city's letters.
pub(super) fn normalize(trimmed: &str, style: CityStyle) -> String {
    match style {
        CityStyle::Fold => text::folded(trimmed),
        CityStyle::Strip => text::lower(trimmed).chars().filter(char::is_ascii_lowercase).collect(),
        CityStyle::Utf8 => text::letters(trimmed),
    }
}

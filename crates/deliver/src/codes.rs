//! Codes of what sinks find in definitions, beside those that reading them finds.

/// Code and explanation, by code.
pub const CODES: &[(&str, &str)] = &[
    ("audience-name", "An audience's name, put into the destination's template, is none that the destination takes."),
    ("in-the-clear", "Calls to a destination are not encrypted, so whoever passes them on reads who is in."),
    ("invalid-option", "An option of a destination is none that its sink takes."),
    ("missing-secret", "A secret that a destination needs is not set."),
    ("no-client", "The way to a destination could not be set up."),
    (
        "secret-in-definition",
        "A secret stands in a destination's file, which belongs under version control; name the variable or file that holds it.",
    ),
    ("unknown-match-key", "`match_on` names something that the destination cannot find people by."),
    ("unknown-sink", "A destination's `type` is no sink."),
    ("unknown-word", "An option of a destination has a value that is none of its words."),
    ("weak-match", "What is matched on finds too few people, or the wrong ones."),
];

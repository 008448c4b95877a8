//! The editor schema accepts and refuses what the checker does, on the same fixtures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use definitions::observed::{Observed, ObservedEvent, ObservedValues};
use definitions::schema::{Vocabulary, schema};
use definitions::{CODES, Data, Node, Severity, load, read_tree};
use jsonschema::Validator;
use model::{EventName, Moment, ValueType};
use serde_json::{Value, json};

/// Mistakes that are none of shape: the schema accepts a file that has only these, for this reason.
const BEYOND_SHAPE: &[(&str, &str)] = &[
    ("colliding-titles", "looks at other files"),
    ("contradiction", "compares values with each other"),
    ("count-before-then", "looks at two keys of a step together"),
    ("cycle", "looks at other files"),
    ("duplicate-sync", "compares the destinations of several syncs"),
    ("empty-window", "compares moments with each other"),
    ("key-not-file-name", "looks at the file's name"),
    ("nested-too-deep", "counts through a schema that refers to itself"),
    ("other-collection", "looks at other files"),
    ("retired-audience", "looks at other files"),
    ("too-many-conditions", "counts over the whole file"),
    ("unknown-destination", "looks at other files"),
    ("unknown-identifier", "looks at the settings"),
    ("value-not-number", "looks at other files"),
];

fn validator(vocabulary: &Vocabulary) -> Validator {
    jsonschema::draft7::new(&schema(vocabulary)).expect("a valid schema")
}

/// A tree as the JSON that an editor's language server would see.
fn to_json(node: &Node) -> Value {
    match &node.data {
        Data::Null => Value::Null,
        Data::Flag(flag) => json!(flag),
        Data::Number(text) => number(text),
        Data::Text(text) => json!(text),
        Data::List(items) => items.iter().map(to_json).collect(),
        Data::Map(entries) => entries.iter().map(|(key, value)| (key.text.clone(), to_json(value))).collect(),
    }
}

/// A number that JSON cannot say is one it has no word for, as in YAML: infinite, or none.
fn number(text: &str) -> Value {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).map(|number| json!(number));
    match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => radix(digits, 16).unwrap_or(Value::Null),
        (_, Some(digits)) => radix(digits, 8).unwrap_or(Value::Null),
        _ => text.parse::<i64>().map_or_else(|_| json!(text.parse::<f64>().ok()), |number| json!(number)),
    }
}

/// The audience, trait and model files of a case, as far as they are YAML; the path is relative to the case.
fn files(case: &Path) -> Vec<(PathBuf, Value)> {
    let mut files = Vec::new();
    for folder in ["audiences", "traits", "models"] {
        let Ok(entries) = fs::read_dir(case.join(folder)) else { continue };
        for entry in entries {
            let path = Path::new(folder).join(entry.expect("an entry").file_name());
            if path.extension().is_none_or(|ending| ending != "yaml") || path.ends_with(".hidden.yaml") {
                continue;
            }
            let Ok(text) = fs::read_to_string(case.join(&path)) else { continue };
            if let Ok(tree) = read_tree(&path, &text) {
                files.push((path, to_json(&tree)));
            }
        }
    }
    files
}

fn cases(sort: &str) -> Vec<PathBuf> {
    let folder = Path::new("../../fixtures/definitions").join(sort);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).expect("the fixtures").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}

#[test]
fn every_valid_file_is_accepted() {
    let validator = validator(&Vocabulary::default());
    let mut accepted = 0;
    for case in cases("valid") {
        for (path, file) in files(&case) {
            let errors: Vec<String> = validator.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {}: {errors:#?}", case.display(), path.display());
            accepted += 1;
        }
    }
    assert!(accepted > 20, "only {accepted} files");
}

#[test]
fn what_is_wrong_in_shape_is_refused_and_nothing_else() {
    let validator = validator(&Vocabulary::default());
    let beyond: BTreeMap<&str, &str> = BEYOND_SHAPE.iter().copied().collect();
    for code in beyond.keys() {
        assert!(CODES.iter().any(|(known, _)| known == code), "`{code}` is no code");
    }
    let (mut wrong, mut shown) = (Vec::new(), BTreeSet::new());
    for case in cases("invalid") {
        let loaded = load(&case);
        for (path, file) in files(&case) {
            let errors = loaded.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
            let codes: BTreeSet<&str> = errors
                .filter(|finding| finding.place.as_ref().is_some_and(|place| place.file == path))
                .map(|finding| finding.code)
                .collect();
            if codes.is_empty() {
                continue;
            }
            shown.extend(codes.iter().copied());
            let refused = !validator.is_valid(&file);
            let expected = codes.iter().any(|code| !beyond.contains_key(code));
            if refused != expected {
                let name = case.file_name().expect("a name").to_string_lossy();
                let verb = if refused { "refused" } else { "accepted" };
                wrong.push(format!("{name}/{}: {verb}, with {codes:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let unshown: Vec<_> = beyond.keys().filter(|code| !shown.contains(*code)).collect();
    assert!(unshown.is_empty(), "in the table, and shown by no case: {unshown:?}");
}

/// A shop with one event and one trait seen.
fn shop() -> Vocabulary {
    let seen = |value_type| ObservedValues { types: BTreeMap::from([(value_type, 7)]), days: None };
    let event = ObservedEvent {
        count: 12,
        first_at: Moment::parse("2025-01-01").expect("a date"),
        last_at: Moment::parse("2025-03-01").expect("a date"),
        properties: BTreeMap::from([("price".to_owned(), seen(ValueType::Number)), ("a.b".to_owned(), seen(ValueType::Text))]),
        sources: BTreeMap::new(),
    };
    let observed = Observed {
        events: BTreeMap::from([(EventName::parse("Order Completed").expect("plain"), event)]),
        traits: BTreeMap::from([("plan".to_owned(), seen(ValueType::Text))]),
    };
    let named = |key: &str| BTreeMap::from([(key.to_owned(), "What it is.".to_owned())]);
    Vocabulary { observed, audiences: named("buyers"), destinations: named("facebook_main"), computed: named("orders") }
}

#[test]
fn the_companys_own_names_are_offered_and_not_demanded() {
    let with_names = schema(&shop());
    let definitions = &with_names["definitions"];
    let event = json!({ "enum": ["Order Completed"], "description": "12 events, first on 2025-01-01, last on 2025-03-01." });
    assert_eq!(definitions["event_name"]["anyOf"][0], event);
    assert_eq!(definitions["audience_key"]["anyOf"][0]["enum"], json!(["buyers"]));
    assert_eq!(definitions["destination_key"]["anyOf"][0]["enum"], json!(["facebook_main"]));
    let text = with_names.to_string();
    for known in ["Seen 7 with a number.", "Seen 7 with a text.", "What it is. (computed)", r#""a\\.b""#] {
        assert!(text.contains(known), "{known} is nowhere");
    }
    // The same files are accepted and refused, whatever is known.
    let (plain, knowing) = (validator(&Vocabulary::default()), validator(&shop()));
    for case in cases("valid").into_iter().chain(cases("invalid")) {
        for (path, file) in files(&case) {
            assert_eq!(plain.is_valid(&file), knowing.is_valid(&file), "{}: {}", case.display(), path.display());
        }
    }
}

#[test]
fn every_key_and_operator_explains_itself() {
    let schema = schema(&Vocabulary::default());
    let mut bare = Vec::new();
    find_bare("", &schema["definitions"], &mut bare);
    assert!(bare.is_empty(), "{bare:?}");
    for snippet in schema["defaultSnippets"].as_array().expect("snippets") {
        assert!(snippet["body"]["who"].is_object() && snippet["label"].is_string());
    }
}

/// The properties without a description, wherever they stand but in rules.
fn find_bare(at: &str, schema: &Value, bare: &mut Vec<String>) {
    let Value::Object(members) = schema else { return };
    if let Some(Value::Object(properties)) = members.get("properties") {
        bare.extend(properties.iter().filter(|(_, value)| !value["description"].is_string()).map(|(name, _)| format!("{at}/{name}")));
    }
    for (name, value) in members {
        match value {
            Value::Object(properties) if name == "properties" => {
                properties.iter().for_each(|(name, value)| find_bare(&format!("{at}/{name}"), value, bare));
            }
            Value::Object(_) if !matches!(name.as_str(), "if" | "then" | "else" | "not") => find_bare(&format!("{at}/{name}"), value, bare),
            Value::Array(items) if name != "allOf" => items.iter().for_each(|item| find_bare(&format!("{at}/{name}"), item, bare)),
            _ => {}
        }
    }
}

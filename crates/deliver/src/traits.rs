//! Traits by name, as destinations name them: some lie inside an object.

use std::collections::BTreeMap;

use model::Value;

/// The trait of that name, or what lies there inside objects. A name that holds dots itself comes first.
pub(crate) fn trait_at<'t>(traits: &'t BTreeMap<String, Value>, name: &str) -> Option<&'t Value> {
    if let Some(value) = traits.get(name) {
        return Some(value);
    }
    let (outer, inner) = name.split_once('.')?;
    match traits.get(outer)? {
        Value::Object(members) => trait_at(members, inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(members: &[(&str, Value)]) -> Value {
        Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    #[test]
    fn dots_go_into_objects() {
        let city = |name: &str| object(&[("city", name.into())]);
        let traits = BTreeMap::from([
            ("name".to_owned(), "Mary".into()),
            ("home".to_owned(), object(&[("address", city("Graz")), ("v1.0", "Linz".into())])),
            ("work".to_owned(), city("Wien")),
            ("work.city".to_owned(), "Bonn".into()),
        ]);
        let check = |name: &str, expected: Option<&str>| assert_eq!(trait_at(&traits, name), expected.map(Value::from).as_ref(), "{name}");
        check("name", Some("Mary"));
        check("home.address.city", Some("Graz"));
        check("home.v1.0", Some("Linz"));
        check("work.city", Some("Bonn"));
        check("name.first", None);
        check("home.city", None);
        check("street", None);
    }
}

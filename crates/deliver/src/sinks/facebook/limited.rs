//! Limited data use: whose data Facebook may not use in full, for the laws of some states.
//!
//! `limited_data_use: everybody`, or the name of a trait that is true for those who opted out. Facebook wants the flags with
//! every audience anew, so they travel as cells of each row.

use definitions::{Data, Diagnostic, Node};
use model::{Person, Value};

use super::key::Key;
use super::row::Cell;
use crate::traits::trait_at;

const LIMITED: &str = "LDU";
const EVERYBODY: &str = "everybody";

/// Whose data is limited, and by which place's law.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limited {
    who: Who,
    /// Facebook's numbers of a country and a state; without them Facebook locates people itself.
    place: Option<(u32, u32)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Who {
    Everybody,
    /// Those of whom this trait is true.
    Trait(String),
}

impl Limited {
    /// Reads the option: a word, or a map with the place.
    pub(super) fn read(node: &Node) -> Result<Self, Diagnostic> {
        let help =
            "write `everybody`, or the trait of those who opted out: `limited_data_use: { who: ccpa_opt_out, country: 1, state: 1000 }`";
        if let Data::Text(_) = node.data {
            return Ok(Self { who: who(node)?, place: None });
        }
        let mut fields = node.as_map().map_err(|problem| problem.help(help))?;
        let named = fields.require("who").map_err(|problem| problem.help(help));
        let (country, state) = (fields.take("country"), fields.take("state"));
        if let Some(problem) = fields.finish().into_iter().next() {
            return Err(problem);
        }
        let place = match (country, state) {
            (None, None) => None,
            (Some(country), Some(state)) => Some((place_number(country)?, place_number(state)?)),
            (Some(_), None) | (None, Some(_)) => {
                let message = "a country and a state are given together, or Facebook locates people itself";
                return Err(Diagnostic::error("invalid-option", message).at(&node.place).help(help));
            }
        };
        Ok(Self { who: who(named?)?, place })
    }

    /// The cells that a person's rows carry: none for those whose data is not limited.
    pub(super) fn cells(&self, person: &Person) -> Vec<(Key, Cell)> {
        let is_limited = match &self.who {
            Who::Everybody => true,
            Who::Trait(name) => trait_at(&person.traits, name).is_some_and(is_yes),
        };
        if !is_limited {
            return Vec::new();
        }
        let place = self.place.map(|(country, state)| {
            [(Key::ProcessingCountry, country.to_string().into()), (Key::ProcessingState, state.to_string().into())]
        });
        [(Key::Processing, LIMITED.into())].into_iter().chain(place.into_iter().flatten()).collect()
    }
}

fn who(node: &Node) -> Result<Who, Diagnostic> {
    match node.as_text()?.trim() {
        "" => Err(Diagnostic::error("empty-text", "no trait has an empty name").at(&node.place)),
        EVERYBODY => Ok(Who::Everybody),
        name => Ok(Who::Trait(name.to_owned())),
    }
}

/// Facebook's number of a country or a state, such as 1 for the USA and 1000 for California.
fn place_number(node: &Node) -> Result<u32, Diagnostic> {
    u32::try_from(node.as_integer()?)
        .map_err(|_| Diagnostic::error("invalid-option", "not a number Facebook gives a place").at(&node.place))
}

/// Opting out must not be missed for a spelling: what says yes in any usual way does.
fn is_yes(value: &Value) -> bool {
    match value {
        Value::Flag(flag) => *flag,
        Value::Text(text) => matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "yes" | "y" | "1"),
        Value::Number(_) | Value::Integer(_) => value.to_text().is_some_and(|text| text == "1"),
        Value::List(_) | Value::Object(_) => false,
    }
}

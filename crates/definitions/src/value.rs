//! Values of example people: what a message would carry.
//!
//! Keys are names, as in a message, and no paths. `null` is refused, though a message may carry it: whoever writes an
//! example wants a missing value, and leaving the key out says so plainly.

use std::collections::BTreeMap;

use model::Value;

use crate::diagnostic::Diagnostic;
use crate::meaning::Scalar;
use crate::quote::quoted;
use crate::scalar;
use crate::scope::Scope;
use crate::tree::{Data, Key, Node};

/// The values of a map, by name.
pub(crate) fn values(node: &Node, scope: &mut Scope) -> Option<BTreeMap<String, Value>> {
    let entries = scope.keep(node.as_map())?.rest();
    let mut values = BTreeMap::new();
    let mut complete = true;
    for (key, value) in entries {
        warn_of_dots(key, scope);
        match self::value(value, scope) {
            Some(value) => {
                values.insert(key.text.clone(), value);
            }
            None => complete = false,
        }
    }
    complete.then_some(values)
}

fn value(node: &Node, scope: &mut Scope) -> Option<Value> {
    match &node.data {
        Data::Null => {
            let finding = Diagnostic::error("null-value", "a missing value is not written").at(&node.place);
            scope.report(finding.help("leave it out; `\"\"` is the empty text"));
            None
        }
        Data::List(items) => {
            let values: Vec<Option<Value>> = items.iter().map(|item| value(item, scope)).collect();
            values.into_iter().collect::<Option<Vec<Value>>>().map(Value::List)
        }
        Data::Map(_) => values(node, scope).map(Value::Object),
        Data::Flag(_) | Data::Number(_) | Data::Text(_) => scalar::scalar(node, scope).map(of_scalar),
    }
}

/// The value that a constant equals.
pub(crate) fn of_scalar(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Flag(flag) => Value::Flag(flag),
        Scalar::Number(number) => Value::Number(number),
        Scalar::Integer(integer) => Value::from_integer(integer),
        Scalar::Text(text) => Value::Text(text),
    }
}

fn warn_of_dots(key: &Key, scope: &mut Scope) {
    let Some((outer, inner)) = key.text.split_once('.') else { return };
    let message = format!("{} is one name here, as in a message", quoted(&key.text));
    let finding = Diagnostic::warning("dotted-name", message).at(&key.place);
    let nested = format!("{outer}: {{ {inner}: ... }}");
    scope.report(finding.help(format!("to put a value inside an object, write {}", quoted(&nested))));
}

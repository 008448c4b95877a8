//! Models: `models/*.yaml`. Whether the file or the database is there is not known here.

use std::collections::BTreeMap;

use model::{ModelKey, RowModel, RowSource, RowTraits, SecretPlace};

use crate::csv::column;
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::named::{description, file_key};
use crate::quote::quoted;
use crate::scope::Scope;
use crate::settings::variable_name;
use crate::tree::{Data, Node};
use crate::when;

/// Longest query that is taken, in bytes.
const SQL_BYTES_MAX: usize = 65_535;

/// Reads one file's tree. `stem` is the file's name without its ending.
pub(crate) fn row_model(stem: &str, root: &Node, scope: &mut Scope) -> Option<RowModel> {
    let errors = scope.errors();
    let mut fields = scope.keep(root.as_map())?;
    let parsed = ModelKey::parse(stem);
    let key = parsed.as_ref().ok().cloned();
    file_key("model", stem, parsed.map(drop), &mut fields, scope);
    let description = description(&mut fields, scope);
    let from = fields.require("from").map_err(|finding| finding.help_or("say where the rows are: `from: { file: data/members.csv }`"));
    let from = scope.keep(from).and_then(|node| source(node, scope));
    let primary_key = fields.require("primary_key").map_err(|finding| finding.help_or("name the column that tells rows apart"));
    let primary_key = scope.keep(primary_key).and_then(|node| column(node, scope));
    let identify = fields.require("identify").map_err(|finding| finding.help_or("name a column: `identify: { user_id: member_id }`"));
    let [user_id, anonymous_id, email] = scope.keep(identify).map(|node| identify_columns(node, scope)).unwrap_or_default();
    let traits = fields.take("traits").map_or(Some(RowTraits::Of(BTreeMap::new())), |node| traits(node, scope));
    let every = fields.take("every").map_or(Some(None), |node| every(node, scope).map(Some));
    scope.findings.extend(fields.finish());
    if scope.errors() > errors {
        return None;
    }
    let (from, primary_key, traits, every) = (from?, primary_key?, traits?, every?);
    Some(RowModel { key: key?, description: description?, from, primary_key, user_id, anonymous_id, email, traits, every })
}

fn source(node: &Node, scope: &mut Scope) -> Option<RowSource> {
    const HELP: &str = "write `{ file: data/members.csv }`, or `{ sql: \"SELECT ...\", database: { env: WAREHOUSE_URL } }`";
    let Data::Map(_) = &node.data else {
        scope.report(node.wrong_type("where the rows are").help(HELP));
        return None;
    };
    let mut fields = scope.keep(node.as_map())?;
    let (file, sql, database) = (fields.take_entry("file"), fields.take_entry("sql"), fields.take_entry("database"));
    let place = fields.place();
    scope.findings.extend(fields.finish());
    match (file, sql, database) {
        (Some((_, node)), None, None) => one_line("a file has no name", node, scope).map(RowSource::File),
        (None, Some((_, sql)), Some((_, database))) => {
            let sql = query(sql, scope);
            let database = secret_place(database, scope);
            Some(RowSource::Query { sql: sql?, database: database? })
        }
        (Some((file, _)), Some((other, _)), _) | (Some((file, _)), None, Some((other, _))) => {
            let message = format!("`file` and `{}` exclude each other", other.text);
            scope.report(
                Diagnostic::error("conflicting-keys", message).at(&other.place).label(&file.place, "`file` stands here").help(HELP),
            );
            None
        }
        (None, None, None) => {
            scope.report(Diagnostic::error("missing-key", "nothing says where the rows are").at(place).help(HELP));
            None
        }
        (None, Some(_), None) => {
            scope.report(Diagnostic::error("missing-key", "nothing says which database to ask").at(place).help(HELP));
            None
        }
        (None, None, Some(_)) => {
            scope.report(Diagnostic::error("missing-key", "nothing says what to ask the database").at(place).help(HELP));
            None
        }
    }
}

fn query(node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?.trim().trim_end_matches(';').trim_end();
    let help = "write one `SELECT`, whose columns are those that the model names";
    if text.is_empty() {
        scope.report(Diagnostic::error("unknown-value", "the query is empty").at(&node.place).help(help));
        return None;
    }
    if text.len() > SQL_BYTES_MAX {
        let message = format!("a query has at most {SQL_BYTES_MAX} bytes");
        scope.report(Diagnostic::error("unknown-value", message).at(&node.place).help("make a view of it in the database"));
        return None;
    }
    Some(text.to_owned())
}

fn secret_place(node: &Node, scope: &mut Scope) -> Option<SecretPlace> {
    const HELP: &str = "write `{ env: WAREHOUSE_URL }`, or `{ file: /run/secrets/warehouse_url }`";
    if let Data::Text(text) = &node.data
        && text.contains("://")
    {
        let finding = Diagnostic::error("secret-in-file", "a database's URL does not belong in a file: it holds a password");
        scope.report(finding.at(&node.place).help(HELP));
        return None;
    }
    let Data::Map(_) = &node.data else {
        scope.report(node.wrong_type("where the database's URL is kept").help(HELP));
        return None;
    };
    let mut fields = scope.keep(node.as_map())?;
    let (env, file) = (fields.take_entry("env"), fields.take_entry("file"));
    let place = fields.place();
    scope.findings.extend(fields.finish());
    match (env, file) {
        (Some((_, node)), None) => variable_name(node, scope).map(SecretPlace::Env),
        (None, Some((_, node))) => one_line("a file has no name", node, scope).map(SecretPlace::File),
        (Some((env, _)), Some((file, _))) => {
            let finding = Diagnostic::error("conflicting-keys", "`env` and `file` exclude each other").at(&file.place);
            scope.report(finding.label(&env.place, "`env` stands here").help("keep one of them"));
            None
        }
        (None, None) => {
            scope.report(Diagnostic::error("missing-key", "nothing says where the database's URL is kept").at(place).help(HELP));
            None
        }
    }
}

fn one_line(empty: &str, node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?;
    if text.trim().is_empty() {
        scope.report(Diagnostic::error("unknown-value", empty).at(&node.place).help("write its path"));
        return None;
    }
    Some(text.to_owned())
}

/// The columns of user id, anonymous id and e-mail address.
fn identify_columns(node: &Node, scope: &mut Scope) -> [Option<String>; 3] {
    let Some(mut fields) = scope.keep(node.as_map()) else { return Default::default() };
    let taken = ["user_id", "anonymous_id", "email"].map(|name| fields.take(name));
    let place = fields.place();
    if taken.iter().all(Option::is_none) {
        let finding = Diagnostic::error("missing-key", "nothing says whom a row is about").at(place);
        scope.report(finding.help("name the column of at least one of `user_id`, `anonymous_id` or `email`"));
    }
    scope.findings.extend(fields.finish());
    taken.map(|node| node.and_then(|node| column(node, scope)))
}

fn traits(node: &Node, scope: &mut Scope) -> Option<RowTraits> {
    match &node.data {
        Data::Text(text) if text == "all" => Some(RowTraits::All),
        Data::Map(_) => {
            let fields: Fields<'_> = scope.keep(node.as_map())?;
            let mut traits = BTreeMap::new();
            for (key, value) in fields.rest() {
                traits.insert(key.text.clone(), column(value, scope)?);
            }
            Some(RowTraits::Of(traits))
        }
        _ => {
            scope.report(node.wrong_type("traits").help("write `all`, or traits and their columns: `{ first_name: first }`"));
            None
        }
    }
}

fn every(node: &Node, scope: &mut Scope) -> Option<model::Lookback> {
    let every = when::lookback(node, scope)?;
    if every.micros().is_none() {
        let message = format!("{} is no fixed length", quoted(&every.to_string()));
        scope.report(Diagnostic::error("unknown-value", message).at(&node.place).help("write minutes, hours, days or weeks"));
        return None;
    }
    Some(every)
}

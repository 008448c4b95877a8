//! `tests`: example people beside a definition, and whether they are in.
//!
//! Beyond the words of an ordinary person, an account has `users`, and a user has an `account`; neither goes deeper.
//! What is written of an account under `events` are things its users did.

use std::collections::{BTreeMap, BTreeSet};

use model::{AsOf, AudienceKey, Collection};

use crate::choice::choice;
use crate::diagnostic::{Diagnostic, Place};
use crate::event;
use crate::fields::{Fields, unknown_key};
use crate::meaning::{AudienceTest, TestEvent, TestPerson};
use crate::named::one_line;
use crate::quote::quoted;
use crate::scope::{Reference, Scope, duplicate_item};
use crate::tree::{Data, Node};
use crate::value;
use crate::when;

/// The tests of one audience as far as they were understood.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    pub(crate) tests: Vec<AudienceTest>,
    /// The audiences that people are said to be in.
    pub(crate) references: Vec<Reference>,
}

/// Reads the list of tests.
pub(crate) fn examples(node: &Node, scope: &mut Scope) -> Examples {
    let mut examples = Examples::default();
    if let Data::Map(_) | Data::Text(_) = &node.data {
        scope.report(node.wrong_type("a list of tests").help("begin each test with `- name: ` and what it shows"));
        return examples;
    }
    let Some(items) = scope.items(node) else { return examples };
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    for item in items {
        let Some(mut fields) = scope.keep(item.as_map()) else { continue };
        let name = take_name(&mut fields, scope);
        if let Some((name, place)) = &name {
            if let Some(first) = names.get(name) {
                let message = format!("two tests are called {}", quoted(name));
                let finding = Diagnostic::error("duplicate-test", message).at(place).label(first, "first here");
                scope.report(finding.help("give each a name of its own: it is what a failing test is known by"));
            } else {
                names.insert(name.clone(), place.clone());
            }
        }
        examples.tests.extend(test(name, fields, &mut examples.references, scope));
    }
    examples
}

fn take_name(fields: &mut Fields<'_>, scope: &mut Scope) -> Option<(String, Place)> {
    let node = fields.require("name").map_err(|finding| finding.help_or("say in a few words what the test shows"));
    let node = scope.keep(node)?;
    Some((one_line("test's name", node, scope)?, node.place.clone()))
}

fn test(name: Option<(String, Place)>, mut fields: Fields<'_>, references: &mut Vec<Reference>, scope: &mut Scope) -> Option<AudienceTest> {
    let as_of = fields
        .require_or("as_of", &["at", "now"])
        .map_err(|finding| finding.help_or("give the moment asked about: `as_of: 2025-06-10T12:00:00Z`"));
    let as_of = scope.keep(as_of).and_then(|node| when::timestamp(node, scope)).map(AsOf);
    let expect = fields.require("expect").map_err(|finding| finding.help_or("write `expect: in` or `expect: out`"));
    let expect_in = scope.keep(expect).and_then(|node| choice(node, "expect", &[("in", true), ("out", false)], scope));
    let node = fields
        .require_or("person", &["user", "profile", "account"])
        .map_err(|finding| finding.help_or("write `person: {}` for somebody nothing is known of"));
    let person = scope.keep(node).and_then(|node| PersonReader { as_of, references, scope }.person(node, Role::Subject));
    refuse_rest(fields, &["name", "as_of", "person", "expect"], &[], scope);
    let (name, place) = name?;
    Some(AudienceTest { name, place, as_of: as_of?, person: person?, expect_in: expect_in? })
}

/// Where in a test a person stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Who is asked about.
    Subject,
    /// A user of the account asked about, or the account of the user asked about.
    Other,
}

struct PersonReader<'a> {
    as_of: Option<AsOf>,
    references: &'a mut Vec<Reference>,
    scope: &'a mut Scope,
}

impl PersonReader<'_> {
    fn person(&mut self, node: &Node, role: Role) -> Option<TestPerson> {
        let mut fields = self.scope.keep(node.as_map())?;
        let errors = self.scope.errors();
        let traits = fields.take("traits").and_then(|node| value::values(node, self.scope)).unwrap_or_default();
        let audiences = fields.take("audiences").and_then(|node| self.audiences(node));
        let events = fields.take("events").map(|node| self.events(node)).unwrap_or_default();
        let mut known = vec!["traits", "audiences", "events"];
        let mut person = TestPerson { traits, audiences, events, users: Vec::new(), account: None };
        match (role, self.scope.collection) {
            (Role::Subject, Collection::Accounts) => {
                known.push("users");
                person.users = fields.take("users").map(|node| self.users(node)).unwrap_or_default();
            }
            (Role::Subject, Collection::Users) => {
                known.push("account");
                person.account = fields.take("account").and_then(|node| self.other(Collection::Accounts, node)).map(Box::new);
            }
            (Role::Other, _) => {}
        }
        self.misplaced(&mut fields, role);
        refuse_rest(fields, &known, &[("properties", "traits"), ("event", "events"), ("user", "users"), ("group", "account")], self.scope);
        (self.scope.errors() == errors).then_some(person)
    }

    /// Words of a person that do not go with this one.
    fn misplaced(&mut self, fields: &mut Fields<'_>, role: Role) {
        for key in ["users", "account"] {
            // Known where it belongs, and taken there.
            let Some((key, _)) = fields.take_entry(key) else { continue };
            let (message, help) = match (role, self.scope.collection) {
                (Role::Other, _) => (format!("`{}` is given only of who is asked about", key.text), "leave it out"),
                (Role::Subject, Collection::Users) => {
                    ("only an account has users".to_owned(), "this audience is one of users; their account goes under `account`")
                }
                (Role::Subject, Collection::Accounts) => {
                    ("only a user has an account".to_owned(), "this audience is one of accounts; their users go under `users`")
                }
            };
            self.scope.report(Diagnostic::error("misplaced-key", message).at(&key.place).help(help));
        }
    }

    /// Somebody else than who is asked about.
    fn other(&mut self, of: Collection, node: &Node) -> Option<TestPerson> {
        let outer = std::mem::replace(&mut self.scope.collection, of);
        let person = self.person(node, Role::Other);
        self.scope.collection = outer;
        person
    }

    fn users(&mut self, node: &Node) -> Vec<TestPerson> {
        let Some(items) = self.scope.keep(node.as_list()) else { return Vec::new() };
        items.iter().filter_map(|item| self.other(Collection::Users, item)).collect()
    }

    /// An empty list says something: this person is in none of them.
    fn audiences(&mut self, node: &Node) -> Option<BTreeSet<AudienceKey>> {
        let items = self.scope.keep(node.as_list())?;
        let mut keys = BTreeSet::new();
        for item in items {
            let Some(text) = self.scope.keep(item.as_text()) else { continue };
            let key = AudienceKey::parse(text).map_err(|error| {
                let message = format!("{} cannot be {}: {}", quoted(&error.text), error.what, error.rule);
                Diagnostic::error("invalid-key", message).at(&item.place)
            });
            let Some(key) = self.scope.keep(key) else { continue };
            self.references.push(Reference { to: key.clone(), of: self.scope.collection, place: item.place.clone() });
            if !keys.insert(key) {
                self.scope.report(duplicate_item(item));
            }
        }
        Some(keys)
    }

    fn events(&mut self, node: &Node) -> Vec<TestEvent> {
        let Some(items) = self.scope.keep(node.as_list()) else { return Vec::new() };
        items.iter().filter_map(|item| self.event(item)).collect()
    }

    fn event(&mut self, node: &Node) -> Option<TestEvent> {
        let mut fields = self.scope.keep(node.as_map())?;
        let name = fields
            .require_or("event", &["name", "did", "track"])
            .map_err(|finding| finding.help_or("name the event: `event: Order Completed`"));
        let name = self.scope.keep(name).and_then(|node| event::event_name(node, self.scope));
        let at = fields
            .require_or("at", &["timestamp", "time", "occurred_at"])
            .map_err(|finding| finding.help_or("say when it happened: `at: 2025-06-08T09:00:00Z`"));
        let at = self.scope.keep(at).and_then(|node| Some((when::timestamp(node, self.scope)?, &node.place)));
        let properties = fields.take("properties").map(|node| value::values(node, self.scope));
        let foreign = [("where", "properties"), ("with", "properties")];
        refuse_rest(fields, &["event", "at", "properties"], &foreign, self.scope);
        if let (Some((at, place)), Some(as_of)) = (at, self.as_of)
            && at > as_of.moment()
        {
            let message = format!("this happens after the test's `as_of`, {as_of}, and does not count");
            let finding = Diagnostic::warning("event-after-as-of", message).at(place);
            self.scope.report(finding.help("move the event or the `as_of`, unless that is what the test shows"));
        }
        Some(TestEvent { event: name?, at: at?.0, properties: properties.unwrap_or_else(|| Some(BTreeMap::new()))? })
    }
}

fn refuse_rest(fields: Fields<'_>, known: &[&'static str], foreign: &[(&str, &str)], scope: &mut Scope) {
    for (key, _) in fields.rest() {
        scope.report(unknown_key(key, known, foreign));
    }
}

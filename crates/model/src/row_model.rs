//! Models: rows of a file or of a query, each of which says who somebody is and what is known of them.

use std::collections::BTreeMap;

use crate::{Lookback, ModelKey};

/// Where rows come from and what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct RowModel {
    /// Its name.
    pub key: ModelKey,
    /// For people.
    pub description: String,
    /// Where the rows are.
    pub from: RowSource,
    /// The column that tells rows apart from one time to the next.
    pub primary_key: String,
    /// Column that holds the user id.
    pub user_id: Option<String>,
    /// Column that holds the anonymous id.
    pub anonymous_id: Option<String>,
    /// Column that holds the e-mail address.
    pub email: Option<String>,
    /// Which columns become traits.
    pub traits: RowTraits,
    /// How often it is synced by itself; never when absent.
    pub every: Option<Lookback>,
}

/// Where rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSource {
    /// A file; as written, relative to the definitions' folder.
    File(String),
    /// A query of a database.
    Query {
        /// The query.
        sql: String,
        /// What holds the database's URL.
        database: SecretPlace,
    },
}

/// Where a secret is kept. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable of this name.
    Env(String),
    /// In a file at this path.
    File(String),
}

/// Which columns become traits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowTraits {
    /// Every column that identifies nobody, under its own name.
    All,
    /// These: trait to column.
    Of(BTreeMap<String, String>),
}

impl RowModel {
    /// The trait that is `true` while somebody has a row, and `false` afterwards.
    pub fn member_trait(&self) -> String {
        format!("model_{}", self.key)
    }

    /// Every column that is named.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let traits = match &self.traits {
            RowTraits::All => None,
            RowTraits::Of(traits) => Some(traits.values().map(String::as_str)),
        };
        self.id_columns().chain(traits.into_iter().flatten())
    }

    /// The columns that hold ids: they stay text even if they look like numbers.
    pub fn id_columns(&self) -> impl Iterator<Item = &str> {
        [Some(&self.primary_key), self.user_id.as_ref(), self.anonymous_id.as_ref(), self.email.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

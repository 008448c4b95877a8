//! How rows of a CSV file become messages.

use std::collections::BTreeMap;

use crate::EventName;

/// How the columns of a CSV file become messages.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvMapping {
    /// The kind of message each row is.
    pub message: CsvMessage,
    /// Column that holds the user id.
    pub user_id: Option<String>,
    /// Column that holds the anonymous id.
    pub anonymous_id: Option<String>,
    /// Column that holds the e-mail address.
    pub email: Option<String>,
    /// Column that holds the message id; without one, rows are told apart by file name, line and content.
    pub message_id: Option<String>,
    /// Column that holds the moment, and how it is written.
    pub timestamp: Option<CsvTimestamp>,
    /// Column to property (or trait) name, for those to take. Empty: every column not named above, under its own name.
    pub columns: BTreeMap<String, String>,
    /// The separator, `,` unless set.
    pub delimiter: char,
}

/// What each row of a CSV file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CsvMessage {
    /// Something somebody did, always under this event name.
    Track(EventName),
    /// Traits of somebody.
    Identify,
}

/// A moment in a CSV column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvTimestamp {
    /// The column.
    pub column: String,
    /// A chrono format such as `%Y%m%d`; ISO 8601 when absent.
    pub format: Option<String>,
}

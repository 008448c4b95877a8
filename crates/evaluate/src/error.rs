//! What can go wrong while finding out who is in.

use lake::LakeError;
use model::AudienceKey;

/// Why an evaluation has no result.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A segment could not be read.
    #[error("could not read the segment `{path}`")]
    Read {
        /// Its path below the lake's folder.
        path: String,
        /// What the lake said.
        source: LakeError,
    },
    /// A segment holds another number of rows than the manifest says: nobody's membership can be trusted.
    #[error("the segment `{path}` holds {found} rows, the manifest names {expected}")]
    Incomplete {
        /// Its path below the lake's folder.
        path: String,
        /// Rows the manifest names.
        expected: u64,
        /// Rows found.
        found: u64,
    },
    /// An event has more rows in a window than can be numbered: some four thousand million.
    #[error("the segment `{path}` is one too many: the rows of one event in one window cannot be numbered any more")]
    TooMany {
        /// The path of the first segment that has no room, below the lake's folder.
        path: String,
    },
    /// The catalog's order puts an audience before one that it refers to.
    #[error("audience `{audience}` refers to `{referred}`, which is not evaluated before it")]
    Order {
        /// The audience that refers.
        audience: AudienceKey,
        /// The audience it refers to.
        referred: AudienceKey,
    },
}

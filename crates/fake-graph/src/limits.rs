//! Numbers and names that Facebook fixes.

/// Matched people below which an audience cannot be used in ads.
pub(crate) const DELIVERY_MINIMUM: u64 = 100;
/// Customer-file audiences that one account may hold.
pub(crate) const AUDIENCES_MAX: usize = 500;
/// How long a session lives after its first batch.
pub(crate) const SESSION_LIFE_S: i64 = 90 * 60;
/// Samples of invalid rows in one answer.
pub(crate) const SAMPLES_MAX: usize = 100;
/// Calls inside one batch call.
pub(crate) const BATCH_MAX: usize = 50;
/// Calls in an hour that make 100 percent.
pub(crate) const CALLS_PER_HOUR: u64 = 5_000;

pub(crate) const CUSTOMER_FILE_SOURCES: [&str; 3] = ["USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED"];

pub(crate) const SUBTYPES: [&str; 19] = [
    "APP",
    "BAG_OF_ACCOUNTS",
    "BIDDING",
    "CLAIM",
    "CUSTOM",
    "ENGAGEMENT",
    "EXCLUSION",
    "FOX",
    "LOOKALIKE",
    "MANAGED",
    "MEASUREMENT",
    "MESSENGER_SUBSCRIBER_LIST",
    "OFFLINE_CONVERSION",
    "PARTNER",
    "PRIMARY",
    "REGULATED_CATEGORIES_AUDIENCE",
    "STUDY_RULE_AUDIENCE",
    "VIDEO",
    "WEBSITE",
];

/// A description for a status code. Facebook changes these without notice, so nobody should read them.
pub(crate) fn status_text(code: u32) -> &'static str {
    match code {
        100 => "This audience has not been used for a long time and will be deleted.",
        200 => "This audience is ready for use.",
        300 => "This audience is too small to be used in ads.",
        410 => "No people have been uploaded to this audience yet.",
        411 => "Few of the uploaded people could be matched.",
        412 => "Many entries of the last upload were invalid.",
        414 => "The people in this audience are being replaced.",
        415 => "The people in this audience could not all be replaced.",
        441 => "This audience is being populated.",
        450 => "This audience is out of date.",
        470 => "The account that owns this audience is not active.",
        471 => "This audience was flagged for violating a policy.",
        500 => "This audience has an error.",
        _ => "Status of this audience.",
    }
}

//! Beginnings of common audiences, for editors that offer snippets.

use serde_json::{Value, json};

/// Every snippet: label, what it is for, and the file's content with its blanks.
pub(super) fn all() -> Value {
    let match_on = json!(["email", "phone", "external_id"]);
    json!([
        {
            "label": "cart abandoner",
            "description": "Added to the cart and did not buy.",
            "body": {
                "audience": "${1:cart_abandoners}",
                "description": "${2:Added something to the cart in the last 7 days and did not buy.}",
                "who": { "all": [
                    { "did": "${3:Product Added}", "within": "${4:7 days}" },
                    { "did_not": "${5:Order Completed}", "within": "${4:7 days}" }
                ] },
                "sync": [{ "to": "${6:facebook_main}", "match_on": match_on }]
            }
        },
        {
            "label": "suppression",
            "description": "Recent buyers, excluded from acquisition.",
            "body": {
                "audience": "${1:suppress_recent_buyers}",
                "description": "${2:Bought in the last 30 days; excluded from every acquisition campaign.}",
                "who": { "did": "${3:Order Completed}", "within": "${4:30 days}" },
                "sync": [{ "to": "${5:facebook_main}", "match_on": match_on }]
            }
        },
        {
            "label": "lapsed",
            "description": "Bought once, and not for a while.",
            "body": {
                "audience": "${1:lapsed_customers}",
                "description": "${2:Bought before, but not in the last 90 days.}",
                "who": { "all": [
                    { "did": "${3:Order Completed}" },
                    { "did_not": "${3:Order Completed}", "within": "${4:90 days}" }
                ] }
            }
        },
        {
            "label": "funnel",
            "description": "Started something and did not finish that very one in time.",
            "body": {
                "audience": "${1:checkout_dropoff}",
                "description": "${2:The last checkout of the past week was not completed within a day.}",
                "who": {
                    "did": "${3:Checkout Started}",
                    "within": "${4:7 days}",
                    "which": "last",
                    "then": { "did_not": "${5:Order Completed}", "same": "${6:checkout_id}", "within": "${7:24 hours}" }
                }
            }
        }
    ])
}

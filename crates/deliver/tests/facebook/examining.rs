//! Looking into a destination: each thing that people get wrong, and what they are told.

use deliver::{Context, Step, StepState, Trial};
use fake_graph::{Options, Rights, Token};
use serde_json::json;

use crate::stage::{Stage, TOKEN};
use deliver::conformance::WORKSPACE;

async fn steps(stage: &Stage, trial: Option<&Trial>) -> Vec<Step> {
    let clock = || stage.now();
    let context = Context { ledger: &stage.ledger, destination: &stage.destination, workspace: WORKSPACE, clock: &clock };
    stage.sink.examine(trial, &context).await
}

fn trial() -> Trial {
    Trial { email: Trial::EMAIL.to_owned(), keep: false }
}

fn states(steps: &[Step]) -> Vec<(&'static str, StepState)> {
    steps.iter().map(|step| (step.name, step.state)).collect()
}

/// The step that failed, and what to do about it; whatever comes after it is skipped.
fn failure(steps: &[Step]) -> (&'static str, String, String) {
    let at = steps.iter().position(|step| step.state == StepState::Failed).unwrap_or_else(|| panic!("{steps:?}"));
    assert!(steps[at + 1..].iter().all(|step| step.state == StepState::Skipped), "{steps:?}");
    assert_eq!(steps.iter().map(|step| step.name).collect::<Vec<_>>(), ["token", "permission", "ad account", "terms", "test row"]);
    (steps[at].name, steps[at].message.clone(), steps[at].help.clone().unwrap_or_default())
}

#[tokio::test]
async fn a_destination_that_works_says_so_and_is_left_as_it_was() {
    let stage = Stage::new("").await;
    let walked = steps(&stage, Some(&trial())).await;
    assert!(walked.iter().all(|step| step.state == StepState::Passed), "{walked:?}");
    assert!(stage.fake.state().audiences.is_empty(), "what was made for it is gone");
    assert_eq!(states(&steps(&stage, None).await).last().unwrap(), &("test row", StepState::Skipped));
    stage.check_manners();
    for request in stage.fake.state().requests {
        assert!(!request.path.contains(TOKEN));
    }
}

#[tokio::test]
async fn the_test_row_can_stay_to_be_looked_at() {
    let stage = Stage::new("").await;
    let walked = steps(&stage, Some(&Trial { email: "you@example.com".to_owned(), keep: true })).await;
    assert!(walked.last().unwrap().help.as_ref().unwrap().contains("History"));
    assert_eq!(stage.fake.state().audiences[0].rows.len(), 1);
    let walked = steps(&stage, Some(&Trial { email: "nobody".to_owned(), keep: false })).await;
    assert_eq!(failure(&walked).0, "test row");
}

#[tokio::test]
async fn a_list_too_small_to_shrink_is_no_failure() {
    let stage = Stage::with(Options { removal_minimum: Some(100), match_share: 1.0, ..Options::default() }, "").await;
    let walked = steps(&stage, Some(&trial())).await;
    assert!(walked.iter().all(|step| step.state == StepState::Passed), "{walked:?}");
    assert!(walked.last().unwrap().message.contains("which is usual"));
    assert!(stage.fake.state().audiences.is_empty());
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_named_with_a_way_out() {
    let options = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        options
    };
    let token = |rights| vec![Token { token: "other".to_owned(), rights, accounts: None }];
    let cases = [
        (options(|options| options.account_status = 2), "", "ad account", "disabled", "Account Quality"),
        (options(|options| options.terms_accepted = false), "", "terms", "not accepted", "customaudiences/tos/?act=1234567890"),
        (options(|options| options.accounts = vec!["99".to_owned()]), "", "ad account", "error", "`ad_account`"),
        (options(|options| options.refused_versions = vec!["v26.0".to_owned()]), "", "token", "error 2635", "api_version"),
        (
            Options { more_tokens: token(Rights::Read), ..Options::default() },
            "access_token: {env: OTHER}",
            "permission",
            "lacks `ads_management`",
            "tick",
        ),
        (Options { more_tokens: token(Rights::None), ..Options::default() }, "access_token: {env: OTHER}", "permission", "lacks", "tick"),
        (Options::default(), "access_token: {env: OTHER}", "token", "error 190", "system-user token"),
        (
            Options { app_secret: Some("another".to_owned()), ..Options::default() },
            "app_secret: {env: APP_SECRET}",
            "token",
            "appsecret_proof",
            "app_secret",
        ),
    ];
    for (options, yaml, name, message, help) in cases {
        let stage = Stage::with(options, yaml).await;
        let (failed, said, way_out) = failure(&steps(&stage, Some(&trial())).await);
        assert_eq!(failed, name, "{said}");
        assert!(said.contains(message), "{said}");
        assert!(way_out.contains(help), "{way_out}");
        assert!(stage.fake.state().audiences.is_empty(), "nothing was made");
    }
}

#[tokio::test]
async fn an_outage_is_told_from_a_mistake() {
    let stage = Stage::new("").await;
    stage.fault(json!({ "action": { "kind": "close" } }));
    let (name, _, help) = failure(&steps(&stage, Some(&trial())).await);
    assert_eq!((name, help.contains("network")), ("token", true));
}

#[tokio::test]
async fn a_token_that_expires_is_warned_of() {
    let stage = Stage::with(Options { token_expires_at: 1_772_366_400 + 60 * 86_400, ..Options::default() }, "").await;
    let walked = steps(&stage, None).await;
    assert_eq!((walked[0].state, walked[0].message.as_str()), (StepState::Warned, "a person's token that expires on 2026-04-30"));
    assert!(walked[0].help.as_ref().unwrap().contains("system user"));
    assert_eq!(walked[1].state, StepState::Passed, "the walk goes on");
}

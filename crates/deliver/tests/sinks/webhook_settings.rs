//! Options of webhooks: every mistake at once, at its place, with a way out; secrets stay secret.

use crate::stage::{check_audience, configure, problems_of_page, shown};

#[track_caller]
fn check(url: &str, more: &str, expected: &[&str]) {
    let (sink, problems) = configure(&format!("type: webhook\nsecret: {{env: SECRET}}\nurl: {url}\n{more}\n"));
    assert_eq!(sink.is_none(), problems.iter().any(definitions::Diagnostic::is_error));
    let found: Vec<String> = problems.iter().map(shown).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found} should say {expected}");
    }
}

const URL: &str = "https://hooks.example.com/audiences?team=growth";

#[test]
fn good_options_are_taken() {
    check(URL, "", &[]);
    check(URL, "call: identify\nbatch: 1\nminimum_size: 10\nallow_private: false", &[]);
    check(URL, "headers:\n  Authorization: {env: BEARER}\n  x-team: growth", &[]);
    check("http://10.0.0.7:8080/hook", "allow_private: true", &[]);
    check("http://localhost/hook", "allow_private: true", &[]);
}

#[test]
fn urls_that_must_not_be_called_are_refused() {
    let private = ["4:6 invalid-option: `url` leads into a private network (if the receiver stands there, write `allow_private: true`)"];
    for host in
        ["127.0.0.1", "2130706433", "0x7f.1", "10.1.2.3", "100.64.0.1", "localhost", "hooks.localhost", "localhost.", "[::1]", "[fd00::1]"]
    {
        check(&format!("'https://{host}/'"), "", &private);
    }
    let never = ["4:6 invalid-option: `url` leads to an address that no call may go to"];
    for host in
        ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[::]", "[fe80::1]", "[::ffff:8.8.8.8]", "[64:ff9b::808:808]", "[2002:808:808::]"]
    {
        check(&format!("'https://{host}/'"), "", &never);
        check(&format!("'https://{host}/'"), "allow_private: true", &never);
    }
}

#[test]
fn mistakes_are_told_where_they_stand() {
    check("hooks.example.com", "", &["4:6 invalid-option: `url` is not a URL"]);
    check("ftp://hooks.example.com", "", &["4:6 invalid-option: `url` is not an `https` or `http` URL"]);
    check("file:///etc/passwd", "", &["`url` is not an `https` or `http` URL"]);
    check("https://me:word@hooks.example.com", "", &["4:6 secret-in-definition: `url` has a user name or a password"]);
    check("'https://hooks.example.com/#a'", "", &["4:6 invalid-option"]);
    check("http://hooks.example.com", "", &["4:6 in-the-clear"]);
    check(URL, "batch: 0", &["5:8 invalid-option: `batch` lies between 1 and 1000"]);
    check(URL, "batch: 1001", &["`batch` lies between 1 and 1000"]);
    check(
        URL,
        "call: trakc\nminimum_size: -1",
        &["5:7 unknown-word: `call` cannot be `trakc` (did you mean `track`?)", "6:15 invalid-option"],
    );
    check(
        URL,
        "headers:\n  host: example.org\n  'not a name': x\n  x-a: 'line\n\n    end'",
        &["6:3 invalid-option", "7:3 invalid-option", "8:8 invalid-option"],
    );
    check(URL, "headers: none", &["5:10 wrong-type"]);
    check(URL, "timeout: 3", &["5:1 unknown-key"]);
}

#[test]
fn secrets_are_named_and_never_shown() {
    let shown_of = |yaml: &str| {
        let (sink, problems) = configure(yaml);
        assert!(sink.is_none());
        problems.iter().map(shown).collect::<Vec<_>>().join("\n")
    };
    let url = format!("type: webhook\nurl: {URL}\n");
    let found = shown_of(&format!("{url}secret: plain-text-key\n"));
    assert!(found.starts_with("4:9 secret-in-definition") && !found.contains("plain-text-key"), "{found}");
    let found = shown_of(&format!("{url}secret: {{env: SECRET}}\nheaders: {{authorization: Bearer plain-text}}\n"));
    assert!(found.starts_with("5:26 secret-in-definition") && !found.contains("plain-text"), "{found}");
    assert!(shown_of(&url).contains("missing-key: `secret` is missing"));
    assert!(
        shown_of(&format!("{url}secret: {{env: NOT_SET}}\n")).contains("missing-secret: the environment variable `NOT_SET` is not set")
    );
    assert!(shown_of(&format!("{url}secret: {{file: /none}}\n")).contains("could not read the file `/none`"));
    let odd = shown_of(&format!("{url}secret: {{env: SECRET}}\nheaders: {{x-key: {{env: ODD}}}}\n"));
    assert!(odd.contains("letters that no header can hold") && !odd.contains("lines"), "{odd}");
}

#[test]
fn audiences_do_not_match_on_anything_here() {
    let yaml = format!("type: webhook\nurl: {URL}\nsecret: {{env: SECRET}}\n");
    assert_eq!(check_audience(&yaml, ""), [""; 0]);
    assert!(check_audience(&yaml, "    match_on: [email]\n")[0].contains("unknown-match-key"));
}

#[test]
fn the_example_of_the_page_is_right() {
    assert_eq!(problems_of_page("webhook"), [""; 0]);
}

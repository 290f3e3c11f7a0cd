//! What an engine may answer to several calls, and what it may not.

use super::*;

/// Of each call: taken, or the words of the refusal.
fn said(body: &str, count: usize) -> Result<Vec<String>, String> {
    let told = told(body.as_bytes(), count)?;
    let words = told.into_iter().map(|one| match one {
        Ok(()) => "taken".to_owned(),
        Err(error) => error.to_string(),
    });
    Ok(words.collect())
}

const TAKEN: &str =
    r#"{"jsonrpc":"2.0","id":0,"result":{"code":0,"data":"","log":"","codespace":"","hash":"AB"}}"#;
const KNOWN: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error","data":"tx already exists in cache"}}"#;

#[test]
fn each_call_has_its_answer_and_one_alone_comes_without_a_list() {
    assert_eq!(said(TAKEN, 1), Ok(vec!["taken".to_owned()]));
    let both = said(&format!("[{TAKEN},{KNOWN}]"), 2).expect("two");
    assert_eq!(both[0], "taken");
    assert!(both[1].contains("already exists in cache"), "{both:?}");
}

#[test]
fn answers_that_are_fewer_more_or_to_other_calls_say_nothing_of_any() {
    let second = TAKEN.replace(r#""id":0"#, r#""id":1"#);
    for (body, count) in [
        (String::new(), 1),
        ("[]".to_owned(), 1),
        ("null".to_owned(), 1),
        ("{}".to_owned(), 1),
        (TAKEN.to_owned(), 2),
        (format!("[{TAKEN},{KNOWN}]"), 1),
        (format!("[{TAKEN},{KNOWN}]"), 3),
        (format!("[{KNOWN},{TAKEN}]"), 2),
        (format!("[{TAKEN},{TAKEN}]"), 2),
        (second, 1),
        (TAKEN.replace(r#""id":0,"#, ""), 1),
        (TAKEN.replace(r#""id":0"#, r#""id":-1"#), 1),
        (TAKEN.replace(r#""id":0"#, r#""id":"0""#), 1),
        (TAKEN.replace(r#""id":0"#, r#""id":18446744073709551616"#), 1),
        (
            r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request","data":"batch too large"}}"#.to_owned(),
            11,
        ),
        (format!("[{}", &TAKEN[..40]), 1),
    ] {
        assert!(said(&body, count).is_err(), "{body}");
    }
}

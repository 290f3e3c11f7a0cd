//! How the nodes that a watcher reads are called.

use super::*;

#[test]
fn two_engines_on_one_host_are_two_places_whatever_their_order_and_no_key_is_shown() {
    let urls = [
        "https://host.example/secret-one",
        "https://host.example/secret-two",
        "https://host.example:26657",
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
    ];
    let told = places(&urls);
    let distinct: std::collections::BTreeSet<&String> = told.iter().collect();
    assert_eq!(distinct.len(), urls.len(), "{told:?}");
    assert!(
        told.iter().all(|place| !place.contains("secret")),
        "{told:?}"
    );
    // One that shares its name with nobody is called as everywhere.
    assert_eq!(told[3], "http://127.0.0.1:1");
    let turned: Vec<&str> = urls.iter().rev().copied().collect();
    let mut again = places(&turned);
    again.reverse();
    assert_eq!(again, told);
}

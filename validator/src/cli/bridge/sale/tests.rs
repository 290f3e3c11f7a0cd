//! What is printed behind a sale.

use clap::Parser;
use serde_json::json;

use super::*;

#[test]
fn nothing_of_an_offer_is_printed_once_the_call_has_ended_it() {
    let to = Address::repeat_byte(3);
    let mut object = json!({
        "number": 7, "payee": Address::repeat_byte(2).to_string(), "price": "2", "deadline": 100, "for_sale": true,
    });
    changed(&mut object, to);
    assert_eq!(
        object,
        json!({ "number": 7, "payee": to.to_string(), "price": "0", "deadline": null, "for_sale": false })
    );
}

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    which: ProofOption,
    #[command(flatten)]
    carrier: Carrier,
}

#[test]
fn the_next_command_keeps_the_proof_and_the_second_endpoint_and_shows_no_key_of_a_provider() {
    let typed = |words: &[&str]| {
        let all = [&["typed", "7", "--from", "bob"], words].concat();
        let typed = Typed::try_parse_from(all).expect("options");
        look_again(&typed.which, &typed.carrier)
    };
    assert_eq!(typed(&[]), "plasmid bridge offered 7");
    assert_eq!(
        typed(&[
            "--proof",
            "a/7.json",
            "--second-root",
            "https://root.example/v3/secret"
        ]),
        "plasmid bridge offered 7 --proof a/7.json --second-root URL"
    );
}

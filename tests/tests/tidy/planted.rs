//! Every rule finds what is planted here: a rule that cannot fail says nothing about the tree.

use super::{File, code, habits, pages, twins};

fn file(name: &str, text: &str) -> File {
    (name.to_owned(), text.to_owned())
}

/// What a rule says of one file, which must be one thing that contains `part`.
fn finds(broken: &[String], part: &str) {
    assert_eq!(broken.len(), 1, "{part}: {broken:?}");
    assert!(broken[0].contains(part), "{part}: {broken:?}");
}

#[test]
fn a_file_without_a_header_is_found() {
    let good = file("a.rs", "//! Says it.\nfn f() {}\n");
    assert!(code::without_header(&[good]).is_empty());
    for text in ["", "fn f() {}", "//!\n//! Late.", "// Another sign."] {
        finds(&code::without_header(&[file("a.rs", text)]), "a.rs");
    }
}

#[test]
fn a_long_header_is_found() {
    let header = |lines: usize| [file("a.rs", &"//! Line.\n".repeat(lines))];
    assert!(code::long_headers(&header(25)).is_empty());
    finds(&code::long_headers(&header(26)), "26 lines");
}

#[test]
fn a_long_file_and_a_needless_exception_are_found() {
    let lines = |name: &str, lines: usize| file(name, &"\n".repeat(lines));
    let allowed = [("b/src/a.rs", "a reason")];
    assert!(code::long_files(&[lines("b/src/a.rs", 400)], &[]).is_empty());
    assert!(code::long_files(&[lines("b/src/a/tests.rs", 401)], &[]).is_empty());
    assert!(code::long_files(&[lines("b/src/a.rs", 401)], &allowed).is_empty());
    finds(&code::long_files(&[lines("b/src/a.rs", 401)], &[]), "401");
    let needless = code::long_files(&[lines("b/src/a.rs", 400)], &allowed);
    finds(&needless, "needs none");
}

#[test]
fn an_empty_name_is_found() {
    assert!(code::empty_names(&[file("b/src/commonplace.rs", "")]).is_empty());
    for name in ["b/src/types.rs", "b/src/utils/a.rs", "b/src/words.rs"] {
        finds(&code::empty_names(&[file(name, "")]), name);
    }
}

#[test]
fn code_that_only_calls_itself_a_test_is_found() {
    for name in ["b/src/a/model.rs", "b/src/a/vectors/deep.rs"] {
        let module = if name.contains("model") {
            "model"
        } else {
            "vectors"
        };
        for parent in ["b/src/a.rs", "b/src/a/mod.rs"] {
            let of = |text: &str| [file(name, ""), file(parent, text)];
            let kept = format!("#[cfg(test)]\npub(crate) mod {module};");
            assert!(code::built_outside_tests(&of(&kept)).is_empty());
            for built in [
                format!("pub(crate) mod {module};"),
                format!("#[cfg(any(test, feature = \"x\"))] mod {module};"),
            ] {
                finds(&code::built_outside_tests(&of(&built)), parent);
            }
        }
    }
    let at_the_root = [
        file("b/src/tests.rs", ""),
        file("b/src/lib.rs", "mod tests;"),
    ];
    finds(&code::built_outside_tests(&at_the_root), "lib.rs");
}

#[test]
fn a_file_that_may_be_written_in_parts_is_found() {
    let of = |name: &str, text: &str| code::written_in_parts(&[file(name, text)]);
    let tested = "// fs::write\n#[cfg(test)]\nmod tests { fn f() { fs::write(a, b); } }";
    assert!(of("b/src/a.rs", tested).is_empty());
    assert!(of("b/src/a/tests.rs", "fn f() { fs::write(a, b); }").is_empty());
    for text in [
        "fn f() { fs::write(a, b)?; }",
        "fn f() { std::fs::write(a, b)?; }",
    ] {
        finds(&of("b/src/a.rs", text), "fs::write");
    }
}

#[test]
fn impure_code_is_found() {
    let of = |text: &str| code::impure(&[file("b/src/a.rs", text)]);
    let clean = r#"
        //! HashMap, panic!( and 1.5 in words alone.
        use std::{collections::BTreeMap, sync::Arc};
        const _: () = assert!(1 < 2);
        fn f(now: u64) -> u64 { let said = "f64"; a.0.unwrap_or_default() + 1_usize + 0xfe }
        #[cfg(test)]
        mod tests { use std::fs; fn f() { a.unwrap(); assert!(1.5 < 2.5); } }
    "#;
    assert_eq!(of(clean), Vec::<String>::new());
    for (text, part) in [
        ("use std::collections::HashMap;", "HashMap"),
        ("use std::{collections::{BTreeMap, HashSet}};", "HashSet"),
        ("use std::time::SystemTime;", "SystemTime"),
        ("use std::time::Instant as Moment;", "Instant"),
        ("fn f() { rand::random() }", "rand::"),
        ("async fn f() { tokio::task::yield_now().await }", "tokio::"),
        ("fn f(x: f64) {}", "f64"),
        ("fn f() { x as f32 }", "f32"),
        ("fn f() { let x = 1.5; }", "float"),
        ("fn f() { let x = 1e3; }", "float"),
        ("fn f() { x.unwrap() }", ".unwrap()"),
        ("fn f() { x.map(Option::unwrap) }", "::unwrap"),
        ("fn f() { x\n.expect(\"words\") }", ".expect("),
        (
            "fn f() { x.map(|x| Option::expect(x, y)) }",
            "Option::expect",
        ),
        ("fn f() { Result::expect(x, y) }", "Result::expect"),
        ("fn f() { panic! { \"words\" } }", "panic!"),
        ("fn f() { unreachable!() }", "unreachable!"),
        ("fn f() { assert!(x) }", "assert!"),
        ("fn f() { assert_eq!(x, y) }", "assert_eq!"),
        ("fn f() { println!() }", "println!"),
        ("fn f() { eprintln!() }", "eprintln!"),
        ("use std::{fs, sync::Arc};", "std::fs"),
        ("fn f() { std::net::lookup() }", "std::net"),
        ("fn f() { std::env::args() }", "std::env"),
        ("fn f() { std::process::exit(1) }", "std::process"),
        ("fn f() { std::thread::spawn(g) }", "std::thread"),
        ("use std::os::fd::AsFd;", "std::os"),
    ] {
        finds(&of(text), part);
    }
}

#[test]
fn a_pure_room_that_does_not_deny_a_lint_is_found() {
    let lints = "clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::disallowed_types, \
                 clippy::expect_used, clippy::float_arithmetic, clippy::panic, clippy::unreachable, clippy::unwrap_used";
    let whole = format!("#![cfg_attr(not(test), deny({lints}))]");
    for head in ["b/src/a/mod.rs", "b/src/a.rs"] {
        assert!(code::undenied("b/src/a", &[file(head, &whole)]).is_empty());
    }
    for lint in lints.split(", ") {
        let lacking = whole.replace(lint, "clippy::other");
        let said = code::undenied("b/src/a", &[file("b/src/a/mod.rs", &lacking)]);
        finds(&said, lint.trim());
    }
    finds(
        &code::undenied("b/src/a", &[file("b/src/c.rs", &whole)]),
        "head",
    );
}

#[test]
fn a_crate_that_does_not_deny_a_lint_and_what_passes_without_a_reason_are_found() {
    let lints = "clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unreachable, clippy::unwrap_used";
    let whole = format!("#![deny(missing_docs)]\n#![cfg_attr(not(test), deny({lints}))]");
    let of = |text: &str| code::undenied_in_crate("b", &[file("b/src/lib.rs", text)]);
    assert!(of(&whole).is_empty());
    for lint in lints.split(", ").chain(["missing_docs"]) {
        finds(&of(&whole.replace(lint, "clippy::other")), lint);
    }
    // What a comment says denies nothing.
    assert_eq!(of(&format!("// deny(missing_docs, {lints})")).len(), 7);
    finds(
        &code::undenied_in_crate("c", &[file("b/src/lib.rs", &whole)]),
        "head",
    );

    let passes = |name: &str, text: &str| code::let_pass(&[file(name, text)], &["b/src/pure"], &[]);
    for text in [
        "#[expect(missing_docs, reason = \"words\")] pub struct A;",
        "#[allow(clippy::panic, reason = \"words\")] fn f() {}",
        "#![deny(missing_docs)]",
        "#[allow(unused)] fn f() {}",
    ] {
        assert!(passes("b/src/a.rs", text).is_empty(), "{text}");
    }
    for text in [
        "#[expect(missing_docs)] pub struct A;",
        "#[allow(clippy::unwrap_used, reason = \"\")] fn f() {}",
        "#![warn(missing_docs)]",
    ] {
        finds(&passes("b/src/a.rs", text), "reason");
        assert!(passes("b/src/a/tests/b.rs", text).is_empty());
    }
    let excused = "#[expect(clippy::arithmetic_side_effects, reason = \"words\")] fn f() {}";
    assert!(passes("b/src/purely.rs", excused).is_empty());
    for name in ["b/src/pure.rs", "b/src/pure/a.rs"] {
        finds(&passes(name, excused), "does without");
        let rows = [(name, "words")];
        let found = |text| code::let_pass(&[file(name, text)], &["b/src/pure"], &rows);
        assert!(found(excused).is_empty());
        finds(&found(""), "needs none");
    }

    let listed = "{ path = \"std::a\", reason = \"words\" },";
    assert!(code::unlisted("c", listed, &["std::a"]).is_empty());
    finds(&code::unlisted("c", listed, &["std::b"]), "std::b");
    for bare in [
        "{ path = \"std::a\" },",
        "{ path = \"std::a\", reason = \"\" },",
    ] {
        finds(&code::unlisted("c", bare, &["std::a"]), "reason");
    }
}

#[test]
fn a_result_in_a_result_is_found() {
    let of = |text: &str| habits::nested_results(&[file("b/src/a.rs", text)]);
    assert!(of("fn f() -> Result<Vec<Result<(), A>>, B> {}").is_empty());
    finds(&of("fn f() -> Result<Result<(), A>, B> {}"), "judged");
    finds(
        &of("fn f() -> Result<\n    Result<(), A>,\n    B,\n> {}"),
        "judged",
    );
}

#[test]
fn an_error_that_does_not_say_its_cause_is_found() {
    let of = |said: &str, fields: &str| {
        let text = format!("#[error({said})]\n    File{fields},\n    Other {{ source: E }},\n");
        habits::untold_causes(&[file("b/src/a.rs", &text)])
    };
    let path = "\"cannot use {path}\", path = path.display()";
    for fields in ["", "(PathBuf)", " { path: PathBuf }"] {
        assert!(of(path, fields).is_empty(), "{fields}");
    }
    for said in ["\"cannot use {path}: {source}\"", "transparent"] {
        assert!(of(said, " { path: PathBuf, source: E }").is_empty());
    }
    for fields in [
        " { path: PathBuf, source: E }",
        " {\n        path: PathBuf,\n        source: E,\n    }",
        " { #[source] cause: E }",
    ] {
        finds(&of(path, fields), "a.rs:1");
    }
}

#[test]
fn what_waits_by_the_date_and_a_needless_exception_are_found() {
    let excused = [("b/src/a.rs", "a reason")];
    for text in ["SystemTime::now()", "x.unwrap(UNIX_EPOCH)", "Utc::now()"] {
        let dated = [file("b/src/a.rs", text)];
        finds(&code::dated(&dated, &[]), "never steps back");
        assert!(code::dated(&dated, &excused).is_empty());
        assert!(code::dated(&[file("b/src/tests.rs", text)], &[]).is_empty());
    }
    let innocent = [file("b/src/a.rs", "MySystemTime")];
    finds(&code::dated(&innocent, &excused), "needs none");
}

#[test]
fn a_room_that_names_one_above_it_is_found() {
    let arrows: [(&str, &[&str]); 3] = [
        ("low", &["low"]),
        ("high", &["high", "low"]),
        ("alone.rs", &["alone"]),
    ];
    let of = |name: &str, text: &str| {
        let mut files = vec![file("v/src/lib.rs", "pub mod low;")];
        for other in ["v/src/low/mod.rs", "v/src/high/mod.rs", "v/src/alone.rs"] {
            let text = if other == name { text } else { "" };
            files.push(file(other, text));
        }
        if files.iter().all(|(other, _)| other != name) {
            files.push(file(name, text));
        }
        code::against(&files, "v/src", "own", &arrows)
    };
    let downwards = "use crate::{high::x, low}; use super::super::low; fn f() { own::low::g() }";
    assert!(of("v/src/high/deep.rs", downwards).is_empty());
    assert!(of("v/src/low/tests.rs", "use crate::high;").is_empty());
    for (name, text, part) in [
        (
            "v/src/low/mod.rs",
            "use crate::high;",
            "low may not name high",
        ),
        ("v/src/low/deep.rs", "use crate::{low, high::x};", "high"),
        ("v/src/low/deep.rs", "fn f() { own::high::g() }", "high"),
        ("v/src/low/deep.rs", "use super::super::high;", "high"),
        (
            "v/src/low/deep.rs",
            "mod m { use super::super::super::high; }",
            "high",
        ),
        ("v/src/low/mod.rs", "use super::high;", "high"),
        ("v/src/low/mod.rs", "use crate::*;", "name *"),
        ("v/src/low/mod.rs", "use crate::Exported;", "Exported"),
        ("v/src/alone.rs", "use crate::low;", "low"),
        ("v/src/attic/mod.rs", "", "attic: the room has no row"),
        ("v/src/attic.rs", "", "attic: the room has no row"),
    ] {
        finds(&of(name, text), part);
    }
    let files = [file("v/src/low.rs", ""), file("v/src/high.rs", "")];
    finds(
        &code::against(&files, "v/src", "own", &arrows),
        "alone: the row has no room",
    );
}

#[test]
fn a_room_that_names_too_much_of_the_bridge_is_found() {
    let allowed: [(&str, &[&str]); 1] = [("ledger", &["proof"])];
    let of = |text: &str| {
        let files = [file("validator/src/ledger/mod.rs", text)];
        code::over_the_bridge(&files, &allowed)
    };
    assert!(of("use plasmid_bridge::proof::tree;").is_empty());
    finds(&of("use plasmid_bridge::client::rpc;"), "client");
    finds(&of("use plasmid_bridge::{proof, relay};"), "relay");
    let files = [
        file("validator/src/ledger.rs", ""),
        file("validator/src/attic.rs", ""),
    ];
    finds(&code::over_the_bridge(&files, &allowed), "attic");
}

#[test]
fn a_crate_that_names_one_above_it_is_found() {
    let allowed: [(&str, &[&str]); 1] = [("low", &["plasmid-lowest"])];
    let of = |folder: &str, text: &str| {
        let text = format!("[package]\nname = \"plasmid-low\"\n\n{text}");
        code::crates(&[file(&format!("{folder}/Cargo.toml"), &text)], &allowed)
    };
    let good = "[features]\nx = []\n[dependencies]\nplasmid-lowest.workspace = true\n# plasmid-high = \"1\"\n";
    assert!(of("low", good).is_empty());
    for text in [
        "[dependencies]\nplasmid-high.workspace = true\n",
        "[dev-dependencies]\nplasmid-high = { path = \"../high\" }\n",
        "[dependencies.plasmid-high]\npath = \"../high\"\n",
        "[dependencies]\nh = { package = \"plasmid-high\", path = \"../high\" }\n",
    ] {
        finds(&of("low", text), "low may not depend on plasmid-high");
    }
    finds(&of("low", "[dependencies]\nplasmid = \"1\"\n"), "plasmid");
    finds(&of("attic", ""), "attic: the crate has no row");
}

#[test]
fn a_path_of_a_machine_and_what_is_left_for_later_are_found() {
    let of = |line: &str| code::machines_and_leftovers(&[file("a.md", line)]);
    assert!(of("the root of the workspace").is_empty());
    for line in [
        "see /root/.cargo",
        "see /home/somebody",
        "see /work/here",
        "see /Users/somebody",
        "fn f() { todo!() }",
        "fn f() { unimplemented!() }",
        "#[ignore = \"slow\"]",
        "// FIXME",
        "// TODO",
    ] {
        finds(&of(line), "a.md:1");
    }
}

#[test]
fn unsafe_code_without_a_reason_is_found() {
    let allowed = [("b/src/a.rs", "a reason")];
    let of =
        |text: &str, allowed| code::unsafe_without_reason(&[file("b/src/a.rs", text)], allowed);
    let code = |attribute: &str| format!("{attribute}\nfn f() {{ unsafe {{ g() }} }}");
    let good = code("#[expect(\n    unsafe_code,\n    reason = \"words\"\n)]");
    assert!(of(&good, &allowed).is_empty());
    assert!(
        of(
            "/// No unsafe code, nor #[allow(unsafe_code)].\nfn f() {}",
            &[]
        )
        .is_empty()
    );
    finds(&of(&good, &[]), "give its reason in UNSAFE");
    finds(&of("fn f() {}", &allowed), "needs none");
    for attribute in [
        "#[allow(unsafe_code)]",
        "#![allow(unsafe_code)]",
        "#[expect(dead_code, unsafe_code)]",
        "#[allow(unsafe_code, reason = \"\")]",
        "#[cfg_attr(unix, allow(unsafe_code))]",
        // A reason elsewhere in the file is none.
        "#[allow(unsafe_code)]\n#[allow(dead_code, reason = \"words\")]",
    ] {
        finds(
            &of(&code(attribute), &allowed),
            "write #[expect(unsafe_code",
        );
    }
    let manifests = |workspace: &str, member: &str| {
        let files = [file("Cargo.toml", workspace), file("b/Cargo.toml", member)];
        code::unsafe_without_reason(&files, &[])
    };
    let (deny, take) = ("unsafe_code = \"deny\"\n", "[lints]\nworkspace = true\n");
    assert!(manifests(deny, take).is_empty());
    finds(
        &manifests("unsafe_code = \"warn\"\n", take),
        "does not deny",
    );
    finds(&manifests(deny, "[package]\n"), "b/Cargo.toml");
}

#[test]
fn citations_are_read() {
    let of = |text: &str| -> Vec<u32> {
        let found = pages::cited(text, "PAGE");
        found.into_iter().map(|one| one.section).collect()
    };
    assert_eq!(of("PAGE section 6, \"Genesis\"; PAGE"), [6]);
    assert_eq!(of("PAGE, sections 1, 5 and 8: x"), [1, 5, 8]);
    assert_eq!(of("`PAGE.md` section 3's, 1 to 512"), [3]);
    assert_eq!(of("PAGE's section 4"), [4]);
    let named = pages::cited("PAGE section 6, \"Genesis\".", "PAGE");
    assert_eq!(named[0].title.as_deref(), Some("Genesis"));
}

#[test]
fn a_citation_of_what_is_not_there_is_found() {
    let of = |text: &str| {
        let design = file("proto/DESIGN.md", "# D\n\n## 1. Why\n\n- **Genesis** is.\n");
        let protocol = file("proto/PROTOCOL.md", "# P\n\n## 1. Hashes\n\n## 2. Keys\n");
        pages::citations(&[design, protocol, file("a.rs", text)]).0
    };
    let good = "//! DESIGN section 1, \"Genesis\", and PROTOCOL,\n//! sections 1 and 2.";
    assert!(of(good).is_empty());
    finds(&of("//! DESIGN section 2"), "DESIGN has no section 2");
    finds(&of("//! PROTOCOL\n//! section 3"), "no section 3");
    finds(&of("//! PROTOCOL sections 1 and 9"), "no section 9");
    finds(&of("/// DESIGN section 1, \"Exodus\""), "Exodus");
    // A page cites itself without its name.
    let page = file(
        "proto/DESIGN.md",
        "# D\n\n## 1. Why\n\nSee section 7, PROTOCOL section 1.\n",
    );
    let other = file("proto/PROTOCOL.md", "# P\n\n## 1. Hashes\n");
    finds(&pages::citations(&[page.clone(), other]).0, "no section 7");
    finds(
        &pages::citations(&[page]).0[1..],
        "PROTOCOL.md is not there",
    );
}

#[test]
fn a_table_that_names_what_is_not_there_is_found() {
    let read = |path: &str| match path {
        "v/src/a.rs" => Some("fn f() {} fn g<T>() {} // h(".to_owned()),
        "v/src/b.rs" => Some(String::new()),
        _ => None,
    };
    let of = |line: &str| pages::table(line, &read).0;
    assert!(of("| x | `f` in `v/src/a.rs`, `b.rs` beside it; `g` in `v/src/a.rs` |").is_empty());
    finds(&of("| x | `v/src/c.rs` |"), "v/src/c.rs is not there");
    finds(&of("| x | `v/src/a.rs`, `c.rs` beside it |"), "c.rs");
    finds(&of("| x | `h` in `v/src/a.rs` |"), "a.rs has no h");
}

#[test]
fn a_map_that_names_what_is_not_there_is_found() {
    let exists =
        |path: &str| ["v/", "v/src/", "v/src/deep/", "v/src/deep/x.rs", "w/far.md"].contains(&path);
    let of = |map: &str| pages::map(&format!("Words.\n```text\n{map}```\n"), &exists);
    let good = "v/           words\n             src/     words; deep/: more, w/far.md too\n             src/deep/  x.rs\n";
    assert_eq!(of(good), (Vec::new(), 3));
    finds(&of("attic/       words\n").0, "attic/ is not there");
    let entry = "v/           words\n             gone/    words\n";
    finds(&of(entry).0, "gone/ is not there");
    let name = "v/           words\n             src/deep/   words; y.rs: words\n";
    finds(&of(name).0, "y.rs is not there");
    let page = "v/           src/deep/   words\n             src/abi.rs  words\n";
    assert!(pages::unmapped(page, &["deep", "abi", "main.rs"]).is_empty());
    finds(
        &pages::unmapped(page, &["deep", "attic.rs"]),
        "attic.rs: the map",
    );
}

#[test]
fn a_path_that_is_not_there_is_found() {
    let exists = |path: &str| ["bridge/a.rs", "bridge/b", "docs/x.md"].contains(&path);
    let of = |line: &str| pages::paths(&[file("a.md", line)], &exists);
    let good = "`bridge/a.rs`, (docs/x.md). `bridge/b/<name>.json`; bridge/any and other/a.rs";
    assert_eq!(of(good), (Vec::new(), 3));
    finds(&of("see `bridge/c.rs`").0, "bridge/c.rs is not there");
    finds(&of("see bridge/c/<name>.json").0, "bridge/c is not there");
    finds(&of("see `docs/`").0, "docs/ is not there");
}

#[test]
fn a_value_that_is_printed_for_debugging_is_found() {
    let excused = [("b/src/shown", "a reason")];
    let of = |name: &str, text: &str| code::debugged(&[file(name, text)], &["text"], &excused[..0]);
    let good = "/// {a:?}\nfn f() { format!(\"{text:?} {a} {{b:?}}\") }\n#[cfg(test)]\nmod tests { fn f() { panic!(\"{a:?}\"); } }";
    assert_eq!(of("b/src/a.rs", good), Vec::<String>::new());
    let quoted = "fn g() { format!(\"{text:?}\") }";
    for bad in [
        "fn f() { format!(\"{found:?}\") }",
        "fn f() { format!(\"{:?}\", found) }",
        "fn f() { format!(\"{found:#?}\") }",
        "#[error(\"the leaf {0:?}\")] struct E;",
    ] {
        finds(&of("b/src/a.rs", &format!("{quoted} {bad}")), ":?}");
        let shown = [file("b/src/shown/a.rs", &format!("{quoted} {bad}"))];
        assert_eq!(
            code::debugged(&shown, &["text"], &excused),
            Vec::<String>::new()
        );
    }
    let idle = code::debugged(&[file("b/src/a.rs", quoted)], &["text"], &excused);
    finds(&idle, "needs none");
    finds(&of("b/src/a.rs", ""), "never does");
}

#[test]
fn a_message_that_something_is_no_thing_is_found() {
    let of = |text: &str| code::is_no_thing(&[file("b/src/a.rs", text)]);
    let good = "/// It is no key.\nfn f() { (\"there is no key\", \"it is no longer here\") }";
    assert!(of(good).is_empty());
    finds(&of("fn f() { \"it is no key\" }"), "it is no key");
    finds(&of("#[error(\"{0} is no key\")] struct E;"), "is no key");
}

#[test]
fn a_type_name_with_two_meanings_is_found() {
    let one = file(
        "b/src/a.rs",
        "pub struct Offer; struct Held; #[cfg(test)] pub struct Held;",
    );
    let other = |text: &str| [one.clone(), file("c/src/a.rs", text)];
    assert!(code::named_twice(&other("pub use b::Offer; pub struct Held;"), &[]).is_empty());
    for text in [
        "pub struct Offer;",
        "pub(crate) enum Offer {}",
        "pub trait Offer {}",
    ] {
        finds(&code::named_twice(&other(text), &[]), "c/src/a.rs:1");
        assert!(code::named_twice(&other(text), &["Offer"]).is_empty());
    }
    finds(&code::named_twice(&[one], &["Offer"]), "does not");
}

#[test]
fn an_address_that_serde_reads_by_itself_is_found() {
    let of = |text: &str| habits::unchecked_addresses(&[file("validator/src/a.rs", text)]);
    let shape = |attribute: &str, kind: &str| {
        format!(
            "#[derive(Debug, Deserialize)]\nstruct S {{\n    a: u8,\n{attribute}    b: {kind},\n}}\n"
        )
    };
    let checked = "    #[serde(default, with = \"address::text\")]\n";
    assert!(of(&shape(checked, "Address")).is_empty());
    assert!(
        of(&shape(
            "    #[serde(with = \"address::texts\")]\n",
            "Vec<Address>"
        ))
        .is_empty()
    );
    let written = shape("", "Address").replace("Deserialize", "Serialize");
    assert!(of(&written).is_empty());
    for kind in ["Address", "Option<Address>", "Vec<Address>"] {
        finds(&of(&shape("", kind)), "validator/src/a.rs:4");
        // An attribute is of its own field alone.
        let behind = shape(checked, "Address").replace("}\n", &format!("    c: {kind},\n}}\n"));
        finds(&of(&behind), "validator/src/a.rs:6");
    }
}

#[test]
fn a_test_that_waits_for_a_time_is_found() {
    let of = |text: &str| habits::sleeps(&[file("tests/tests/a.rs", text)], &[]);
    for again in [
        "loop",
        "let a = loop",
        "while x",
        "for x in y",
        "(0..9).any(|_|",
    ] {
        let good = format!(
            "fn f() {{\n    {again} {{\n        if a {{\n            tokio::time::sleep(b).await;\n        }}\n    }}\n}}\n"
        );
        assert!(of(&good).is_empty(), "{good}");
    }
    let bad = "fn f() {\n    loop {\n        a();\n    }\n    tokio::time::sleep(b).await;\n}\n";
    finds(&of(bad), "tests/tests/a.rs:5");
    let row = [("tests/tests/a.rs", "a reason")];
    assert!(habits::sleeps(&[file("tests/tests/a.rs", bad)], &row).is_empty());
    finds(&habits::sleeps(&[], &row), "needs none");
}

#[test]
fn an_address_that_can_be_printed_is_found() {
    let of = |derived: &str, option: &str| {
        let text = format!(
            "#[derive({derived})]\npub struct A {{\n    #[arg(long, value_parser = {option})]\n    b: String,\n}}\n"
        );
        habits::printed_addresses(&[file("validator/src/cli/a.rs", &text)])
    };
    assert!(of("Args", "UrlOption").is_empty());
    assert!(of("Debug, Args", "OtherOption").is_empty());
    finds(&of("Debug, Args", "UrlOption"), "a.rs:3");
    let apart =
        "#[derive(Debug)]\nstruct A {\n}\nstruct B {\n    #[arg(value_parser = UrlOption)]\n}\n";
    let apart = habits::printed_addresses(&[file("validator/src/cli/a.rs", apart)]);
    assert!(apart.is_empty(), "{apart:?}");
}

#[test]
fn a_test_that_takes_the_first_page_for_the_whole_list_is_found() {
    let of = |text: &str| habits::first_pages(&[file("tests/tests/a.rs", text)]);
    for good in [
        "fn f() {\n    let page = client.list_tokens(asked).await;\n    assert!(page.next_page_token.is_empty());\n}\n",
        "fn f() {\n    refused(\n        client.list_tokens(asked).await,\n        code,\n    );\n}\n",
        "fn f() {\n    let rows = paged(folder, line)[\"tokens\"].as_array();\n}\n",
        "fn f() {\n    let first = &said[\"tokens\"][0];\n}\n",
        "fn list_tokens() {}\n",
    ] {
        assert!(of(good).is_empty(), "{good}");
    }
    let call = "fn f() {\n    let page = client.list_checkpoints(asked).await;\n}\n";
    finds(&of(call), "tests/tests/a.rs:2");
    let rows = "fn f() {\n    let rows = said[\"checkpoints\"].as_array();\n}\n";
    finds(&of(rows), "tests/tests/a.rs:2");
    // What another function looks at does not count, and neither does one look for two pages, or a comment.
    let other = format!("{call}fn g() {{\n    page.next_page_token;\n}}\n");
    finds(&of(&other), "a.rs:2");
    let two = "fn f() {\n    a.list_tokens(b);\n    c.next_page_token;\n    d.list_lines(e);\n}\n";
    finds(&of(two), "a.rs:4");
    let told = "fn f() {\n    a.list_tokens(b);\n    // c.next_page_token\n}\n";
    finds(&of(told), "a.rs:2");
    let of_code = habits::first_pages(&[file("validator/src/a.rs", call)]);
    assert!(of_code.is_empty(), "code that is no test");
}

#[test]
fn a_comment_that_leaves_out_what_it_speaks_of_is_found() {
    let of = |text: &str| habits::elliptic(&[file("b/src/a.rs", text)]);
    for good in [
        "/// The same bytes are pending.",
        "/// The samest of all.",
        "/// The leaves of\n/// Those who ask.",
        "/// Thoseby.",
        "let a = \"The same.\";",
    ] {
        assert!(of(good).is_empty(), "{good}");
    }
    for bad in [
        "/// The same.",
        "    //! The same, ended.",
        "/// @notice The same for a leaf.",
        "// The same",
        "/// The same as before",
        "fn f() {}\n    /// Those of both.",
        "/// A paragraph.\n///\n/// Those of both.",
        "/// Those.",
        "/// @dev That of a leaf.",
        "/// Likewise of a leaf.",
        "/// None yet.",
        "/// By whom.",
        "/// At most so many leaves.",
        "/// So many leaves.",
        "\"there are so many of them\"",
    ] {
        finds(&of(bad), "whole sentence");
    }
}

#[test]
fn a_rule_without_a_twin_is_found() {
    let rust = |name: &str| file(&format!("validator/src/ledger/rules/{name}.rs"), "");
    let solidity = |name: &str| file(&format!("bridge/contracts/src/court/rules/{name}.sol"), "");
    let good = [rust("transfer"), solidity("Transfer"), rust("stake")];
    assert!(twins::alone(&good).is_empty());
    finds(&twins::alone(&[rust("transfer")]), "transfer.rs");
    finds(
        &twins::alone(&[solidity("Transfer")]),
        "transfer has no rule",
    );
    finds(&twins::alone(&[solidity("Participation")]), "participation");
    let told = twins::alone(&[rust("stake"), solidity("Stake")]);
    finds(&told, "says that it has none");
}

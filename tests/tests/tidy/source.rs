//! A file of Rust as the house rules read it: its tokens, with comments, attributes and everything that exists for tests alone left out.
//!
//! ```text
//! text ──lexer of proc-macro2──► token trees ──► lines of code      "let a=b.unwrap();"
//!                                           └──► names of rooms    crate::{a, b::c} → a, b    super::super::d → d
//! ```

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What a file is made of.
pub struct Source {
    trees: Vec<TokenTree>,
}

impl Source {
    /// Reads a file.
    ///
    /// # Panics
    /// When its text is not Rust.
    pub fn read(name: &str, text: &str) -> Self {
        Self {
            trees: without_tests(trees(name, text)),
        }
    }

    /// Lines of code by number, their tokens without spaces but between two words.
    pub fn lines(&self) -> BTreeMap<usize, String> {
        let mut lines = BTreeMap::new();
        write_lines(&self.trees, &mut lines);
        lines
    }

    /// Lines of code with a number that is no whole one.
    pub fn floats(&self) -> Vec<usize> {
        let mut found = Vec::new();
        walk(&self.trees, &mut |trees, at| {
            if let Some(tree @ TokenTree::Literal(literal)) = trees.get(at)
                && is_float(&literal.to_string())
            {
                found.push(line(tree));
            }
        });
        found
    }

    /// The line of the first place where a word stands in a text, tests included.
    pub fn word(name: &str, text: &str, wanted: &str) -> Option<usize> {
        let trees = trees(name, text);
        let mut found = None;
        walk(&trees, &mut |trees, at| {
            if found.is_none() && word(trees.get(at)).as_deref() == Some(wanted) {
                found = trees.get(at).map(line);
            }
        });
        found
    }

    /// What code outside of tests says: its string literals with their lines, those in attributes too, and documentation not.
    pub fn said(name: &str, text: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        say(&trees(name, text), &mut found);
        found
    }

    /// The public types that code outside of tests defines, with their lines.
    pub fn types(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        walk(&self.trees, &mut |trees, at| {
            if word(trees.get(at)).as_deref() != Some("pub") {
                return;
            }
            // `pub(crate)` and its like are public too: what counts is that others may name it.
            let restricted = matches!(trees.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
            let at = at + 1 + usize::from(restricted);
            let kinds = ["struct", "enum", "trait", "union"];
            let is_type = word(trees.get(at)).is_some_and(|kind| kinds.contains(&kind.as_str()));
            if let (true, Some(name)) = (is_type, word(trees.get(at + 1))) {
                found.push((line(&trees[at + 1]), name));
            }
        });
        found
    }

    /// The attributes of a text without blanks, with their lines, tests included and documentation not.
    pub fn attributes(name: &str, text: &str) -> Vec<(usize, String)> {
        let trees = trees(name, text);
        let mut found = Vec::new();
        walk(&trees, &mut |trees, at| {
            if let Some((_, tokens)) = attribute(trees, at) {
                let tokens = tokens.to_string().replace([' ', '\n'], "");
                if !tokens.starts_with("doc=") {
                    found.push((line(&trees[at]), tokens));
                }
            }
        });
        found
    }

    /// The first names behind `root::`, with their lines; those in groups too.
    pub fn names_behind(&self, root: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        walk(&self.trees, &mut |trees, at| {
            if word(trees.get(at)) == Some(root.to_owned()) && is_path(trees, at + 1) {
                first_words(trees, at + 3, &mut found);
            }
        });
        found
    }

    /// The first names behind enough `super::` to lead from a module of this depth to the crate's root; from a module inside the file it
    /// takes more of them.
    pub fn names_above(&self, depth: usize) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        walk(&self.trees, &mut |trees, at| {
            let before = at.checked_sub(3).and_then(|before| word(trees.get(before)));
            if word(trees.get(at)).as_deref() != Some("super") || before.as_deref() == Some("super")
            {
                return;
            }
            let mut count = 0;
            let mut next = at;
            while word(trees.get(next)).as_deref() == Some("super") && is_path(trees, next + 1) {
                count += 1;
                next += 3;
            }
            if count >= depth {
                first_words(trees, next, &mut found);
            }
        });
        found
    }
}

fn trees(name: &str, text: &str) -> Vec<TokenTree> {
    let stream: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    stream.into_iter().collect()
}

fn is_float(literal: &str) -> bool {
    let is_number = literal.starts_with(|first: char| first.is_ascii_digit());
    let other_base = ["0x", "0b", "0o"];
    let is_decimal = is_number && !other_base.iter().any(|base| literal.starts_with(base));
    let says = |sign: &str| literal.contains(sign);
    is_decimal && (says(".") || says("f32") || says("f64") || says("e") && !says("size"))
}

fn word(tree: Option<&TokenTree>) -> Option<String> {
    match tree {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_path(trees: &[TokenTree], at: usize) -> bool {
    is_punct(trees.get(at), ':') && is_punct(trees.get(at + 1), ':')
}

fn line(tree: &TokenTree) -> usize {
    tree.span().start().line
}

/// The word or star at a place, or the first word of each member of the group that stands there.
fn first_words(trees: &[TokenTree], at: usize, found: &mut Vec<(usize, String)>) {
    match trees.get(at) {
        Some(TokenTree::Ident(ident)) => {
            found.push((ident.span().start().line, ident.to_string()));
        }
        Some(tree @ TokenTree::Punct(punct)) if punct.as_char() == '*' => {
            found.push((line(tree), "*".to_owned()));
        }
        Some(TokenTree::Group(group)) => {
            let members: Vec<TokenTree> = group.stream().into_iter().collect();
            for member in members.split(|tree| is_punct(Some(tree), ',')) {
                first_words(member, 0, found);
            }
        }
        _ => {}
    }
}

/// Calls `visit` for each place of each list of token trees.
fn walk(trees: &[TokenTree], visit: &mut impl FnMut(&[TokenTree], usize)) {
    for (at, tree) in trees.iter().enumerate() {
        visit(trees, at);
        if let TokenTree::Group(group) = tree {
            walk(&group.stream().into_iter().collect::<Vec<_>>(), visit);
        }
    }
}

fn write_lines(trees: &[TokenTree], lines: &mut BTreeMap<usize, String>) {
    for tree in trees {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                push(lines, group.span_open().start().line, open);
                write_lines(&inside, lines);
                push(lines, group.span_close().start().line, close);
            }
            // What a literal says is no code.
            TokenTree::Literal(literal) => {
                push(lines, line(tree), &number_or_empty(&literal.to_string()));
            }
            other => push(lines, line(other), &other.to_string()),
        }
    }
}

fn number_or_empty(literal: &str) -> String {
    match literal.starts_with(|first: char| first.is_ascii_digit()) {
        true => literal.to_owned(),
        false => "\"\"".to_owned(),
    }
}

fn push(lines: &mut BTreeMap<usize, String>, number: usize, token: &str) {
    let text = lines.entry(number).or_default();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    if text.ends_with(is_word) && token.starts_with(is_word) {
        text.push(' ');
    }
    text.push_str(token);
}

/// The trees of a stream without attributes, and without the items that an attribute keeps for tests.
fn without_tests(trees: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        if let Some((behind, attribute)) = attribute(&trees, at) {
            at = behind;
            let attribute = attribute.to_string().replace(' ', "");
            if attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,") {
                at = behind_item(&trees, at);
            }
            continue;
        }
        kept.push(match tree {
            TokenTree::Group(group) => {
                let mut inside = Group::new(
                    group.delimiter(),
                    without_tests(group.stream().into_iter().collect())
                        .into_iter()
                        .collect(),
                );
                inside.set_span(group.span());
                TokenTree::Group(inside)
            }
            other => other.clone(),
        });
        at += 1;
    }
    kept
}

fn say(trees: &[TokenTree], found: &mut Vec<(usize, String)>) {
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        if let Some((behind, tokens)) = attribute(trees, at) {
            at = behind;
            let text = tokens.to_string().replace(' ', "");
            if text == "cfg(test)" || text.starts_with("cfg(all(test,") {
                at = behind_item(trees, at);
            } else if !text.starts_with("doc=") {
                say(&tokens.into_iter().collect::<Vec<_>>(), found);
            }
            continue;
        }
        match tree {
            TokenTree::Group(group) => {
                say(&group.stream().into_iter().collect::<Vec<_>>(), found);
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.starts_with(['"', 'r']) {
                    found.push((line(tree), text));
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The attribute that begins at a place, with the place behind it.
fn attribute(trees: &[TokenTree], at: usize) -> Option<(usize, TokenStream)> {
    if !is_punct(trees.get(at), '#') {
        return None;
    }
    let at = at + 1 + usize::from(is_punct(trees.get(at + 1), '!'));
    match trees.get(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            Some((at + 1, group.stream()))
        }
        _ => None,
    }
}

/// The place behind the item that begins at a place: behind its semicolon, or behind its braces.
fn behind_item(trees: &[TokenTree], mut at: usize) -> usize {
    while let Some((behind, _)) = attribute(trees, at) {
        at = behind;
    }
    let mut head = trees[at..].iter().take(3);
    let imports = head.any(|tree| word(Some(tree)).as_deref() == Some("use"));
    while let Some(tree) = trees.get(at) {
        at += 1;
        let braces =
            matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if is_punct(Some(tree), ';') || (braces && !imports) {
            break;
        }
    }
    at
}

#[test]
fn code_is_read_behind_tests_and_inside_groups() {
    let text = r#"
        //! Says nothing of HashMap.
        use crate::{app::{self, pool}, chain::x as y, ledger};
        #[cfg(test)]
        use crate::{cli, node};
        #[cfg(test)]
        mod tests { fn f() { a.unwrap(); } }
        #[doc = "panic!("]
        fn after() { let said = ".expect("; b.unwrap() }
        fn deep() { super::super::store::open(super::own()) }
        #[cfg(all(test, unix))]
        mod more;
        type Last = plasmid::rpc::X;
    "#;
    let source = Source::read("a text", text);
    let names = |found: Vec<(usize, String)>| -> Vec<String> {
        found.into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(
        names(source.names_behind("crate")),
        ["app", "chain", "ledger"]
    );
    assert_eq!(source.names_behind("plasmid"), [(13, "rpc".to_owned())]);
    assert_eq!(names(source.names_above(2)), ["store"]);
    assert_eq!(names(source.names_above(1)), ["store", "own"]);
    let lines = source.lines();
    assert_eq!(lines[&9], "fn after(){let said=\"\";b.unwrap()}");
    let all: String = lines.into_values().collect();
    assert!(!all.contains("HashMap") && !all.contains("a.unwrap") && !all.contains("cli"));
    assert!(!all.contains("more"));
}

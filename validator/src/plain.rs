//! Text of strangers as it may be shown: symbols of tokens, words of nodes, peers and contracts, output of other programs.
//!
//! A terminal obeys what it is shown: control sequences clear it or rewrite what stood there, marks of writing direction
//! reorder a line, invisible characters make two names look the same, and a line break invents a line. So whatever leaves this
//! program for a person goes through [`line`] or [`lines`], and for a program through [`json`]; nobody has to remember which
//! text is whose.

use std::io::{self, Write};

/// The most characters of one text that are shown.
pub const MAX_SHOWN: usize = 16_384;
/// The most characters of a stranger's words within a sentence of this program.
const MAX_WORDS: usize = 1_000;
/// The most lines of one text that are shown: the first number from its beginning, and the second from its end, where this program says what to do.
const FIRST_LINES: usize = 48;
const LAST_LINES: usize = 16;
/// What stands in front of every line of a text but its first.
const CONTINUED: &str = "\n  | ";

/// `text` on one line, with at most `max` characters; what could steer a terminal or hide is written as an escape.
pub fn line(text: &str, max: usize) -> String {
    cut(text, max, |shown, c| match is_plain(c) {
        true => shown.push(c),
        false => shown.extend(c.escape_default()),
    })
}

/// A stranger's words as they become part of a sentence of this program: as they are, and so few that the sentence's own words are shown too,
/// whatever they are. The whole sentence still has to go through [`lines`] or [`json`].
pub fn words(text: &str) -> String {
    cut(text, MAX_WORDS, String::push)
}

/// At most `max` characters of `text`, each as `show` puts it, and how many more there are.
fn cut(text: &str, max: usize, show: impl Fn(&mut String, char)) -> String {
    let mut shown = String::new();
    let mut rest = text.chars();
    for c in rest.by_ref().take(max) {
        show(&mut shown, c);
    }
    match rest.count() {
        0 => shown,
        more => format!("{shown}… ({more} more characters)"),
    }
}

/// `text` on as many lines as it has, each but the first marked, so that none can pass for a line of this program.
pub fn lines(text: &str) -> String {
    let parts: Vec<&str> = text.lines().collect();
    let left_out = parts.len().saturating_sub(FIRST_LINES + LAST_LINES);
    let (first, rest) = parts.split_at(parts.len().min(FIRST_LINES));
    let last = rest.get(left_out..).unwrap_or_default();
    let show = |part: &&str| line(part, MAX_SHOWN);
    let mut shown: Vec<String> = first.iter().map(show).collect();
    if left_out > 0 {
        shown.push(format!("… ({left_out} more lines)"));
    }
    shown.extend(last.iter().map(show));
    shown.join(CONTINUED)
}

/// JSON that means the same, in which what could steer a terminal or hide is written as an escape.
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut units = [0; 2];
    for c in text.chars() {
        match is_plain(c) {
            true => shown.push(c),
            // Outside of its strings JSON has no such character but white space, which is never written here.
            false => {
                for unit in c.encode_utf16(&mut units) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    shown
}

/// Where an endpoint is, without what may be a key: providers put theirs into the path, the query or in front of the host.
pub fn place(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) if url.has_host() => {
            let host = url.host_str().unwrap_or_default();
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let more = match url.path() {
                "" | "/" if url.query().is_none() => "",
                _ => "/…",
            };
            line(&format!("{}://{host}{port}{more}", url.scheme()), 300)
        }
        _ => "an address that is not a URL".to_owned(),
    }
}

/// `text` with nothing between its quotation marks: parsers put what they could not use there, which may be a key.
pub fn without_quoted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '"' if !escaped => {
                if inside {
                    shown.push('…');
                }
                shown.push('"');
                inside = !inside;
            }
            c if !inside => shown.push(c),
            _ => {}
        }
        escaped = inside && c == '\\' && !escaped;
    }
    shown
}

/// Whether a character shows itself and nothing else.
fn is_plain(c: char) -> bool {
    match c {
        ' '..='~' => true,
        // Blank although they count as letters.
        '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => false,
        // The library escapes controls, format characters, separators, private and unassigned ones, and marks that combine.
        other => other.escape_debug().len() == 1,
    }
}

/// A writer of log lines: each call of `write` is one line.
pub struct LogLines<W> {
    out: W,
    json: bool,
}

impl<W: Write> LogLines<W> {
    /// Writes to `out` lines of text, or lines of JSON.
    pub const fn new(out: W, json: bool) -> Self {
        Self { out, json }
    }
}

impl<W: Write> Write for LogLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let shown = match self.json {
            true => json(text),
            false => line(text, MAX_SHOWN),
        };
        self.out.write_all(format!("{shown}\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    /// What terminals obey, what hides, and what only looks strange.
    const HOSTILE: [&str; 14] = [
        "\u{1b}[2J\u{1b}[H",
        "\u{9b}2J",
        "\u{1b}]0;title\u{7}",
        "USDC\u{202e}EDC",
        "\u{2066}a\u{2069}",
        "\u{200e}\u{200f}\u{61c}",
        "U\u{200b}S\u{200c}D\u{200d}C\u{feff}",
        "a\u{ad}b\u{2060}c",
        "one\r\ntwo\nthree",
        "a\u{2028}b\u{2029}c\u{85}d",
        "\u{8}\u{8}\u{7f}\0",
        "e\u{301}\u{20dd}",
        "\u{e0041}\u{fe0f}",
        "\u{3164}\u{2800}\u{115f}\u{a0}",
    ];

    fn is_harmless(text: &str) -> bool {
        text.chars().all(is_plain)
    }

    #[test]
    fn whatever_steers_a_terminal_or_hides_is_escaped() {
        for text in HOSTILE {
            assert!(!is_harmless(text), "{text:?} would pass");
            let shown = line(text, 100);
            assert!(is_harmless(&shown), "{text:?}: {shown:?}");
            assert!(lines(text).split(CONTINUED).all(is_harmless), "{text:?}");
        }
        for text in ["USDC", "Zürich", "₮", "日本", "a'b\"c\\d", "≤ 2^20 ─▶ …"] {
            assert_eq!(line(text, 100), text);
        }
    }

    #[test]
    fn json_keeps_its_meaning_and_is_harmless() {
        for text in HOSTILE {
            let value = serde_json::json!({ "symbol": text, "list": [text, 1] });
            let shown = json(&value.to_string());
            assert!(is_harmless(&shown), "{shown:?}");
            let read: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
            assert_eq!(read, value);
        }
    }

    #[test]
    fn an_endpoint_is_named_without_its_key() {
        for (url, shown) in [
            ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
            ("https://eth.example/v3/0123abcd", "https://eth.example/…"),
            ("https://eth.example/?key=0123abcd", "https://eth.example/…"),
            (
                "https://user:0123abcd@eth.example:8/",
                "https://eth.example:8",
            ),
            ("http://[::1]:8545/", "http://[::1]:8545"),
            ("0123abcd", "an address that is not a URL"),
        ] {
            assert_eq!(place(url), shown);
        }
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        assert_eq!(line(&"x".repeat(10), 10), "x".repeat(10));
        assert_eq!(
            line(&"x".repeat(1_000_000), 3),
            "xxx… (999997 more characters)"
        );
        let shown = lines(&"line\n".repeat(1_000));
        assert!(shown.contains("… (936 more lines)"), "{shown}");
        // What this program says behind a stranger's words is seen, however many lines those have.
        let shown = lines(&format!("{}do not send it again", "\n".repeat(1_000)));
        assert!(shown.ends_with("do not send it again"), "{shown}");
        assert_eq!(words("a\u{1b}\n"), "a\u{1b}\n");
        for stranger in ["\n", "x", "\u{1b}"] {
            let said = words(&stranger.repeat(1_000_000));
            let shown = lines(&format!("{said}; do not send it again"));
            assert!(shown.ends_with("do not send it again"), "{shown}");
        }
        assert!(lines(&"\u{1b}".repeat(1_000_000)).len() < 7 * MAX_SHOWN);
    }

    #[test]
    fn no_line_of_a_stranger_passes_for_one_of_this_program() {
        let shown = lines("refused\nerror: none\r\nnext: send money");
        assert_eq!(shown, "refused\n  | error: none\n  | next: send money");
        assert_eq!(lines("one\n"), "one");
        assert_eq!(lines(""), "");
    }

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_of_the_log_is_one_harmless_line() {
        for as_json in [false, true] {
            let out = Shared::default();
            let held = out.clone();
            let log = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || LogLines::new(out.clone(), as_json));
            let log: Box<dyn tracing::Subscriber + Send + Sync> = match as_json {
                true => Box::new(log.json().flatten_event(true).finish()),
                false => Box::new(log.finish()),
            };
            tracing::subscriber::with_default(log, || {
                for text in HOSTILE {
                    tracing::info!(error = %text, said = text, "a root node said {text}");
                }
            });
            let bytes = held.0.lock().expect("held").clone();
            let text = String::from_utf8(bytes).expect("UTF-8");
            assert_eq!(text.lines().count(), HOSTILE.len(), "{text:?}");
            assert!(text.split('\n').all(is_harmless), "{text:?}");
        }
    }
}

//! How a command speaks: a table for people, one JSON object for programs (`--output json`), and what to do next.
//!
//! Everything that a command prints leaves here, by way of [`plain`]: what strangers wrote cannot steer a terminal.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};
use std::sync::OnceLock;

use comfy_table::{Table, presets};
use serde_json::Value;

use super::CliError;
use crate::plain;

/// The most characters in a cell of a list.
const MAX_CELL: usize = 512;

/// The most bytes that are read of an answer.
const MAX_ANSWER: u64 = 16;

/// The form of what a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables and sentences.
    #[default]
    Text,
    /// One JSON object a line, and nothing else on standard output.
    Json,
}

/// Where a command's answers go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    format: Format,
}

impl Output {
    /// Answers in `format`.
    pub const fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether programs read.
    pub const fn is_json(self) -> bool {
        matches!(self.format, Format::Json)
    }

    /// Prints an object: as it is, or as a table of names and values.
    pub fn object(self, object: &Value) {
        if self.is_json() {
            return json_line(object);
        }
        let mut table = plain_table();
        for (name, value) in object.as_object().into_iter().flatten() {
            let name = cell(&name.replace('_', " ").into(), MAX_CELL);
            table.add_row([name, cell(value, plain::MAX_SHOWN)]);
        }
        raw_line(&table.to_string());
    }

    /// Prints rows under these columns; each row is an object that has them.
    pub fn rows(self, name: &str, columns: &[&str], rows: &[Value]) {
        if self.is_json() {
            return json_line(&serde_json::json!({ name: rows }));
        }
        if rows.is_empty() {
            return line(&format!("no {}", name.replace('_', " ")));
        }
        let mut table = plain_table();
        table.set_header(columns.iter().map(|column| column.replace('_', " ")));
        for row in rows {
            table.add_row(columns.iter().map(|column| cell(&row[*column], MAX_CELL)));
        }
        raw_line(&table.to_string());
    }

    /// Says something to a person; programs are not told.
    pub fn say(self, text: &str) {
        if !self.is_json() {
            line(text);
        }
    }

    /// Tells a person what a command waits for, where standard output is for programs or no terminal is there too.
    pub fn tell(self, text: &str) {
        note(text);
    }

    /// Names the command to type next.
    pub fn next(self, command: &str) {
        self.say(&format!("next: {command}"));
    }

    /// Asks a person whether to go on; `yes` answers before.
    ///
    /// # Errors
    /// When the answer is another one than yes, or nobody is there to give it.
    pub fn ask(self, question: &str, yes: bool) -> Result<(), CliError> {
        if yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(CliError::new(
                "nobody is there to answer: nothing was sent; --yes sends it without asking, --dry-run only shows it",
            ));
        }
        answered(question)
    }

    /// A spinner for what takes over two seconds; silent for programs and where no terminal is.
    pub fn progress(self, what: &str) -> indicatif::ProgressBar {
        if self.is_json() || !io::stderr().is_terminal() {
            return indicatif::ProgressBar::hidden();
        }
        let bar = indicatif::ProgressBar::new_spinner().with_message(what.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }
}

/// Asks a person whether to go on, where one is there to answer.
///
/// # Errors
/// When the answer is another one than yes.
pub fn ask_if_there(question: &str) -> Result<(), CliError> {
    match io::stdin().is_terminal() {
        true => answered(question),
        false => Ok(()),
    }
}

fn answered(question: &str) -> Result<(), CliError> {
    note(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer);
    match read.is_ok() && is_yes(&answer) {
        true => Ok(()),
        false => Err(CliError::new("the answer was not yes: nothing was sent")),
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

fn cell(value: &Value, max: usize) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain::line(text, max),
        other => plain::line(&other.to_string(), max),
    }
}

/// Things in a row, as a sentence names them.
pub fn listed<T: std::fmt::Display>(things: impl IntoIterator<Item = T>) -> String {
    let things: Vec<_> = things.into_iter().map(|thing| thing.to_string()).collect();
    things.join(", ")
}

/// Writes a text for people.
pub fn line(text: &str) {
    raw_line(&plain::lines(text));
}

/// Writes a JSON object for programs.
pub fn json_line(object: &Value) {
    raw_line(&plain::json(&object.to_string()));
}

/// Writes on standard error, for people and for programs, what has to be known even when the command is interrupted.
pub fn note(text: &str) {
    // A spinner leaves its own line unfinished.
    let start = match io::stderr().is_terminal() {
        true => "\r\u{1b}[2K",
        false => "",
    };
    error_text(&format!("{start}{}", plain::lines(text)));
}

/// Writes what went wrong for people.
pub fn error_line(text: &str) {
    error_text(&format!("error: {}", plain::lines(text)));
}

/// Why something that was printed did not arrive.
static LOST: OnceLock<String> = OnceLock::new();

/// Why standard output lacks something that was printed, if it does. Who reads it believes that it is whole, so the command has failed.
pub fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// Writes one line. A reader that has gone away (`| head`) is no error; every other failure is kept for [`lost`].
fn raw_line(text: &str) {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            LOST.get_or_init(|| error.to_string());
        }
        _ => {}
    }
}

/// Writes one line on standard error. Where that fails there is no place left that could say so, and the command goes on.
fn error_text(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_a_yes() {
        for (answer, yes) in [
            ("y\n", true),
            (" Yes \n", true),
            ("", false),
            ("\n", false),
            ("n\n", false),
            ("yes, but\n", false),
        ] {
            assert_eq!(is_yes(answer), yes, "{answer:?}");
        }
    }
}

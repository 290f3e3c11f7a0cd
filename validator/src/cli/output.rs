//! How a command speaks: a table for people, one JSON object for programs (`--output json`), and what to do next.
//!
//! Everything that a command prints leaves here, by way of [`plain`]: what strangers wrote cannot steer a terminal.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Table, presets};
use serde_json::Value;

use crate::plain;

/// The most characters in a cell of a list.
const MAX_CELL: usize = 512;

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
        eprintln!("{}", plain::lines(text));
    }

    /// Names the command to type next.
    pub fn next(self, command: &str) {
        self.say(&format!("next: {command}"));
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

/// Writes a text for people.
pub fn line(text: &str) {
    raw_line(&plain::lines(text));
}

/// Writes a JSON object for programs.
pub fn json_line(object: &Value) {
    raw_line(&plain::json(&object.to_string()));
}

/// Writes what went wrong for people.
pub fn error_line(text: &str) {
    eprintln!("error: {}", plain::lines(text));
}

/// Writes one line; a reader that has gone away (`| head`) is no error.
fn raw_line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

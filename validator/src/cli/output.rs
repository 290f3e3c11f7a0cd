//! How a command speaks: a table for people, one JSON object for programs (`--output json`), and what to do next.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Table, presets};
use serde_json::Value;

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
            return line(&object.to_string());
        }
        let mut table = plain_table();
        for (name, value) in object.as_object().into_iter().flatten() {
            table.add_row([name.replace('_', " "), cell(value)]);
        }
        line(&table.to_string());
    }

    /// Prints rows under these columns; each row is an object that has them.
    pub fn rows(self, name: &str, columns: &[&str], rows: &[Value]) {
        if self.is_json() {
            return line(&serde_json::json!({ name: rows }).to_string());
        }
        if rows.is_empty() {
            return line(&format!("no {}", name.replace('_', " ")));
        }
        let mut table = plain_table();
        table.set_header(columns.iter().map(|column| column.replace('_', " ")));
        for row in rows {
            table.add_row(columns.iter().map(|column| cell(&row[*column])));
        }
        line(&table.to_string());
    }

    /// Says something to a person; programs are not told.
    pub fn say(self, text: &str) {
        if !self.is_json() {
            line(text);
        }
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

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes one line; a reader that has gone away (`| head`) is no error.
pub fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

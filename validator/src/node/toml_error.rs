//! What is wrong in a TOML file, said without the text of the file, which may hold a provider's key.

use crate::plain;

/// The number of the line, and the reason with nothing in quotation marks.
pub fn told(text: &str, error: &toml::de::Error) -> String {
    let why = plain::without_quoted(error.message());
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {why}", before.matches('\n').count() + 1),
        None => why,
    }
}

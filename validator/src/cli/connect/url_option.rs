//! An option that takes the URL of a server.

use std::ffi::OsStr;

use clap::{Arg, Command, Error, builder::TypedValueParser, error::ErrorKind};

use crate::node::config::url;

/// Takes the URL of a server. What is no URL is refused without being repeated, because it may hold a provider's key.
#[derive(Clone, Copy, Debug)]
pub struct UrlOption;

impl TypedValueParser for UrlOption {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        option: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        let text = value.to_str().ok_or_else(|| "it is not UTF-8".to_owned());
        text.and_then(url).map_err(|why| {
            let option = option.map(ToString::to_string).unwrap_or_default();
            let said = format!("the address in {option} cannot be used: {why}");
            command.clone().error(ErrorKind::ValueValidation, said)
        })
    }
}

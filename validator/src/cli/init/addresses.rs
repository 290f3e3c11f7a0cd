//! Addresses and names that `init join` writes into files: what nothing can listen on or reach is refused before.

use std::net::{Ipv6Addr, SocketAddr};

use crate::{cli::CliError, node::comet::EnginePeer, plain};

/// The peer that a text names.
///
/// # Errors
/// When it is not of its form, or nothing can be reached there.
pub(super) fn peer(text: &str) -> Result<EnginePeer, CliError> {
    let (id, address) = text.split_once('@').unwrap_or(("", text));
    let plain = id.len() == 40 && id.chars().all(|c| c.is_ascii_hexdigit());
    if !plain || !is_reachable(address) {
        return Err(CliError::new(format!(
            "peer {text:?}: it must be ID@HOST:PORT, the id of 40 hex digits, the host a name or an address (of IPv6 in brackets: [::1]), \
             the port 1 to 65535"
        )));
    }
    Ok(EnginePeer {
        id: id.to_ascii_lowercase(),
        address: address.to_owned(),
    })
}

/// Whether a peer can be reached at HOST:PORT.
fn is_reachable(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let named = |host: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (1..=253).contains(&host.len()) && host.chars().all(plain)
    };
    let host = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(host) => host.parse::<Ipv6Addr>().is_ok(),
        None => named(host),
    };
    let digits = port.chars().all(|c| c.is_ascii_digit());
    host && digits && port.parse::<u16>().is_ok_and(|port| port != 0)
}

/// An address to listen on, with a port that others can be told.
pub(super) fn listening(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| {
        "it must have the form ADDRESS:PORT, such as 127.0.0.1:9090 or [::1]:9090".to_owned()
    })?;
    match address.port() {
        0 => Err("port 0 is none that others could connect to".into()),
        _ => Ok(address),
    }
}

/// What others call a node: it is shown to strangers, who refuse what is blank or steers a terminal.
pub(super) fn moniker(text: &str) -> Result<String, String> {
    let plain = plain::line(text, 70) == text && !text.trim().is_empty() && text.trim() == text;
    match plain {
        true => Ok(text.to_owned()),
        false => Err(
            "it must have 1 to 70 visible characters, and no blank at its beginning or end".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn peers_that_can_be_reached_are_taken() {
        for address in [
            "127.0.0.1:26656",
            "[::1]:26656",
            "[2001:db8::7]:1",
            "node-0.example.org:65535",
            "node_0:26656",
        ] {
            let peer = peer(&format!("{ID}@{address}")).expect(address);
            assert_eq!((peer.id.as_str(), peer.address.as_str()), (ID, address));
        }
        let capitals = peer(&format!("{}@host:1", ID.to_uppercase())).expect("capitals");
        assert_eq!(capitals.id, ID);
    }

    #[test]
    fn peers_that_cannot_be_reached_are_refused() {
        for address in [
            "::1:26656",
            "2001:db8::7:1",
            "[::1]",
            "[::1]:",
            "[::g]:1",
            "[127.0.0.1]:1",
            "host:0",
            "host:65536",
            "host:+1",
            "host:",
            ":1",
            "host",
            "ho st:1",
            " host:1",
            "host:1 ",
            "host:1,other:2",
            "host\n:1",
            "user@host:1",
            "",
        ] {
            let said = peer(&format!("{ID}@{address}"))
                .expect_err(address)
                .to_string();
            assert!(said.contains("ID@HOST:PORT"), "{said}");
        }
        for id in [
            "",
            "0123",
            &ID[1..],
            &format!("{ID}0"),
            &ID.replace('0', "g"),
        ] {
            assert!(peer(&format!("{id}@host:1")).is_err(), "{id}");
        }
        assert!(peer("host:1").is_err());
    }

    #[test]
    fn addresses_and_names_that_are_written_can_be_used() {
        assert!(listening("127.0.0.1:9090").is_ok() && listening("[::]:26656").is_ok());
        for text in [
            "127.0.0.1:0",
            "[::1]:0",
            "::1:9090",
            "9090",
            " 127.0.0.1:1",
            "",
        ] {
            assert!(listening(text).is_err(), "{text:?}");
        }
        assert!(moniker("node 7 (Zürich)").is_ok());
        for text in [
            "",
            " ",
            " a",
            "a\n",
            "a\u{202e}b",
            "\u{1b}[2J",
            &"x".repeat(71),
        ] {
            assert!(moniker(text).is_err(), "{text:?}");
        }
    }
}

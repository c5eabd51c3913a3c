//! A host and a port, as the user writes them.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;

use minato::net::lookup_host;

use crate::in_context;

/// `HOST:PORT`, of the right form but not looked up yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint {
    text: String,
    port: u16,
}

impl Endpoint {
    /// An endpoint that can be connected to.
    pub(crate) fn parse_target(text: &str) -> Result<Self, String> {
        let endpoint: Self = text.parse()?;
        if endpoint.port == 0 {
            return Err("port 0 cannot be connected to".to_owned());
        }
        Ok(endpoint)
    }

    /// Whether the port is left to the system.
    pub(crate) fn takes_any_port(&self) -> bool {
        self.port == 0
    }

    /// Looks the host up; there is at least one address.
    pub(crate) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let found = lookup_host(self.text.as_str()).await;
        let addresses: Vec<SocketAddr> =
            found.map_err(|error| in_context(&format!("cannot look up {self}"), &error))?.collect();
        if addresses.is_empty() {
            let message = format!("cannot look up {self}: the host has no address");
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(addresses)
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write HOST:PORT, such as 127.0.0.1:7000 or [::1]:7000";
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(format!("there is no port: {FORM}"));
        };
        if host.is_empty() {
            return Err(format!("there is no host: {FORM}"));
        }
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return Err(format!("an IPv6 address stands in brackets: {FORM}"));
        }
        let port = port
            .parse()
            .map_err(|_| format!("`{port}` is no port, which is a number up to 65535: {FORM}"))?;
        Ok(Self { text: text.to_owned(), port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_names_and_brackets_are_understood() {
        for good in ["127.0.0.1:80", "localhost:0", "[::1]:65535", "a.example:7"] {
            assert!(good.parse::<Endpoint>().is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text: &str| text.parse::<Endpoint>().unwrap_err();
        assert!(error("localhost").contains("no port"));
        assert!(error(":80").contains("no host"));
        assert!(error("::1:80").contains("brackets"));
        assert!(error("localhost:http").contains("`http`"));
        assert!(error("localhost:65536").contains("`65536`"));
        assert!(Endpoint::parse_target("localhost:0").unwrap_err().contains("port 0"));
        assert!(Endpoint::parse_target("localhost:1").is_ok());
    }
}

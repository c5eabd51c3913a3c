//! What a client may say: one line each.

use std::time::Duration;

/// One request.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// `get KEY`
    Get(String),
    /// `set KEY VALUE`, or `lend MILLISECONDS KEY VALUE` for a while.
    Set { key: String, value: String, lifetime: Option<Duration> },
    /// `delete KEY`
    Delete(String),
    /// `publish FEED MESSAGE`
    Publish { feed: String, message: String },
    /// `listen FEED`
    Listen(String),
}

impl Command {
    /// Reads a line; an error is the text that the client gets.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let (verb, rest) = line.split_once(' ').ok_or("a verb and its object, please")?;
        let pair = |text: &str| {
            let (first, second) = text.split_once(' ').ok_or_else(|| format!("{verb} what?"))?;
            Ok::<_, String>((first.to_owned(), second.to_owned()))
        };
        Ok(match verb {
            "get" => Self::Get(rest.to_owned()),
            "delete" => Self::Delete(rest.to_owned()),
            "listen" => Self::Listen(rest.to_owned()),
            "publish" => {
                let (feed, message) = pair(rest)?;
                Self::Publish { feed, message }
            }
            "set" => {
                let (key, value) = pair(rest)?;
                Self::Set { key, value, lifetime: None }
            }
            "lend" => {
                let (milliseconds, rest) = pair(rest)?;
                let lifetime = milliseconds.parse().map_err(|_| "lend for how long?")?;
                let (key, value) = pair(&rest)?;
                Self::Set { key, value, lifetime: Some(Duration::from_millis(lifetime)) }
            }
            _ => return Err(format!("{verb} is no verb here")),
        })
    }
}

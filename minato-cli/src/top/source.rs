//! The socket that looks come from, and what can be wrong with it.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::snapshot::Snapshot;

/// How long an answer may take.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How large an answer may be: what is no look may have no end.
const MAX_ANSWER: usize = 64 << 20;

/// A program that answers looks.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    stream: BufReader<UnixStream>,
    request: String,
}

/// What a program answers.
pub(crate) enum Answer {
    Snapshot(String),
    Ended,
}

impl Source {
    /// Connects to the socket at `path`, for looks with `tasks` tasks of each runtime at most.
    pub(crate) fn connect(path: &Path, tasks: usize) -> io::Result<Self> {
        let stream = UnixStream::connect(path).map_err(|error| unreachable(path, &error))?;
        stream.set_read_timeout(Some(MAX_WAIT))?;
        stream.set_write_timeout(Some(MAX_WAIT))?;
        let request = format!("snapshot {tasks}\n");
        Ok(Self { path: path.to_owned(), stream: BufReader::new(stream), request })
    }

    /// Takes a snapshot.
    pub(crate) fn ask(&mut self) -> io::Result<Answer> {
        match self.try_ask() {
            Err(error) => match error.kind() {
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Ok(Answer::Ended),
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(self.error(
                    ErrorKind::TimedOut,
                    "does not answer: the thread that serves looks there may be stuck, or 16 \
                     others are looking",
                )),
                ErrorKind::InvalidData => Err(self.error(error.kind(), &error.to_string())),
                _ => Err(error),
            },
            answer => answer,
        }
    }

    fn try_ask(&mut self) -> io::Result<Answer> {
        // Who has hung up may have said something before, which is read below.
        let asked = self.stream.get_mut().write_all(self.request.as_bytes());
        asked.or_else(|error| match error.kind() {
            ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })?;
        let mut text = Vec::new();
        loop {
            let begin = text.len();
            let len = self.stream.read_until(b'\n', &mut text)?;
            if begin == 0 && len > 0 && !text.starts_with(b"minato ") {
                let text = String::from_utf8_lossy(&text);
                let problem = format!("gives no looks: it answered `{}`", text.escape_debug());
                return Err(io::Error::new(ErrorKind::InvalidData, problem));
            }
            match &text[begin..] {
                b"" => return Ok(Answer::Ended),
                b"\n" => return Ok(Answer::Snapshot(String::from_utf8_lossy(&text).into_owned())),
                _ if text.len() > MAX_ANSWER => {
                    return Err(io::Error::new(ErrorKind::InvalidData, "answers without an end"));
                }
                _ => {}
            }
        }
    }

    /// Reads an answer.
    pub(crate) fn read(&self, text: &str) -> io::Result<Snapshot> {
        Snapshot::parse(text).map_err(|problem| self.error(ErrorKind::InvalidData, &problem))
    }

    /// The program is gone.
    pub(crate) fn has_ended(&self) -> io::Error {
        self.error(ErrorKind::UnexpectedEof, "has ended")
    }

    fn error(&self, kind: ErrorKind, what: &str) -> io::Error {
        io::Error::new(kind, format!("the program at {} {what}", self.path.display()))
    }
}

/// Why there is nobody to look at.
fn unreachable(path: &Path, error: &io::Error) -> io::Error {
    let is_socket = fs::metadata(path).map(|there| there.file_type().is_socket());
    let why = match (error.kind(), is_socket) {
        (ErrorKind::NotFound, _) => {
            "there is no such socket; the program must call minato::inspect::serve, or be a tokio \
             program that runs under `cargo minato` with MINATO_INSPECT"
                .to_owned()
        }
        (_, Ok(false)) => "it is no socket".to_owned(),
        (ErrorKind::PermissionDenied, _) => {
            "permission denied: only the user of the program and root may look".to_owned()
        }
        (ErrorKind::ConnectionRefused, _) => "the program that made it has ended".to_owned(),
        _ => error.to_string(),
    };
    io::Error::new(error.kind(), format!("cannot look at {}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_path_is_named() {
        let error = |path: &str| Source::connect(Path::new(path), 1).unwrap_err().to_string();
        assert!(error("/no/such/socket").contains("/no/such/socket: there is no such socket"));
        assert!(error("/dev/null").contains("/dev/null: it is no socket"));
    }
}

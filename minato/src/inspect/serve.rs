//! Looks for other programs, through a Unix socket that only the user may use.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream;

use super::find;
use crate::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use crate::net::unix::Incoming;
use crate::net::{UnixSocket, UnixStream};
use crate::os::{Family, OsSocket, Transport, unix_address};
use crate::reactor::watch::polls;
use crate::sync::plain::{AtomicU64, Ordering};

/// How many programs are answered at a time; others wait.
const CONNECTIONS: usize = 16;

/// How long a request is at most.
const MAX_REQUEST: usize = 64;

/// Which polls are slow, unless [`watch_polls`](super::watch_polls) was told otherwise.
const SLOW: std::time::Duration = std::time::Duration::from_millis(100);

/// Opens a Unix socket at `path` that answers programs which want to look inside this one, such as
/// `minato top`. Only the user of this process and root may connect.
///
/// [`Server::run`] answers, on whatever executor it is spawned. On a runtime whose threads are all
/// stuck it would not answer either; a thread of its own always does:
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// let server = minato::inspect::serve("/run/user/1000/service.minato")?;
/// std::thread::spawn(|| minato::run(server.run()));
/// # Ok(())
/// # }
/// ```
///
/// From then on slow polls are noticed, as by [`watch_polls`](super::watch_polls) with 100 ms.
///
/// # The protocol
///
/// A request is a line, and any number of them may follow each other:
///
/// | request | answer |
/// |---|---|
/// | `snapshot` | the lines of a [`Snapshot`](super::Snapshot) as text, and an empty line |
/// | `snapshot 100` | the same with at most 100 tasks of each runtime and of all local sets |
/// | anything else | a line that begins with `error: `, and an empty line |
///
/// # Errors
///
/// When `path` is there already: `AddrInUse` with the number of the process if a living one listens
/// there, `PermissionDenied` if it belongs to another user, `AlreadyExists` if it is no socket. The
/// socket of a program that has ended is replaced. `Unsupported` on a simulated runtime. Else the
/// system's. Each error names the path.
pub fn serve(path: impl AsRef<Path>) -> io::Result<Server> {
    let path = path.as_ref();
    let in_context = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot serve looks at {}: {error}", path.display()))
    };
    let server = open(path).map_err(in_context)?;
    polls::watch_from_now_on(SLOW);
    Ok(server)
}

fn open(path: &Path) -> io::Result<Server> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let aside = path.with_file_name(format!(".minato-{}-{number}", std::process::id()));
    // 1. Aside, where no other process looks: it must listen, and be the user's alone, before it is
    //    to be found. What has this name is of an older process with our number.
    _ = fs::remove_file(&aside);
    let socket = UnixSocket::new_stream()?;
    socket.bind(&aside)?;
    let aside = OwnFile { made: fs::symlink_metadata(&aside)?, path: aside };
    fs::set_permissions(&aside.path, fs::Permissions::from_mode(0o600))?;
    let listener = socket.listen(CONNECTIONS as u32)?;
    // 2. A link is made only where nothing is. Who comes in between is looked at once more.
    for _ in 0..3 {
        match fs::hard_link(&aside.path, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                make_room(path, &aside.made)?
            }
            Err(error) => return Err(error),
            Ok(()) => {
                let file = OwnFile { path: path.to_owned(), made: aside.made.clone() };
                return Ok(Server { incoming: listener.incoming(), file });
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "others keep taking the path"))
}

/// Removes the socket of a program that has ended; an error if it is anything else.
fn make_room(path: &Path, own: &fs::Metadata) -> io::Result<()> {
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        there => there?,
    };
    let refused = |kind, why: String| Err(io::Error::new(kind, why));
    if !there.file_type().is_socket() {
        return refused(io::ErrorKind::AlreadyExists, "it is there, and is no socket".to_owned());
    }
    if there.uid() != own.uid() {
        let why = format!("it is there, and belongs to the user {}", there.uid());
        return refused(io::ErrorKind::PermissionDenied, why);
    }
    let probe = OsSocket::open(Family::Unix, Transport::UnixStream)?;
    match probe.connect(&(&unix_address(path)?).into()) {
        // Nobody listens.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Somebody does, perhaps with a full queue.
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => {
            let process = probe.peer_credentials().ok().and_then(|(_, _, process)| process);
            let who = process.map_or("another process".to_owned(), |id| format!("process {id}"));
            refused(io::ErrorKind::AddrInUse, format!("{who} listens there"))
        }
    }
}

/// Answers programs that want to look inside; see [`serve`]. Dropping it removes the socket's file.
#[derive(Debug)]
#[must_use = "`run` answers"]
pub struct Server {
    incoming: Incoming,
    file: OwnFile,
}

/// The socket's file, by one of its names, which is removed in the end if it is still there.
#[derive(Debug)]
struct OwnFile {
    path: PathBuf,
    /// What it was when it was made: its device, and its number there.
    made: fs::Metadata,
}

impl Server {
    /// Answers until it is dropped, with the runtime that it was spawned on at the latest.
    ///
    /// # Errors
    ///
    /// When no more connections can be accepted at all.
    pub async fn run(self) -> io::Result<()> {
        let Self { mut incoming, file: _file } = self;
        let mut answered: Vec<Pin<Box<dyn Future<Output = _> + Send>>> = Vec::new();
        loop {
            let next = poll_fn(|cx| {
                answered.retain_mut(|answer| answer.as_mut().poll(cx).is_pending());
                match answered.len() {
                    CONNECTIONS.. => Poll::Pending,
                    _ => Pin::new(&mut incoming).poll_next(cx),
                }
            });
            match next.await {
                Some(stream) => answered.push(Box::pin(answer(stream?))),
                None => return Ok(()),
            }
        }
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        let made = (self.made.dev(), self.made.ino());
        let there = fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| (there.dev(), there.ino()) == made) {
            _ = fs::remove_file(&self.path);
        }
    }
}

/// Answers one program until it goes away. What is wrong with its connection is its own affair.
async fn answer(stream: UnixStream) -> io::Result<()> {
    let requests = BufReader::with_capacity(MAX_REQUEST, stream).lines();
    let mut requests = requests.max_length(MAX_REQUEST);
    loop {
        let answer = match requests.next_line().await {
            Ok(Some(request)) => reply(&request),
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let refused = b"error: a request is one short line\n\n";
                return requests.get_mut().write_all(refused).await;
            }
            Err(error) => return Err(error),
        };
        requests.get_mut().write_all(answer.as_bytes()).await?;
    }
}

fn reply(request: &str) -> String {
    let words: Vec<_> = request.split_whitespace().collect();
    let limit = match words[..] {
        ["snapshot"] => Some(usize::MAX),
        ["snapshot", limit] => limit.parse().ok(),
        _ => None,
    };
    match limit {
        Some(limit) => format!("{}\n", find::snapshot(limit)),
        None => "error: the only request is `snapshot [TASKS]`\n\n".to_owned(),
    }
}

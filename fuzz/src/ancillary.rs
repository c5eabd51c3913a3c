//! Descriptors and credentials that come with messages: each arrives once and is the right one,
//! what is missing is told, and none stays open.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use minato::net::{UnixDatagram, UnixStream};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::fstat;

/// Two files that can be told apart.
static FILES: LazyLock<[File; 2]> = LazyLock::new(|| {
    ["/dev/null", "/dev/zero"].map(|path| File::open(path).expect("every system has it"))
});

#[derive(Arbitrary, Debug)]
struct Input {
    is_stream: bool,
    with_credentials: bool,
    with_process: bool,
    messages: Vec<Message>,
}

#[derive(Arbitrary, Debug)]
struct Message {
    bytes: u8,
    /// Which file each descriptor is of.
    files: Vec<bool>,
    /// For how many descriptors and bytes the receiver has room.
    most: u8,
    room: u8,
    /// How many descriptors the process may open, if it is short of them.
    limit: Option<u8>,
}

/// Both kinds of sockets have the same methods.
enum Pair {
    Stream(UnixStream, UnixStream),
    Datagram(UnixDatagram, UnixDatagram),
}

/// Calls the same on the socket that sends, or the one that receives.
macro_rules! with {
    ($pair:expr, $one:ident, $two:ident => $result:expr) => {
        match $pair {
            Pair::Stream($one, $two) => $result,
            Pair::Datagram($one, $two) => $result,
        }
    };
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Sends and receives what the input says.
pub(crate) fn run(input: &[u8]) {
    let Ok(input) = Unstructured::new(input).arbitrary::<Input>() else { return };
    LazyLock::force(&FILES);
    let before = open_descriptors();
    if let Err(error) = exchange(&input) {
        panic!("{input:?}: {error}");
    }
    assert_eq!(open_descriptors(), before, "{input:?} left descriptors open");
}

fn exchange(input: &Input) -> io::Result<()> {
    let pair = if input.is_stream {
        let (one, two) = UnixStream::pair()?;
        Pair::Stream(one, two)
    } else {
        let (one, two) = UnixDatagram::pair()?;
        Pair::Datagram(one, two)
    };
    with!(&pair, _one, two => {
        two.set_passcred(input.with_credentials)?;
        if input.with_process {
            pass_process(two.as_fd());
        }
    });
    input.messages.iter().take(8).try_for_each(|message| send_and_receive(&pair, input, message))
}

/// Has the kernel add a descriptor of the sender's process to every message, where it can.
fn pass_process(socket: BorrowedFd<'_>) {
    const SO_PASSPIDFD: i32 = 76;
    let (number, on) = (socket.as_raw_fd(), 1_i32);
    // SAFETY: the option is a number, which the kernel copies.
    unsafe {
        libc::setsockopt(number, libc::SOL_SOCKET, SO_PASSPIDFD, (&raw const on).cast(), 4);
    }
}

fn send_and_receive(pair: &Pair, input: &Input, message: &Message) -> io::Result<()> {
    let count = message.files.len().min(253);
    let bytes = vec![message.bytes; usize::from(message.bytes).max(1)];
    let files = message.files[..count].iter().map(|which| FILES[usize::from(*which)].as_fd());
    let files: Vec<BorrowedFd<'_>> = files.collect();
    with!(pair, one, _two => one.try_send_with_fds(&bytes, &files))?;
    let (most, mut buffer) = (usize::from(message.most), vec![0; usize::from(message.room).max(1)]);
    let limit = message.limit.map(Limit::new);
    let received = with!(pair, _one, two => two.try_recv_with_fds(&mut buffer, most));
    drop(limit);
    let received = received?;
    let length = bytes.len().min(buffer.len());
    assert_eq!(buffer[..received.len], bytes[..length]);
    assert_eq!(received.datagram_truncated, !input.is_stream && length < bytes.len());
    assert_eq!(received.credentials.is_some(), input.with_credentials);
    let arrived = received.fds.len();
    assert!(arrived <= count.min(most));
    // Fewer arrive only if there was no room, and then it is told.
    assert_eq!(received.truncated, arrived < count, "{arrived} of {count}");
    if message.limit.is_none() {
        assert_eq!(arrived, count.min(most));
    }
    for (descriptor, which) in received.fds.iter().zip(&message.files) {
        assert_eq!(device(descriptor)?, device(&FILES[usize::from(*which)])?);
    }
    // The rest of a stream's message has no descriptors.
    if input.is_stream && length < bytes.len() {
        let mut rest = vec![0; bytes.len() - length];
        let received = with!(pair, _one, two => two.try_recv_with_fds(&mut rest, 9))?;
        assert_eq!((received.len, received.fds.len(), received.truncated), (rest.len(), 0, false));
    }
    Ok(())
}

fn device(file: &impl AsFd) -> io::Result<u64> {
    Ok(fstat(file)?.st_rdev)
}

/// A process that may open few descriptors more, until this is dropped.
struct Limit(u64, u64);

impl Limit {
    fn new(more: u8) -> Limit {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a process has limits");
        let next = FILES[0].try_clone().map_or(0, |file| OwnedFd::from(file).as_raw_fd());
        let few = next as u64 + u64::from(more);
        setrlimit(Resource::RLIMIT_NOFILE, few.min(hard), hard).expect("a limit can be lowered");
        Limit(soft, hard)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        setrlimit(Resource::RLIMIT_NOFILE, self.0, self.1).expect("and raised again");
    }
}

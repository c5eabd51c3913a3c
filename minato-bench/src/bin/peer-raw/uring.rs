//! The io_uring loop: each answer is sent by a request that is linked to the next receive, so that
//! an echo costs one completion and a share of one system call.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use io_uring::{IoUring, cqueue, opcode, squeue, types};
use minato_bench::peer::{PeerCommand, lacks};
use slab::Slab;

use crate::serve::{Buffer, Serving, listen};

const ENTRIES: u32 = 4096;

/// What a completion is of; the rest of the user data is the key of the connection.
const ACCEPT: u64 = 0;
const RECEIVE: u64 = 1;
const SEND: u64 = 2;
const CLOSE: u64 = 3;
const KINDS: u64 = 4;

struct Connection {
    fd: RawFd,
    buffer: Buffer,
    /// Its answer failed, and the receive that is linked to that will be cancelled.
    failed: bool,
}

struct Loop {
    ring: IoUring,
    listener: TcpListener,
    serving: Serving,
    connections: Slab<Connection>,
}

pub(crate) fn run(command: &PeerCommand) -> io::Result<()> {
    let built = IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_coop_taskrun()
        .setup_submit_all()
        .setup_cqsize(ENTRIES * 4)
        .build(ENTRIES);
    let ring = match built {
        Ok(ring) => ring,
        Err(error) => lacks(&format!("an io_uring that this kernel gives: {error}")),
    };
    let listener = listen(command)?;
    let serving = Serving::of(command);
    Loop { ring, listener, serving, connections: Slab::new() }.run()
}

impl Loop {
    fn run(mut self) -> io::Result<()> {
        self.accept()?;
        let mut done = Vec::with_capacity(ENTRIES as usize);
        loop {
            match self.ring.submit_and_wait(1) {
                Ok(_) => {}
                Err(error) if error.raw_os_error() == Some(nix::errno::Errno::EINTR as i32) => {}
                Err(error) => return Err(error),
            }
            done.extend(self.ring.completion());
            for completion in done.drain(..) {
                self.complete(&completion)?;
            }
        }
    }

    fn complete(&mut self, completion: &cqueue::Entry) -> io::Result<()> {
        let key = (completion.user_data() / KINDS) as usize;
        match completion.user_data() % KINDS {
            ACCEPT => self.accepted(completion),
            RECEIVE => self.received(key, completion.result()),
            SEND => {
                // Only a failure is reported.
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.failed = true;
                }
                Ok(())
            }
            _ => {
                let connection = self.connections.remove(key);
                if completion.result() < 0 {
                    // SAFETY: the close was cancelled, so that the descriptor is still ours.
                    drop(unsafe { OwnedFd::from_raw_fd(connection.fd) });
                }
                Ok(())
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        let listener = types::Fd(self.listener.as_raw_fd());
        self.push(&[opcode::AcceptMulti::new(listener).build().user_data(ACCEPT)])
    }

    fn accepted(&mut self, completion: &cqueue::Entry) -> io::Result<()> {
        if !cqueue::more(completion.flags()) {
            self.accept()?;
        }
        if completion.result() < 0 {
            return Err(io::Error::from_raw_os_error(-completion.result()));
        }
        // SAFETY: the kernel has just made this descriptor for us.
        let stream = unsafe { OwnedFd::from_raw_fd(completion.result()) };
        let fd = stream.into_raw_fd();
        let connection = Connection { fd, buffer: self.serving.buffer(), failed: false };
        let key = self.connections.insert(connection);
        let receive = self.receive(key);
        self.push(&[receive])
    }

    /// The buffer that a request names stays with its connection, which is removed only when none
    /// of its requests is under way.
    fn receive(&mut self, key: usize) -> squeue::Entry {
        let connection = &mut self.connections[key];
        let bytes = connection.buffer.bytes();
        opcode::Recv::new(types::Fd(connection.fd), bytes.as_mut_ptr(), bytes.len() as u32)
            // The answer has just gone out: that the next request is there already is unlikely.
            .ioprio(1)
            .build()
            .user_data(key as u64 * KINDS + RECEIVE)
    }

    fn received(&mut self, key: usize, result: i32) -> io::Result<()> {
        let connection = &mut self.connections[key];
        let fd = types::Fd(connection.fd);
        let close = opcode::Close::new(fd).build().user_data(key as u64 * KINDS + CLOSE);
        if result <= 0 || connection.failed {
            return self.push(&[close]);
        }
        let answer = &connection.buffer.bytes()[..result as usize];
        self.serving.consider(answer);
        let send = opcode::Send::new(fd, answer.as_ptr(), result as u32)
            .flags(nix::libc::MSG_WAITALL | nix::libc::MSG_NOSIGNAL)
            .build()
            .flags(squeue::Flags::IO_LINK | squeue::Flags::SKIP_SUCCESS)
            .user_data(key as u64 * KINDS + SEND);
        let next = if self.serving.once { close } else { self.receive(key) };
        self.push(&[send, next])
    }

    /// Queues requests for the next submission; those that are linked stay together.
    fn push(&mut self, entries: &[squeue::Entry]) -> io::Result<()> {
        loop {
            // SAFETY: the memory that a request names is the buffer of a connection, which lives in
            // its box until the last request of the connection has completed.
            if unsafe { self.ring.submission().push_multiple(entries) }.is_ok() {
                return Ok(());
            }
            self.ring.submit()?;
        }
    }
}

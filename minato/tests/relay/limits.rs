//! Where there is no splicing, or there are no pipes, bytes are copied, and nobody hears of it.
//! Each test has a process to itself.

use std::io::{ErrorKind, Write};
use std::pin::{Pin, pin};

use minato::io::{self, AsyncReadExt};
use minato::net::spliced_bytes;

use super::wire::{Wire, check, content, pipe_ends, pipe_sizes, step};
use crate::kit::child::{in_child, own_name};
use crate::kit::{net, tally};

fn run(case: impl Future<Output = ()>) {
    minato::runtime::Builder::new_current_thread().build().unwrap().block_on(case);
}

/// Sends `len` bytes and has them come out.
async fn pass<F: Future<Output: std::fmt::Debug>>(
    wire: &mut Wire,
    mut copy: Pin<&mut F>,
    len: u64,
) {
    let end = wire.sent + len;
    while wire.sent < end {
        wire.send((end - wire.sent).min(1 << 20));
        assert!(step(copy.as_mut()).await.is_none());
        wire.receive();
    }
    wire.drain_with(copy.as_mut()).await;
}

/// As much as is always enough for splicing to begin, if it can.
const MUCH: u64 = 20 << 20;

/// Has this thread's `call`s fail with `error` from now on, as on a kernel without them.
fn refuse(call: libc::c_long, error: libc::c_int) {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let mut skip_unless_call = statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32);
    skip_unless_call.jf = 1;
    let mut filter = [
        // The number of the call is the first thing that a filter is given.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        skip_unless_call,
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | error as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program and its filter live until the calls are over, and are copied by them.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program), 0);
    }
}

#[test]
fn a_kernel_without_splice() {
    in_child(own_name!(a_kernel_without_splice), || {
        refuse(libc::SYS_splice, libc::ENOSYS);
        run(async {
            let (mut wire, mut near, mut far) = Wire::new().await;
            let mut copying = pin!(io::copy(&mut near, &mut far));
            pass(&mut wire, copying.as_mut(), MUCH).await;
            assert_eq!(wire.finish(copying.as_mut()).await.unwrap(), wire.sent);
        });
        assert_eq!(spliced_bytes(), 0);
    });
}

/// Also with bytes in the pipe, which come out in the ordinary way.
#[test]
fn splice_is_refused_in_the_middle() {
    in_child(own_name!(splice_is_refused_in_the_middle), || {
        run(async {
            let (mut wire, mut near, mut far) = Wire::new().await;
            let (mut other, mut other_near, mut other_far) = Wire::new().await;
            let mut copying = pin!(io::copy(&mut near, &mut far));
            let mut other_copying = pin!(io::copy(&mut other_near, &mut other_far));
            wire.engage(copying.as_mut()).await;
            wire.clog(copying.as_mut()).await;
            other.engage(other_copying.as_mut()).await;
            other.drain_with(other_copying.as_mut()).await;
            let before = spliced_bytes();
            refuse(libc::SYS_splice, libc::EINVAL);
            pass(&mut wire, copying.as_mut(), MUCH).await;
            pass(&mut other, other_copying.as_mut(), MUCH).await;
            assert_eq!(spliced_bytes(), before);
            assert_eq!(wire.finish(copying.as_mut()).await.unwrap(), wire.sent);
            assert_eq!(other.finish(other_copying.as_mut()).await.unwrap(), other.sent);
        });
    });
}

#[test]
fn a_kernel_without_sendfile() {
    in_child(own_name!(a_kernel_without_sendfile), || {
        refuse(libc::SYS_sendfile, libc::ENOSYS);
        run(async {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(content(0, 900_000)).unwrap();
            let (sender, mut receiver) = net::pair().await;
            let mut received = vec![0; 800_000];
            let (sent, _) = futures::join!(
                sender.send_file(&file, 5, Some(800_000)),
                receiver.read_exact(&mut received),
            );
            assert_eq!(sent.unwrap(), 800_000);
            check(&received, 5);
        });
    });
}

fn limit_descriptors(most: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the call reads a structure that lives until it is over.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
}

#[test]
fn no_descriptor_is_left_for_a_pipe() {
    in_child(own_name!(no_descriptor_is_left_for_a_pipe), || {
        run(async {
            let (mut wire, mut near, mut far) = Wire::new().await;
            let mut copying = pin!(io::copy(&mut near, &mut far));
            let highest = std::fs::read_dir("/proc/self/fd").unwrap().count();
            limit_descriptors(highest as libc::rlim_t);
            let mut spare = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                spare.push(file);
            }
            pass(&mut wire, copying.as_mut(), MUCH).await;
            assert_eq!(spliced_bytes(), 0);
            // One is not enough either, and is not lost by trying.
            spare.truncate(1.min(spare.len()));
            drop(spare.pop());
            pass(&mut wire, copying.as_mut(), 1000).await;
            assert_eq!(wire.finish(copying.as_mut()).await.unwrap(), wire.sent);
        });
    });
}

/// A user who has many pipes gets only tiny ones, which would cost more than copying.
#[test]
fn a_user_with_many_pipes_gets_no_more() {
    let name = own_name!(a_user_with_many_pipes_gets_no_more);
    let soft = std::fs::read_to_string("/proc/sys/fs/pipe-user-pages-soft").unwrap_or_default();
    let Ok(pages @ 1..=100_000) = soft.trim().parse::<u64>() else {
        return tally::skipped_because(&name, "pipes of a user are not limited");
    };
    in_child(name.clone(), || {
        // SAFETY: these calls concern this process alone, which is there for this test.
        let is_plain = unsafe { libc::geteuid() != 0 || libc::setuid(65_534) == 0 };
        let mut pipes = Vec::new();
        // A pipe has 16 pages; there are four descriptors to spare.
        while pipes.len() as u64 <= pages / 16 {
            match std::io::pipe() {
                Ok(pipe) => pipes.push(pipe),
                Err(_) => break,
            }
        }
        if !is_plain || pipes.len() as u64 <= pages / 16 {
            return tally::skipped_because(&name, "so many pipes cannot be had");
        }
        run(async {
            let (mut wire, mut near, mut far) = Wire::new().await;
            let mut copying = pin!(io::copy(&mut near, &mut far));
            pass(&mut wire, copying.as_mut(), MUCH).await;
            assert_eq!(spliced_bytes(), 0);
            drop(pipes);
            wire.engage(copying.as_mut()).await;
            assert_eq!(wire.finish(copying.as_mut()).await.unwrap(), wire.sent);
        });
    });
}

/// Splicing to a peer that is gone raises a signal. Where it would end the process, there is none.
#[test]
fn no_signal_ends_the_process() {
    in_child(own_name!(no_signal_ends_the_process), || {
        // SAFETY: the default action takes no function of ours.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        run(async {
            let (mut wire, mut near, mut far) = Wire::new().await;
            let mut copying = pin!(io::copy(&mut near, &mut far));
            pass(&mut wire, copying.as_mut(), MUCH).await;
            assert_eq!(spliced_bytes(), 0);
            wire.reset_server();
            let error = loop {
                wire.send(1000);
                if let Some(done) = step(copying.as_mut()).await {
                    break done.unwrap_err();
                }
            };
            assert!(is_gone(&error), "{error}");

            let mut file = tempfile::tempfile().unwrap();
            file.write_all(content(0, 900_000)).unwrap();
            let (sender, receiver) = net::pair().await;
            drop(receiver);
            let error = loop {
                if let Err(error) = sender.send_file(&file, 0, None).await {
                    break error;
                }
            };
            assert!(is_gone(&error), "{error}");
        });
    });
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// However many copies have spliced and wait, there are a few spare pipes, and one for each copy
/// that has something in it.
#[test]
fn a_copy_that_waits_holds_no_pipe() {
    in_child(own_name!(a_copy_that_waits_holds_no_pipe), || {
        let before = pipe_ends();
        run(async {
            let mut wires = Vec::new();
            for _ in 0..20 {
                let (mut wire, mut near, mut far) = Wire::new().await;
                let mut copying =
                    Box::pin(async move { io::copy_bidirectional(&mut near, &mut far).await });
                wire.engage(copying.as_mut()).await;
                wires.push((wire, copying));
            }
            for (wire, copying) in &mut wires {
                wire.clog(copying.as_mut()).await;
            }
            assert_eq!(pipe_ends(), before + 2 * 20);
            // What is full stays so while nobody receives, so most of them are not large.
            let large = pipe_sizes().iter().filter(|size| **size > 65_536).count();
            assert!(large <= 2 * 16, "{large} ends of large pipes");
            for (wire, copying) in &mut wires {
                wire.drain_with(copying.as_mut()).await;
            }
            let spare = pipe_ends() - before;
            assert!((2..=2 * 8).contains(&spare), "{spare} ends of pipes are held by nobody");
            // They thin out, and forget about pipes.
            for (wire, copying) in &mut wires {
                for _ in 0..10 {
                    pass(wire, copying.as_mut(), 100).await;
                }
            }
            assert_eq!(pipe_ends(), before);
            for (mut wire, mut copying) in wires {
                wire.engage(copying.as_mut()).await;
                wire.server.shutdown(std::net::Shutdown::Write).unwrap();
                assert_eq!(wire.finish(copying.as_mut()).await.unwrap(), (wire.sent, 0));
            }
        });
        assert_eq!(pipe_ends(), before);
    });
}

/// A child of `fork` has pipes of its own: those that were spare in the parent are left alone.
#[test]
fn a_forked_child_shares_no_pipe() {
    in_child(own_name!(a_forked_child_shares_no_pipe), || {
        let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
        let (mut wire, mut copying) = runtime.block_on(async {
            let (mut wire, mut near, mut far) = Wire::new().await;
            let mut copying = Box::pin(async move { io::copy(&mut near, &mut far).await.unwrap() });
            wire.engage(copying.as_mut()).await;
            wire.drain_with(copying.as_mut()).await;
            (wire, copying)
        });
        // SAFETY: there is no other thread that could hold a lock; the child exits by itself.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let passed = std::panic::catch_unwind(|| {
                minato::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
                    let (mut wire, mut near, mut far) = Wire::new().await;
                    let mut copying = pin!(io::copy(&mut near, &mut far));
                    wire.engage(copying.as_mut()).await;
                    // The parent finds nothing of this in its pipe.
                    wire.clog(copying.as_mut()).await;
                });
            });
            // SAFETY: ends this process without running what belongs to the parent.
            unsafe { libc::_exit(if passed.is_ok() { 0 } else { 1 }) };
        }
        runtime.block_on(async {
            pass(&mut wire, copying.as_mut(), MUCH).await;
            assert_eq!(wire.finish(copying.as_mut()).await, wire.sent);
        });
        let mut status = 0;
        // SAFETY: the status is a local number.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the child failed");
    });
}

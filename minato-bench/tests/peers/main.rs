//! Every peer does what its command line asks, or says that it lacks it: each server is driven over
//! plain sockets and ended through its standard input, each workload that drives itself is run.
//!
//! `peer-raw` has no runtime to configure and is mostly tried by the suite itself.

mod datagrams;
mod driven;
mod kit;
mod streams;

use std::process::Output;

use minato_bench::peer::LACKS;

use self::kit::{Peer, RAW, all, peer};

#[test]
fn misuse_is_an_error_that_names_it() {
    for peer in all().into_iter().chain([peer(RAW, "epoll", false, true)]) {
        let said = refused(&peer.run(&["fly"]));
        assert!(said.contains("fly"), "{said}");
        let said = refused(&peer.run(&["echo", "--on-demand"]));
        assert!(said.contains("echo is driven from outside"), "{said}");
        if peer.program == RAW {
            peer.lacks(&["yield", "--on-demand"]);
            continue;
        }
        let said = refused(&peer.run_with("go 1\ngo x\n", &["yield", "--on-demand"]));
        assert!(said.starts_with("error: `go x` on standard input is not `go N`"), "{said}");
    }
}

/// What a peer says that has not understood.
fn refused(output: &Output) -> String {
    assert!(!output.status.success() && output.status.code() != Some(LACKS), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_unknown_variant_is_refused() {
    for peer in all() {
        let unknown = Peer { variant: "nonsense", ..peer };
        let output = unknown.run(&["echo"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no variant `nonsense`"));
    }
}

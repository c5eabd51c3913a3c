//! What is asked wrongly is refused with a reason.

use std::net::TcpListener;

use crate::process::run;

#[test]
fn help_shows_examples_and_explains_each_option() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for expected in ["Examples:", "minato echo", "--seconds", "--seed", "--workers", "proxy"] {
        assert!(help.stdout.contains(expected), "{expected}: {}", help.stdout);
    }
    let help = run(&["proxy", "--help"]).stdout;
    for expected in ["LISTEN", "TARGET", "--idle", "--udp-clients", "--grace", "Examples:"] {
        assert!(help.contains(expected), "{expected}: {help}");
    }
}

#[test]
fn the_version_is_the_package_version() {
    let version = run(&["--version"]);
    assert_eq!(version.code, Some(0));
    assert_eq!(version.stdout, format!("minato {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn malformed_arguments_are_errors_of_usage() {
    let cases: &[(&[&str], &str)] = &[
        (&["echo"], "ADDR"),
        (&["echo", "nowhere"], "no port"),
        (&["echo", ":7000"], "no host"),
        (&["echo", "127.0.0.1:99999"], "99999"),
        (&["echo", "::1:7000"], "brackets"),
        (&["proxy", "127.0.0.1:0"], "TARGET"),
        (&["proxy", "127.0.0.1:0", "127.0.0.1:0"], "port 0"),
        (&["proxy", "127.0.0.1:0", "127.0.0.1:9", "--idle", "soon"], "soon"),
        (&["proxy", "127.0.0.1:0", "127.0.0.1:9", "--udp-clients", "0"], "udp-clients"),
        (&["echo", "127.0.0.1:0", "--grace", "-1"], "not between 0 and 86400"),
        (&["--workers", "0"], "workers"),
        (&["--seconds", "0"], "seconds"),
        (&["--seed", "x"], "seed"),
        (&["serve"], "serve"),
    ];
    for (arguments, expected) in cases {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for arguments in [&["echo", &address][..], &["proxy", &address, "127.0.0.1:9"]] {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(&address), "{}", ended.stderr);
        assert!(ended.stderr.contains("in use"), "{}", ended.stderr);
    }
}

#[test]
fn an_address_of_another_machine_is_named() {
    let ended = run(&["echo", "192.0.2.1:7000"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("192.0.2.1:7000"), "{}", ended.stderr);
}

#[test]
fn a_host_that_does_not_exist_is_named() {
    let ended = run(&["proxy", "127.0.0.1:0", "no-such-host.invalid:80"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("cannot look up no-such-host.invalid:80"), "{}", ended.stderr);
}

#[test]
fn a_proxy_to_itself_is_refused() {
    // Free a moment ago; if somebody took it since, this is a port in use, and an error too.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = run(&["proxy", &address, &address]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("itself") || ended.stderr.contains("in use"), "{ended:?}");
}

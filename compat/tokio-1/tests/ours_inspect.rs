//! A program that is looked into, without a changed line.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::runtime::Builder;

/// The only test of this program, since it changes the environment.
#[test]
fn the_environment_asks_for_looks() {
    let path = std::env::temp_dir().join(format!("minato-inspect-{}", std::process::id()));
    std::env::set_var("MINATO_INSPECT", &path);
    let first = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let line = line!() + 1;
    let _task = first.spawn(tokio::time::sleep(Duration::from_secs(3600)));
    // One socket is enough, and it outlives the runtime with which it came.
    let second = Builder::new_current_thread().enable_all().build().unwrap();
    let mut stream = BufReader::new(UnixStream::connect(&path).unwrap());
    let mut ask = || {
        stream.get_mut().write_all(b"snapshot\n").unwrap();
        let mut text = String::new();
        while !text.ends_with("\n\n") {
            assert_ne!(stream.read_line(&mut text).unwrap(), 0, "{text}");
        }
        text
    };
    let place = format!("ours_inspect.rs:{line}:");
    while !ask().contains("    timer left=") {}
    let text = ask();
    assert!(text.contains(&place) && text.contains("name=\"minato-inspect\""), "{text}");
    drop(first);
    drop(second);
    assert!(!ask().contains(&place));
    std::fs::remove_file(&path).unwrap();
}

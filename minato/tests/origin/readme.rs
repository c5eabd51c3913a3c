//! The README's programs: the files in `readme/`, word for word from their first empty line on,
//! visibility apart.

mod echo;
mod simulated;

use minato::net::TcpListener;

use crate::kit::net;

/// Whether the README shows the program of a file.
fn is_shown(file: &str) -> bool {
    let (_head, program) = file.split_once("\n\n").expect("a head, an empty line and the program");
    let readme = include_str!("../../../README.md");
    readme.contains(&format!("```rust\n{}```", program.replace("pub(crate) ", "")))
}

#[test]
fn the_readme_shows_these_programs() {
    assert!(is_shown(include_str!("readme/echo.rs")));
    assert!(is_shown(include_str!("readme/simulated.rs")));
    assert!(!is_shown("//! Another.\n\nfn main() {}\n"));
}

#[test]
fn the_echo_echoes() {
    use minato::io::{AsyncReadExt, AsyncWriteExt};
    let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let server = minato::spawn(echo::serve(listener));
    for _ in 0..2 {
        pollster::block_on(async {
            let mut client = minato::net::TcpStream::connect(address).await.unwrap();
            client.write_all(b"ahoy").await.unwrap();
            assert_eq!(net::read_all(&mut client, 4).await, b"ahoy");
            client.shutdown().await.unwrap();
            assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        });
    }
    server.abort();
    // Its `main` is the same on a fixed port, which a test does not take.
    let _: fn() -> minato::io::Result<()> = echo::main;
}

#[test]
fn the_simulated_echo_is_the_same_in_every_run_of_a_seed() {
    assert_eq!(simulated::simulate(1).unwrap(), simulated::simulate(1).unwrap());
    assert_ne!(simulated::simulate(1).unwrap(), simulated::simulate(2).unwrap());
}

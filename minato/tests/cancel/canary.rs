//! What the checks of this program must find: each scenario here has a bug of the kind that one of
//! them is for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use minato::io::AsyncReadExt;

use super::knife::{Knife, Late, Scenario, cut_everywhere, dribble, pair};

fn is_found(name: &'static str, scenario: Scenario) -> bool {
    catch_unwind(AssertUnwindSafe(|| cut_everywhere(name, scenario))).is_err()
}

/// Its waker stays behind in the socket, and it says that it does not.
async fn leaves_a_waker(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, &["x"], false);
    let mut buf = [0; 1];
    while knife.cut(Late::Never, server.read(&mut buf)).await.is_none() {}
    sending.await.unwrap();
}

/// It takes bytes out of the socket, and drops them with itself.
async fn loses_bytes(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, &["ab", "cd"], true);
    let mut received = [0; 4];
    loop {
        if let Some(read) = knife.cut(Late::Once, server.read_exact(&mut received)).await {
            assert_eq!(read.unwrap(), 4);
            break;
        }
    }
    sending.await.unwrap();
}

/// It leaves a socket open when it is dropped.
async fn forgets_a_socket(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    if knife.cut(Late::Never, super::knife::pause()).await.is_none() {
        std::mem::forget(client);
    }
    drop(server);
}

#[test]
fn the_canary_leaves_a_waker_and_is_found() {
    assert!(is_found("the_canary_leaves_a_waker", |knife| Box::pin(leaves_a_waker(knife))));
}

#[test]
fn the_canary_loses_bytes_and_is_found() {
    assert!(is_found("the_canary_loses_bytes", |knife| Box::pin(loses_bytes(knife))));
}

#[test]
fn the_canary_forgets_a_socket_and_is_found() {
    assert!(is_found("the_canary_forgets_a_socket", |knife| Box::pin(forgets_a_socket(knife))));
}

//! What the kit must find: cases with a bug of the kind that one of its checks is for.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use minato::net::TcpListener;

use crate::kit::{At, everywhere};

fn is_found<F>(name: &'static str, case: fn(At) -> F) -> bool
where
    F: Future<Output = ()> + Send + 'static,
{
    catch_unwind(AssertUnwindSafe(|| everywhere(name, &[], case))).is_err()
}

#[test]
fn the_canary_is_another_one_on_each_engine() {
    async fn case(at: At) {
        at.note(format!("simulated: {}", at.place.is_simulated()));
    }
    assert!(is_found("the_canary_is_another_one_on_each_engine", case));
}

#[test]
fn the_canary_leaves_a_simulated_socket_open() {
    async fn case(at: At) {
        if at.place.is_simulated() {
            std::mem::forget(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
    }
    assert!(is_found("the_canary_leaves_a_simulated_socket_open", case));
}

//! The spans of tasks and sockets, as a subscriber sees them.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use minato::net::UdpSocket;
use minato::task::yield_now;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::kit::child::own_name;
use crate::kit::{current_thread, in_child, multi_thread, watchdog};

/// What became of a span.
#[derive(Clone, Debug, Default)]
struct Seen {
    name: &'static str,
    fields: HashMap<&'static str, String>,
    entered: usize,
    closed: bool,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

#[derive(Clone, Default)]
struct Spans(Arc<Mutex<HashMap<u64, Seen>>>, Arc<AtomicU64>);

impl Spans {
    fn change(&self, id: &Id, change: impl FnOnce(&mut Seen)) {
        change(self.0.lock().unwrap().entry(id.into_u64()).or_default());
    }

    /// The spans with this name and this text in a field.
    fn find(&self, name: &str, field: &str, text: &str) -> Vec<Seen> {
        let all = self.0.lock().unwrap();
        let has = |seen: &&Seen| seen.fields.get(field).is_some_and(|it| it.contains(text));
        all.values().filter(|seen| seen.name == name).filter(has).cloned().collect()
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("minato::")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = Id::from_u64(1 + self.1.fetch_add(1, Ordering::Relaxed));
        self.change(&id, |seen| {
            seen.name = span.metadata().name();
            span.record(seen);
        });
        id
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.change(span, |seen| values.record(seen));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        self.change(span, |seen| seen.entered += 1);
    }

    fn exit(&self, _: &Id) {}

    fn try_close(&self, span: Id) -> bool {
        self.change(&span, |seen| seen.closed = true);
        true
    }
}

#[test]
fn a_task_has_a_span_that_is_entered_for_each_poll() {
    in_child(own_name!(a_task_has_a_span_that_is_entered_for_each_poll), || {
        let _watchdog = watchdog();
        let spans = Spans::default();
        tracing::subscriber::set_global_default(spans.clone()).unwrap();
        for runtime in [current_thread(), multi_thread(2)] {
            let task = runtime.spawn(async {
                yield_now().await;
                yield_now().await;
            });
            let id = task.id().to_string();
            runtime.block_on(task).unwrap();
            drop(runtime);
            let [seen] = &spans.find("task", "id", &id)[..] else { panic!("one span") };
            assert!(seen.fields["spawned_at"].contains("spans.rs"), "{seen:?}");
            assert_eq!((seen.entered, seen.closed), (3, true), "{seen:?}");
        }
    });
}

#[test]
fn a_socket_has_a_span_as_long_as_it_lives() {
    in_child(own_name!(a_socket_has_a_span_as_long_as_it_lives), || {
        let _watchdog = watchdog();
        let spans = Spans::default();
        tracing::subscriber::set_global_default(spans.clone()).unwrap();
        let runtime = current_thread();
        runtime.block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = socket.local_addr().unwrap().to_string();
            assert!(spans.find("socket", "local", &address).is_empty(), "it has not waited");
            assert!(futures::poll!(Box::pin(socket.recv(&mut [0; 8]))).is_pending());
            let [seen] = &spans.find("socket", "local", &address)[..] else { panic!("one span") };
            assert_eq!((seen.fields["kind"].as_str(), seen.closed), ("Udp", false));
            assert!(seen.fields.contains_key("made_at"), "{seen:?}");
            drop(socket);
            assert!(spans.find("socket", "local", &address)[0].closed);
        });
    });
}

//! What a builder takes and refuses, and what the runtimes that it builds are called.

use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Arc, Mutex};

use minato::engine::Engine;
use minato::runtime::picker::Fifo;
use minato::runtime::{Builder, Handle, Id, LocalOptions, LocalRuntime, RuntimeFlavor};

use crate::kit::{current_thread, multi_thread, watchdog};

/// Sets one knob to a value that it refuses.
type Refuses = fn(&mut Builder) -> &mut Builder;

#[test]
fn what_makes_no_sense_is_refused_where_it_is_set() {
    let _watchdog = watchdog();
    let knobs: [(&str, Refuses); 7] = [
        ("worker_threads", |builder| builder.worker_threads(0)),
        ("max_blocking_threads", |builder| builder.max_blocking_threads(0)),
        ("event_interval", |builder| builder.event_interval(0)),
        ("global_queue_interval", |builder| builder.global_queue_interval(0)),
        ("max_io_events_per_tick", |builder| builder.max_io_events_per_tick(0)),
        ("max_io_events_per_busy_tick", |builder| builder.max_io_events_per_busy_tick(0)),
        ("name", |builder| builder.name(" \t")),
    ];
    let places: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = places.clone();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let file = info.location().map_or("", Location::file);
        noted.lock().unwrap().push(file.to_owned());
    }));
    let mut texts = Vec::new();
    for (name, refuses) in knobs {
        let mut builder = Builder::new_multi_thread();
        let call = AssertUnwindSafe(|| _ = refuses(&mut builder));
        let payload = panic::catch_unwind(call).unwrap_err();
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        texts.push((name, text.unwrap()));
        // The builder is as it was.
        assert!(builder.build().is_ok());
    }
    panic::set_hook(before);
    for (name, text) in texts {
        assert!(text.contains(name), "{name}: {text}");
    }
    // Other tests of this process may have panicked meanwhile.
    let places = places.lock().unwrap();
    assert!(places.iter().filter(|file| *file == file!()).count() >= knobs.len(), "{places:?}");
}

#[test]
fn a_builder_builds_several_runtimes() {
    let _watchdog = watchdog();
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        builder.worker_threads(2).thread_name("of-several").name("several");
        let runtimes = [(); 3].map(|()| builder.build().unwrap());
        for runtime in &runtimes {
            let spawned = runtime.spawn_blocking(|| std::thread::current().name().map(str::len));
            assert_eq!(runtime.block_on(spawned).unwrap(), Some("of-several".len()));
            assert_eq!(runtime.handle().name(), Some("several"));
        }
    }
}

#[test]
fn a_picker_is_used_once() {
    let _watchdog = watchdog();
    let mut builder = Builder::new_current_thread();
    builder.picker(Fifo);
    assert_eq!(builder.build().unwrap().block_on(async { 1 }), 1);
    let error = builder.build().unwrap_err();
    assert!(error.to_string().contains("picker"), "{error}");
    let local = builder.picker(Fifo).build_local(LocalOptions::default()).unwrap();
    assert_eq!(local.block_on(async { 2 }), 2);
}

#[test]
fn everything_is_enabled_in_any_case() {
    let _watchdog = watchdog();
    let builders: [Refuses; 4] = [
        |builder| builder,
        |builder| builder.enable_all(),
        |builder| builder.enable_io(),
        |builder| builder.enable_time(),
    ];
    for enable in builders {
        enable(&mut Builder::new_current_thread()).build().unwrap().block_on(async {
            minato::time::sleep(std::time::Duration::from_micros(1)).await;
            minato::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        });
    }
}

#[test]
fn runtimes_have_names_only_if_they_were_given_any() {
    let _watchdog = watchdog();
    assert_eq!(current_thread().handle().name(), None);
    assert_eq!(multi_thread(1).handle().name(), None);
    assert_eq!(LocalRuntime::new().unwrap().handle().name(), None);
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.name("the first").build().unwrap();
        let other = builder.name(String::from("other")).build().unwrap();
        assert_eq!(other.handle().name(), Some("other"));
        let name = async { Handle::current().name().map(str::to_owned) };
        assert_eq!(runtime.block_on(name).as_deref(), Some("the first"));
    }
}

#[test]
fn ids_tell_runtimes_apart() {
    let _watchdog = watchdog();
    let runtimes = [current_thread(), multi_thread(1), current_thread()];
    let ids: Vec<Id> = runtimes.iter().map(|runtime| runtime.handle().id()).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    for (runtime, id) in runtimes.iter().zip(ids) {
        assert_eq!(runtime.block_on(async { Handle::current().id() }), id);
        assert!(id.to_string().parse::<u64>().unwrap() > 0);
    }
}

#[test]
fn flavors() {
    let _watchdog = watchdog();
    let flavor = |handle: &Handle| handle.runtime_flavor();
    assert_eq!(flavor(current_thread().handle()), RuntimeFlavor::CurrentThread);
    assert_eq!(flavor(LocalRuntime::new().unwrap().handle()), RuntimeFlavor::CurrentThread);
    assert_eq!(flavor(multi_thread(1).handle()), RuntimeFlavor::MultiThread);
    let engine = Engine::sim(minato::sim::World::new(1).host("a"));
    let simulated = Builder::new_current_thread().engine(engine).build().unwrap();
    assert_eq!(flavor(simulated.handle()), RuntimeFlavor::CurrentThread);
}

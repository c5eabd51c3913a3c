//! Tests that sweep, as far as `minato sim` can tell: they do what sweeps do with the environment,
//! and need no library.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::Duration;

fn add(file: &str, line: &str) {
    let path = env::var(file).unwrap();
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// A sweep whose seeds fail as `fails` says.
fn sweep(name: &str, seeds: Range<u64>, fails: fn(u64) -> bool) {
    let test = thread::current().name().unwrap().to_owned();
    if env::var("MINATO_SIM_LIST").is_ok() {
        let line = format!("scenario\t{test}\t{name}\t{}..{}", seeds.start, seeds.end);
        return add("MINATO_SIM_LIST", &line);
    }
    if let Ok(line) = env::var("MINATO_SIM") {
        let mut words = line.split(' ');
        if words.next() != Some(name) {
            assert!(env::var("MINATO_SIM_EVENTS").is_ok(), "{line} is not of {name}");
            return;
        }
        let seed: u64 = words.next().unwrap().parse().unwrap();
        assert!(!fails(seed), "{name} fails in this run: {line}");
        return;
    }
    if let Ok(faults) = env::var("MINATO_SIM_FAULTS") {
        assert_eq!(faults, "cut,crash");
    }
    let seeds = match env::var("MINATO_SIM_SEEDS") {
        Ok(text) => {
            let (first, end) = text.split_once("..").unwrap();
            first.parse().unwrap()..end.parse().unwrap()
        }
        Err(_) => seeds,
    };
    let events = "MINATO_SIM_EVENTS";
    add(events, &format!("scenario\t{test}\t{name}\t{}..{}", seeds.start, seeds.end));
    let count = seeds.end - seeds.start;
    let failed: Vec<u64> = seeds.filter(|seed| fails(*seed)).collect();
    let (failures, hour) = (failed.len(), 3_600_000_000_000);
    let counts = format!("fault:cut={count}\tmark:a mark={count}");
    add(events, &format!("progress\t{count}\t{failures}\t{}\t{counts}", count * hour));
    if let Some(seed) = failed.first() {
        let folder = env::var("MINATO_SIM_RECORD").unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(Path::new(&folder).join("timeline.svg"), "<svg/>").unwrap();
        let message = format!("{name} failed with {failures} of {count} seeds: it is a seven");
        add(events, &format!("failure\t{name} {seed} calm = 0123abcd\t{message}"));
        panic!("it failed");
    }
    add(events, "end");
}

#[test]
fn calm() {
    sweep("calm", 0..100, |_| false);
}

#[test]
fn stormy() {
    sweep("stormy", 0..10, |seed| seed == 7 && !Path::new("mended").exists());
}

#[test]
fn two_scenarios() {
    sweep("quiet", 0..10, |_| false);
    sweep("loud", 0..10, |seed| seed == 7);
}

mod both {
    #[test]
    fn os() {
        std::process::abort();
    }

    #[test]
    fn sim() {
        super::sweep("both", 0..1, |_| false);
    }
}

#[test]
fn no_sweep_at_all() {
    panic!("nobody looks at this while scenarios are asked for");
}

#[test]
fn crashing() {
    sweep("crashing", 0..1, |_| false);
    if env::var("MINATO_SIM_EVENTS").is_ok() {
        eprintln!("the last words");
        std::process::abort();
    }
}

#[test]
fn endless() {
    sweep("endless", 0..1, |_| false);
    while env::var("MINATO_SIM_EVENTS").is_ok() {
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "only to be asked"]
fn breaking() {
    std::process::abort();
}

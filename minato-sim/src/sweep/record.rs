//! The files about a run, for who asks for them by the environment.

use std::fs;
use std::io;

use super::Sweep;
use super::environment::Request;
use super::replay::tail;
use crate::builder::WorldBuilder;
use crate::plan::name_text;
use crate::scenario::Run;

/// Writes what a run did into the folder that was asked for, if one was: as text, as JSON, as a
/// timeline, and the packets of each host.
pub(super) fn keep(sweep: &Sweep, request: &Request, run: &Run) -> io::Result<()> {
    let Some(folder) = &request.record else { return Ok(()) };
    fs::create_dir_all(folder)?;
    let name = name_text(&sweep.name);
    let mut text = String::new();
    if let Some(world) = &run.world {
        let record = world.record();
        text = record.text();
        fs::write(folder.join(format!("{name}.json")), record.json())?;
        fs::write(folder.join(format!("{name}.svg")), record.timeline(..))?;
        for host in record.hosts() {
            let file = folder.join(format!("{name}.{}.pcap", name_text(host)));
            fs::write(file, record.pcap(host)?)?;
        }
    }
    fs::write(folder.join(format!("{name}.txt")), format!("{text}\n{}\n", tail(run)))
}

/// A world that keeps all of a run for its files.
pub(super) fn keeps_all(builder: WorldBuilder) -> WorldBuilder {
    builder.recorded_events(ALL_EVENTS).capture(usize::MAX)
}

/// More events than a run has that anybody will read.
const ALL_EVENTS: usize = 1 << 20;

//! The tour: every kind of service, driven and checked, and a table of how it went.

mod bare_thread;
mod connection;
mod drivers;
mod payload;
mod poll_echo;
mod progress;
mod report;
mod services;
mod simulated;

use std::io;
use std::time::Duration;

use minato::runtime::Runtime;

use self::drivers::{Load, Measured, Until};
use self::progress::Progress;
use self::report::Row;
use crate::arguments::TourOptions;
use crate::say;

/// How many clients drive each service.
const CLIENTS: usize = 64;

pub(crate) fn run(runtime: Runtime, options: &TourOptions) -> io::Result<()> {
    let workers = runtime.handle().core_count();
    let version = env!("CARGO_PKG_VERSION");
    let seed = options.seed;
    say(format_args!(
        "minato {version}: a tour with {workers} workers, {CLIENTS} clients and seed {seed}"
    ))?;
    let services = runtime.block_on(services::start_all())?;
    let share = Duration::from_secs(options.seconds.into()) / services.len() as u32;

    let mut rows = Vec::new();
    for service in &services {
        let progress = Progress::start(service.name, share);
        let load = Load {
            transport: service.transport,
            target: service.address,
            clients: CLIENTS,
            until: Until::Elapsed(share),
            seed,
        };
        let measured = runtime.block_on(drivers::drive(&load, &progress.requests()));
        progress.finish(&measured);
        rows.push(Row { service: service.name, clients: CLIENTS, measured });
    }
    let bare_thread = bare_thread::visit(&services, seed);
    let simulated = simulated::compare(seed);
    runtime.shutdown_timeout(Duration::from_secs(1));

    say(report::table(&rows))?;
    say(report::notes(&rows))?;
    conclude(&rows)?;
    say(format_args!(
        "no runtime: {} requests from a plain thread, all bytes right",
        bare_thread?
    ))?;
    say(format_args!("simulated:  {}", simulated?))
}

/// Fails if anything did.
fn conclude(rows: &[Row]) -> io::Result<()> {
    let errors: Vec<String> = rows
        .iter()
        .flat_map(|Row { service, measured: Measured { errors, .. }, .. }| {
            errors.iter().map(move |error| format!("\n  {service}: {error}"))
        })
        .collect();
    match errors.len() {
        0 => Ok(()),
        count => {
            let shown: String = errors.into_iter().take(8).collect();
            Err(io::Error::other(format!("{count} clients failed:{shown}")))
        }
    }
}

//! The files about a run, for who asks for them by the environment.

use std::fs;
use std::io;

use super::Sweep;
use super::environment::Request;
use super::replay::tail;
use crate::plan::name_text;
use crate::scenario::Run;

/// Writes what a run did into the folder that was asked for, if one was.
pub(super) fn keep(sweep: &Sweep, request: &Request, run: &Run) -> io::Result<()> {
    let Some(folder) = &request.record else { return Ok(()) };
    fs::create_dir_all(folder)?;
    let text = run.world.as_ref().map(|world| world.record().text());
    let text = text.unwrap_or_default();
    let path = folder.join(format!("{}.txt", name_text(&sweep.name)));
    fs::write(path, format!("{text}\n{}\n", tail(run)))
}

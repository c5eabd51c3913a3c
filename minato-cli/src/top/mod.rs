//! `minato top`: what runs in another program, and what it waits for.

mod screen;
mod snapshot;
mod source;

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use self::screen::Screen;
use self::snapshot::Snapshot;
use self::source::{Answer, Source};
use crate::arguments::TopOptions;
use crate::{in_context, say};

/// The time between two looks.
const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) fn run(options: &TopOptions) -> io::Result<()> {
    let mut source = Source::connect(&options.socket, options.tasks)?;
    if options.once {
        let Answer::Snapshot(text) = source.ask()? else { return Err(source.has_ended()) };
        let (snapshot, width) = (source.read(&text)?, usize::MAX);
        return screen::lines(&snapshot, None, width).iter().try_for_each(|line| say(&line.text));
    }
    if !io::stdout().is_terminal() {
        let why = "standard output is no terminal: `--once` prints one look as text";
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    let result = live(&mut source);
    // Now that the terminal is as it was.
    match result? {
        Ending::Wanted => Ok(()),
        Ending::ProgramEnded => say(source.has_ended()),
    }
}

/// Why a live look ends.
enum Ending {
    Wanted,
    ProgramEnded,
}

/// A look and when it was taken.
pub(crate) type Taken = (Snapshot, Instant);

fn live(source: &mut Source) -> io::Result<Ending> {
    let mut screen =
        Screen::open().map_err(|error| in_context("cannot use the terminal", &error))?;
    let (mut before, mut now): (Option<Taken>, Option<Taken>) = (None, None);
    loop {
        let Answer::Snapshot(text) = source.ask()? else { return Ok(Ending::ProgramEnded) };
        let taken = Instant::now();
        before = now.replace((source.read(&text)?, taken)).or(before);
        let (snapshot, _) = now.as_ref().expect("it was just put there");
        let rates = before.as_ref().map(|(before, at)| (before, taken.duration_since(*at)));
        screen.draw(snapshot, rates)?;
        while let Some(left) = INTERVAL.checked_sub(taken.elapsed()) {
            match screen.wait(left)? {
                screen::Event::Quit => return Ok(Ending::Wanted),
                screen::Event::Resized => screen.draw(snapshot, rates)?,
                screen::Event::Nothing => {}
            }
        }
    }
}

//! A look as lines, and the terminal that shows them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use crossterm::event::{self, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::style::{Attribute, Color, Print, SetAttribute, SetForegroundColor};
use crossterm::terminal::{self, Clear, ClearType};
use crossterm::{cursor, execute, queue};

use super::snapshot::{Fields, Snapshot, Task};

/// A line, and how it looks.
pub(crate) struct Line {
    pub(crate) text: String,
    tone: Tone,
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Title,
    Heading,
    Plain,
    Busy,
    Slow,
}

/// What changed since the look before, and how long ago that was.
type Before<'a> = Option<(&'a Snapshot, Duration)>;

/// A look as lines of at most `width` characters. Rates are since the look before; without one
/// they are counts.
pub(crate) fn lines(snapshot: &Snapshot, before: Before<'_>, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |tone, text: String| lines.push(Line { text: fit(&text, width), tone });
    let (program, pid) = (snapshot.program.text("program"), snapshot.program.text("pid"));
    let tasks = snapshot.alive_tasks();
    add(Tone::Title, format!("minato top  {program}  process {pid}  {tasks} tasks"));
    // 1. The workers.
    for runtime in &snapshot.runtimes {
        let fields = &runtime.fields;
        let words = ["id", "flavor", "name", "host"].map(|name| fields.text(name));
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let counts = [
            ("alive_tasks", "tasks"),
            ("spawned_tasks", "spawned so far"),
            ("blocking_jobs", "blocking jobs"),
            ("global_queue_depth", "in the global queue"),
        ];
        let counts = counts.map(|(name, what)| format!("{} {what}", fields.text(name)));
        add(Tone::Plain, String::new());
        add(Tone::Title, format!("runtime {}: {}", words.join(" "), counts.join(", ")));
        let per = if before.is_some() { "/s" } else { "" };
        let heading = ["polls", "wakes", "steals", "parks", "turns", "events"];
        let heading: String =
            heading.iter().map(|it| format!("{:>11}", format!("{it}{per}"))).collect();
        add(Tone::Heading, format!("  worker{heading}   queue  sockets   timers  polls now"));
        for (index, worker) in runtime.workers.iter().enumerate() {
            let is_same =
                |other: &&super::snapshot::Runtime| other.fields.text("id") == fields.text("id");
            let last = before.and_then(|(before, elapsed)| {
                Some((before.runtimes.iter().find(is_same)?.workers.get(index)?, elapsed))
            });
            let is_parked = worker.text("parked") == "true";
            let tone = if is_parked { Tone::Plain } else { Tone::Busy };
            add(tone, worker_line(index, worker, last));
        }
    }
    for reactor in &snapshot.reactors {
        let counts = ["turns", "events", "sockets", "timers"];
        let counts = counts.map(|name| format!("{} {name}", reactor.text(name)));
        add(Tone::Plain, format!("reactor of no runtime: {}", counts.join(", ")));
    }
    // 2. Slow polls.
    slow_polls(snapshot, &mut add);
    // 3. The tasks, those of one kind together, and then each.
    add(Tone::Plain, String::new());
    add(
        Tone::Heading,
        format!("  {:>6}  {:<24} {:<36} {}", "tasks", "wait for", "spawned at", "name"),
    );
    for ((kinds, place, name), count) in groups(snapshot) {
        add(Tone::Plain, format!("  {count:>6}  {kinds:<24} {} {name}", tail(place, 36)));
    }
    add(Tone::Plain, String::new());
    add(
        Tone::Heading,
        format!("  {:>6}  {:<8} {:<52} {}", "task", "state", "waits for", "spawned at"),
    );
    for task in snapshot.tasks() {
        let state = task.fields.text("state");
        let tone = if state == "waiting" { Tone::Plain } else { Tone::Busy };
        add(tone, task_line(task, state));
    }
    lines
}

fn slow_polls(snapshot: &Snapshot, add: &mut impl FnMut(Tone, String)) {
    if snapshot.slow_polls.is_empty() {
        return;
    }
    add(Tone::Plain, String::new());
    let count = snapshot.program.text("slow_polls");
    add(Tone::Heading, format!("  slow polls ({count})   task  spawned at"));
    for slow in snapshot.slow_polls.iter().take(5) {
        let ended = slow.text("ended") == "true";
        let so_far = if ended { "" } else { " and on" };
        let lasted = format!("{} ms{so_far}", slow.text("lasted"));
        let (task, place) = (slow.text("task"), slow.text("spawned_at"));
        let tone = if ended { Tone::Plain } else { Tone::Slow };
        add(tone, format!("{lasted:>16} {task:>6}  {place}  {}", slow.text("name")));
    }
}

fn worker_line(index: usize, worker: &Fields, last: Option<(&Fields, Duration)>) -> String {
    let mut line = format!("  {index:>6}");
    for name in ["polls", "wakes", "steals", "parks", "turns", "events"] {
        let count = worker.number(name);
        let number = match last {
            None => count,
            Some((last, elapsed)) => {
                // Turns are counted modulo 2^32.
                let more = match name {
                    "turns" => u64::from((count as u32).wrapping_sub(last.number(name) as u32)),
                    _ => count.saturating_sub(last.number(name)),
                };
                (more as f64 / elapsed.as_secs_f64().max(0.001)).round() as u64
            }
        };
        line += &format!("{number:>11}");
    }
    let (queue, sockets) = (worker.text("queue_depth"), worker.text("sockets"));
    let (timers, polled) = (worker.text("timers"), worker.text("polled"));
    line + &format!(" {queue:>7}  {sockets:>7}  {timers:>7}  {polled:>9}")
}

fn task_line(task: &Task, state: &str) -> String {
    let (id, place) = (task.fields.text("id"), task.fields.text("spawned_at"));
    let what = match task.fields.text("blocking") {
        "true" => "a blocking job".to_owned(),
        _ => task.waits_for(),
    };
    format!("  {id:>6}  {state:<8} {what:<52} {}", tail(place, 36))
}

/// What tasks have in common, with how many have, the most first.
fn groups(snapshot: &Snapshot) -> Vec<((String, &str, String), usize)> {
    let mut groups = BTreeMap::new();
    for task in snapshot.tasks() {
        let key = (task.kinds(), task.fields.text("spawned_at"), task.name());
        *groups.entry(key).or_insert(0) += 1;
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    groups
}

/// The last `width` characters of a place in the source, filled up with spaces.
fn tail(place: &str, width: usize) -> String {
    let skipped = place.chars().count().saturating_sub(width);
    format!("{:<width$}", place.chars().skip(skipped).collect::<String>())
}

/// The first `width` characters.
fn fit(text: &str, width: usize) -> String {
    text.trim_end().chars().take(width).collect()
}

/// What happened at the terminal.
pub(crate) enum Event {
    Quit,
    Resized,
    Nothing,
}

/// The terminal while it shows looks. Dropping it gives the terminal back as it was.
pub(crate) struct Screen;

impl Screen {
    pub(crate) fn open() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let screen = Self;
        execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        Ok(screen)
    }

    pub(crate) fn draw(&mut self, snapshot: &Snapshot, before: Before<'_>) -> io::Result<()> {
        let (width, height) = terminal::size()?;
        let lines = lines(snapshot, before, width.into());
        let mut out = io::stdout().lock();
        // The last row is for the keys.
        let rows = usize::from(height.saturating_sub(1));
        for row in 0..rows {
            queue!(out, cursor::MoveTo(0, row as u16))?;
            if let Some(line) = lines.get(row) {
                let (color, attribute) = match line.tone {
                    Tone::Title => (Color::Cyan, Attribute::Bold),
                    Tone::Heading => (Color::DarkGrey, Attribute::Reset),
                    Tone::Plain => (Color::Reset, Attribute::Reset),
                    Tone::Busy => (Color::Green, Attribute::Reset),
                    Tone::Slow => (Color::Red, Attribute::Bold),
                };
                queue!(out, SetAttribute(attribute), SetForegroundColor(color), Print(&line.text))?;
            }
            queue!(out, SetAttribute(Attribute::Reset), Clear(ClearType::UntilNewLine))?;
        }
        let hidden = lines.len().saturating_sub(rows);
        let more = if hidden > 0 { format!("{hidden} more lines; ") } else { String::new() };
        let keys = fit(&format!("{more}q ends"), width.into());
        queue!(out, cursor::MoveTo(0, height.saturating_sub(1)))?;
        queue!(out, SetForegroundColor(Color::DarkGrey), Print(keys))?;
        queue!(out, SetAttribute(Attribute::Reset), Clear(ClearType::UntilNewLine))?;
        out.flush()
    }

    /// Waits until something happens or `timeout` has passed.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<Event> {
        if !event::poll(timeout)? {
            return Ok(Event::Nothing);
        }
        Ok(match event::read()? {
            event::Event::Resize(..) => Event::Resized,
            event::Event::Key(key) if key.kind != KeyEventKind::Release => {
                let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => Event::Quit,
                    KeyCode::Char('c') if ctrl => Event::Quit,
                    _ => Event::Nothing,
                }
            }
            _ => Event::Nothing,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nobody to tell of a terminal that is gone.
        _ = execute!(io::stdout(), cursor::Show, terminal::LeaveAlternateScreen);
        _ = terminal::disable_raw_mode();
    }
}

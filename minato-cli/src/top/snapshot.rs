//! A look at a program, read from the lines that it answers with.

use std::collections::HashMap;

/// The version of the lines that this program knows.
const VERSION: &str = "1";

/// What was seen of a program.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) program: Fields,
    pub(crate) runtimes: Vec<Runtime>,
    /// Tasks of local sets.
    pub(crate) local: Vec<Task>,
    /// Reactors of no runtime.
    pub(crate) reactors: Vec<Fields>,
    /// The slowest polls, the slowest first.
    pub(crate) slow_polls: Vec<Fields>,
}

#[derive(Debug, Default)]
pub(crate) struct Runtime {
    pub(crate) fields: Fields,
    pub(crate) workers: Vec<Fields>,
    pub(crate) tasks: Vec<Task>,
}

#[derive(Debug, Default)]
pub(crate) struct Task {
    pub(crate) fields: Fields,
    /// Each with its kind.
    pub(crate) waits: Vec<(String, Fields)>,
}

/// The fields of a line.
#[derive(Debug, Default)]
pub(crate) struct Fields(HashMap<String, String>);

impl Fields {
    /// The text of a field; empty if it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The number in a field; 0 if there is none.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// Reads ` name=value name="text"`. Control characters stay escaped, so that no name can do
    /// anything to a terminal.
    fn parse(mut rest: &str) -> Option<Self> {
        let mut fields = HashMap::new();
        while let Some((name, after)) = rest.trim_start().split_once('=') {
            let value;
            (value, rest) = match after.strip_prefix('"') {
                Some(quoted) => split_quoted(quoted)?,
                None => {
                    let end = after.find(' ').unwrap_or(after.len());
                    (after[..end].to_owned(), &after[end..])
                }
            };
            fields.insert(name.to_owned(), value);
        }
        rest.trim().is_empty().then_some(Self(fields))
    }
}

/// Splits a text from what follows its closing quote.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    loop {
        match chars.next()? {
            (end, '"') => return Some((value, &text[end + 1..])),
            (_, '\\') => match chars.next()?.1 {
                plain @ ('"' | '\\' | '\'') => value.push(plain),
                control => value.extend(['\\', control]),
            },
            (_, plain) => value.push(plain),
        }
    }
}

impl Snapshot {
    /// Reads the lines of an answer. Lines of a kind that it does not know are left out.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut snapshot = Self::default();
        let (mut in_runtime, mut lines) = (false, text.lines());
        let head = lines.next().unwrap_or_default();
        let head = head.strip_prefix("minato ").ok_or("gives no looks")?;
        let (version, fields) = head.split_once(' ').unwrap_or((head, ""));
        if version != VERSION {
            let known = "this program knows version";
            return Err(format!("gives looks of version {version}, and {known} {VERSION}"));
        }
        let parse = |line: &str, fields| {
            Fields::parse(fields).ok_or_else(|| format!("gave a line that cannot be read: {line}"))
        };
        snapshot.program = parse(head, fields)?;
        for line in lines.filter(|line| !line.is_empty()) {
            let (kind, fields) = line.trim_start().split_once(' ').unwrap_or((line, ""));
            let fields = parse(line, fields)?;
            match kind {
                "runtime" => {
                    in_runtime = true;
                    snapshot.runtimes.push(Runtime { fields, ..Runtime::default() });
                }
                "local" => in_runtime = false,
                "reactor" => snapshot.reactors.push(fields),
                "slow_poll" => snapshot.slow_polls.push(fields),
                "worker" => snapshot.runtimes.last_mut().ok_or(line)?.workers.push(fields),
                "task" => {
                    let task = Task { fields, waits: Vec::new() };
                    snapshot.tasks_of(in_runtime).ok_or(line)?.push(task);
                }
                "socket" | "timer" | "join" => {
                    let task = snapshot.tasks_of(in_runtime).and_then(|tasks| tasks.last_mut());
                    task.ok_or(line)?.waits.push((kind.to_owned(), fields));
                }
                _ => {}
            }
        }
        Ok(snapshot)
    }

    fn tasks_of(&mut self, in_runtime: bool) -> Option<&mut Vec<Task>> {
        match in_runtime {
            true => self.runtimes.last_mut().map(|runtime| &mut runtime.tasks),
            false => Some(&mut self.local),
        }
    }

    /// All tasks that are listed.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.runtimes.iter().flat_map(|runtime| &runtime.tasks).chain(&self.local)
    }

    /// How many tasks are alive, whether listed or not.
    pub(crate) fn alive_tasks(&self) -> u64 {
        let of_runtimes = self.runtimes.iter().map(|it| it.fields.number("alive_tasks"));
        of_runtimes.sum::<u64>() + self.local.len() as u64
    }
}

impl Task {
    /// What it waits for, in a few words.
    pub(crate) fn waits_for(&self) -> String {
        let waits: Vec<String> = self.waits.iter().map(|wait| words(wait, true)).collect();
        if waits.is_empty() && self.fields.text("state") == "waiting" {
            return "unknown".to_owned();
        }
        waits.join(", ")
    }

    /// The kinds of what it waits for, by which tasks are put together.
    pub(crate) fn kinds(&self) -> String {
        let mut kinds: Vec<String> = self.waits.iter().map(|wait| words(wait, false)).collect();
        kinds.sort();
        kinds.dedup();
        match (self.fields.text("state"), kinds.is_empty()) {
            ("waiting", true) => "unknown".to_owned(),
            ("waiting", false) => kinds.join(", "),
            (state, _) => state.to_owned(),
        }
    }

    /// The name of the function that it came from, as short as may be.
    pub(crate) fn name(&self) -> String {
        let name = self.fields.text("name");
        let boxed = name.strip_prefix("core::pin::Pin<alloc::boxed::Box<");
        let name = boxed.and_then(|name| name.strip_suffix(">>")).unwrap_or(name);
        name.replace("::{{closure}}", "")
    }
}

/// A wait in a few words, with what tells it from others of its kind if `whole`.
fn words((kind, fields): &(String, Fields), whole: bool) -> String {
    match kind.as_str() {
        "socket" => {
            let mut words = format!("{} {}", fields.text("kind"), fields.text("events"));
            if whole {
                let (local, peer) = (fields.text("local"), fields.text("peer"));
                match (local.is_empty(), peer.is_empty()) {
                    (true, true) => words += &format!(" #{}", fields.text("descriptor")),
                    (_, true) => words += &format!(" {local}"),
                    (_, false) => words += &format!(" {local} - {peer}"),
                }
            }
            words
        }
        "timer" if whole => format!("timer {:.1} s", fields.number("left") as f64 / 1000.0),
        "join" if whole => format!("task {}", fields.text("task")),
        "join" => "task".to_owned(),
        kind => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "minato 1 pid=7 program=\"/a b/c\" slow_polls=1\n\
        runtime id=1 flavor=multi_thread alive_tasks=3 name=\"x \\\"y\\\"\"\n  \
        worker polls=10 parked=true polled=\"2\"\n  \
        task id=2 state=waiting spawned_at=\"a.rs:1:2\" name=\"a::b::{{closure}}\"\n    \
        socket kind=tcp events=read descriptor=5 local=\"127.0.0.1:1\" peer=\"127.0.0.1:2\"\n    \
        timer left=1500\n    \
        later what=ever\n  \
        task id=3 state=waiting name=\"core::pin::Pin<alloc::boxed::Box<a::c::{{closure}}>>\"\n\
        local\n  task id=4 state=running name=\"\\u{1b}[31m\"\n    join task=2\n\
        reactor turns=5\nslow_poll lasted=100 ended=true name=\"n\"\n\n";

    #[test]
    fn every_line_is_read() {
        let snapshot = Snapshot::parse(LINES).unwrap();
        assert_eq!(
            (snapshot.program.text("program"), snapshot.program.number("pid")),
            ("/a b/c", 7)
        );
        let [runtime] = &snapshot.runtimes[..] else { panic!("{snapshot:?}") };
        assert_eq!(runtime.fields.text("name"), "x \"y\"");
        assert_eq!(runtime.workers[0].text("polled"), "2");
        let [first, second] = &runtime.tasks[..] else { panic!("{snapshot:?}") };
        assert_eq!(first.waits_for(), "tcp read 127.0.0.1:1 - 127.0.0.1:2, timer 1.5 s");
        assert_eq!((first.kinds(), first.name()), ("tcp read, timer".into(), "a::b".into()));
        assert_eq!((second.waits_for(), second.name()), ("unknown".into(), "a::c".into()));
        assert_eq!(snapshot.local[0].waits_for(), "task 2");
        assert_eq!(snapshot.local[0].kinds(), "running");
        assert_eq!((snapshot.reactors.len(), snapshot.slow_polls[0].number("lasted")), (1, 100));
        assert_eq!((snapshot.tasks().count(), snapshot.alive_tasks()), (3, 4));
    }

    #[test]
    fn nothing_that_a_terminal_obeys_comes_through() {
        let snapshot = Snapshot::parse(LINES).unwrap();
        assert_eq!(snapshot.local[0].name(), "\\u{1b}[31m");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (text, problem) in [
            ("", "gives no looks"),
            ("HTTP/1.1 400", "gives no looks"),
            ("minato 2 pid=1\n", "gives looks of version 2"),
            ("minato 1 pid=1\nruntime id=\"1\n", "cannot be read"),
            ("minato 1 pid=1\nruntime words\n", "cannot be read"),
            ("minato 1 pid=1\n  worker polls=1\n", "worker polls=1"),
            ("minato 1 pid=1\n  timer left=1\n", "timer left=1"),
        ] {
            let told = Snapshot::parse(text).unwrap_err();
            assert!(told.contains(problem), "{text:?}: {told}");
        }
    }
}

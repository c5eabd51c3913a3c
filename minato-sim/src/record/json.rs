//! Events as JSON, one object a line.

use std::fmt::{self, Write};
use std::time::Duration;

use super::Record;
use super::event::{Event, Fate, What};

impl Record {
    /// The events as JSON, one object a line, oldest first. A time is a number of nanoseconds since
    /// the start of the world.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let world = World::new(1);
    /// world.note("two\nlines");
    /// let json = world.record().json();
    /// assert_eq!(json, "{\"nth\":0,\"at\":0,\"event\":\"line\",\"text\":\"two\\nlines\"}\n");
    /// ```
    pub fn json(&self) -> String {
        let mut text = String::new();
        for event in self.events() {
            let mut object = Object { text: &mut text, is_empty: true };
            object.event(&event);
            text.push_str("}\n");
        }
        text
    }
}

/// An object that is being written.
struct Object<'a> {
    text: &'a mut String,
    is_empty: bool,
}

impl Object<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.number("nth", event.nth);
        self.time("at", event.at);
        match event.what {
            What::Packet { .. } => self.packet(event),
            What::Arrival { packet, host, lost } => {
                self.string("event", "arrival").number("packet", packet).string("host", host);
                self.maybe("lost", lost)
            }
            What::Release { packet, arrives } => {
                self.string("event", "release").number("packet", packet).time("arrives", arrives)
            }
            What::Fault { fault, stage, host, other, value } => {
                self.string("event", "fault").string("fault", fault).string("stage", stage);
                self.maybe("host", host).maybe("other", other).number("value", value)
            }
            What::Choice { site, entity, of, value } => {
                self.string("event", "choice").string("site", site).number("entity", entity);
                self.number("of", of).number("value", value)
            }
            What::Task { task } => {
                self.string("event", "task").string("host", task.host).number("task", task.nth)
            }
            What::Socket { host, subject, what, value } => {
                self.string("event", "socket").string("host", host).string("subject", subject);
                self.string("what", what).number("value", value)
            }
            What::Mark { host, name } => {
                self.string("event", "mark").maybe("host", host).string("name", name)
            }
            What::Line { host, text } => {
                self.string("event", "line").maybe("host", host).string("text", text)
            }
        };
    }

    fn packet(&mut self, event: &Event<'_>) -> &mut Self {
        let What::Packet {
            from,
            to,
            source,
            destination,
            kind,
            name,
            len,
            payload,
            digest,
            sequence,
            acknowledgement,
            window,
            ecn,
            fate,
            faults,
        } = event.what
        else {
            return self;
        };
        self.string("event", "packet").string("name", name).string("kind", kind);
        self.string("from", from).maybe("to", to);
        self.string("source", source).string("destination", destination);
        self.number("len", len as u64).string("digest", format_args!("{digest:016x}"));
        if kind.is_stream() {
            self.number("sequence", sequence).number("acknowledgement", acknowledgement);
            self.number("window", window);
        } else {
            self.number("ecn", u64::from(ecn));
        }
        match fate {
            Fate::Arrives(at) => self.string("fate", "arrives").time("arrives", at),
            Fate::Corrupted(at) => self.string("fate", "corrupted").time("arrives", at),
            Fate::Copy(at) => self.string("fate", "copy").time("arrives", at),
            Fate::Held => self.string("fate", "held"),
            Fate::Lost => self.string("fate", "lost"),
        };
        if !faults.is_empty() {
            self.name("faults").push('[');
            for (place, kind) in faults.iter().enumerate() {
                self.text.push_str(if place == 0 { "" } else { "," });
                write_string(self.text, kind.word());
            }
            self.text.push(']');
        }
        if !payload.is_empty() {
            let hex = payload.iter().fold(String::new(), |mut hex, byte| {
                // Writing to a string cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            self.string("payload", hex);
        }
        self
    }

    /// Begins a member.
    fn name(&mut self, name: &str) -> &mut String {
        self.text.push(if self.is_empty { '{' } else { ',' });
        self.is_empty = false;
        write_string(self.text, name);
        self.text.push(':');
        self.text
    }

    fn number(&mut self, name: &str, value: u64) -> &mut Self {
        let text = self.name(name);
        let _ = write!(text, "{value}");
        self
    }

    fn time(&mut self, name: &str, time: Duration) -> &mut Self {
        self.number(name, crate::time::nanos(time))
    }

    fn string(&mut self, name: &str, value: impl fmt::Display) -> &mut Self {
        write_string(self.name(name), &value.to_string());
        self
    }

    fn maybe(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.string(name, value),
            None => self,
        }
    }
}

/// Writes a string with its quotes.
fn write_string(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                text.push('\\');
                text.push(character);
            }
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control < ' ' => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

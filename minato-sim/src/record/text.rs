//! Events as lines of text.

use std::fmt;
use std::time::Duration;

use super::event::{Event, Fate, Stage, Subject, What};
use crate::packet::PacketKind;

/// A time with all nine places.
pub(super) struct At(pub(super) Duration);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0.as_secs(), self.0.subsec_nanos())
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", At(self.at))?;
        match self.what {
            What::Packet { .. } => self.packet(f),
            What::Arrival { packet, host, lost: None } => {
                write!(f, "packet {packet} reaches {host}")
            }
            What::Arrival { packet, host, lost: Some(why) } => {
                write!(f, "packet {packet} is lost at {host}: {why}")
            }
            What::Release { packet, arrives } => {
                write!(f, "packet {packet} goes on, arrives at {}", At(arrives))
            }
            What::Fault { fault, stage, host, other, value } => {
                write!(f, "{fault} {stage}")?;
                match (host, other) {
                    (Some(host), Some(other)) => write!(f, ": {host} > {other}")?,
                    (Some(host), None) | (None, Some(host)) => write!(f, ": {host}")?,
                    (None, None) => {}
                }
                if value == 0 { Ok(()) } else { write!(f, " ({value})") }
            }
            What::Choice { site, entity, of, value } => {
                write!(f, "choice {site} #{entity}: {value} of {of}")
            }
            What::Task { task } => write!(f, "task {task} is polled"),
            What::Socket { host, subject, what, value } => {
                write!(f, "{host} {subject} {what}")?;
                if value == 0 { Ok(()) } else { write!(f, " {value}") }
            }
            What::Mark { host: Some(host), name } => write!(f, "{host} reaches mark {name}"),
            What::Mark { host: None, name } => write!(f, "mark {name}"),
            What::Line { host: Some(host), text } => write!(f, "{host} {text}"),
            What::Line { host: None, text } => f.write_str(text),
        }
    }
}

impl Event<'_> {
    fn packet(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let What::Packet { name, source, destination, kind, len, digest, fate, faults, .. } =
            self.what
        else {
            return Ok(());
        };
        write!(f, "packet {}: {name} {kind} {source} > {destination}", self.nth)?;
        if len > 0 {
            write!(f, " {len} bytes #{:08x}", digest >> 32)?;
        }
        write!(f, ", {fate}")?;
        let mut sign = ": ";
        for kind in faults.iter() {
            write!(f, "{sign}{}", kind.word())?;
            sign = ", ";
        }
        Ok(())
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fate::Arrives(at) => write!(f, "arrives at {}", At(*at)),
            Fate::Corrupted(at) => write!(f, "arrives changed at {}", At(*at)),
            Fate::Copy(at) => write!(f, "a copy arrives at {}", At(*at)),
            Fate::Held => f.write_str("held"),
            Fate::Lost => f.write_str("lost"),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Begins => "begins",
            Stage::Strikes => "strikes",
            Stage::Ends => "ends",
        })
    }
}

impl<H: AsRef<str>> fmt::Display for Subject<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Socket(name) => write!(f, "socket {name}"),
            Subject::Connection(name) => write!(f, "connection {name}"),
        }
    }
}

impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PacketKind::Syn => "syn",
            PacketKind::SynAck => "syn-ack",
            PacketKind::Ack => "ack",
            PacketKind::Data => "data",
            PacketKind::Fin => "fin",
            PacketKind::Reset => "reset",
            PacketKind::WindowUpdate => "window update",
            PacketKind::Probe => "probe",
            PacketKind::Datagram => "datagram",
            PacketKind::Unreachable => "unreachable",
        })
    }
}

//! The picture as SVG.

use std::fmt::Write;
use std::time::Duration;

use super::bundle::{Bundle, bundles};
use super::items::{End, Flag, Items, Sort, Span};
use super::scale::Scale;
use crate::packet::PacketKind;

/// Where the lanes begin, and how far they are apart.
const TOP: f64 = 84.0;
const LEFT: f64 = 150.0;
const APART: f64 = 230.0;
/// The room for flags at the right, and below the lanes.
const RIGHT: f64 = 330.0;
/// The room at the right without flags: that of the texts of faults.
const LONELY: f64 = 130.0;
const BOTTOM: f64 = 30.0;
/// What a line of text needs.
const LINE: f64 = 12.0;
/// What two labels in one line are apart.
const GAP: f64 = 5.0;
/// After so much of the height the names of the hosts stand there again.
const NAMES_APART: f64 = 900.0;

const STYLE: &str = "\
<style>
svg{--ground:#fff;--ink:#1d2733;--soft:#667585;--grid:#e3e8ee;--data:#1f6feb;--quiet:#8fa3b8;\
--open:#1a7f37;--close:#8250df;--bad:#cf222e;--warn:#bc6c00;font:11px system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{--ground:#0f151c;--ink:#dfe7ef;--soft:#93a4b5;\
--grid:#222c38;--data:#6cb0ff;--quiet:#5b7088;--open:#4ac26b;--close:#c297ff;--bad:#ff7b72;\
--warn:#e3a33c}}
.ground{fill:var(--ground)}text{fill:var(--ink)}.soft{fill:var(--soft)}.grid{stroke:var(--grid)}
.host{font-weight:600;font-size:14px;text-anchor:middle}.time{text-anchor:end}
.lane{stroke:var(--soft);stroke-width:2}.down{stroke:var(--bad);stroke-width:2;stroke-dasharray:2 7}
.arrow{fill:none;stroke-width:1.4}.many{stroke-width:3}.thin{stroke-width:.8}
.dashed{stroke-dasharray:5 4}
.label{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}
.data{stroke:var(--data);fill:var(--data)}.quiet{stroke:var(--quiet);fill:var(--quiet)}
.open{stroke:var(--open);fill:var(--open)}.close{stroke:var(--close);fill:var(--close)}
.bad{stroke:var(--bad);fill:var(--bad)}.warn{stroke:var(--warn);fill:var(--warn)}
path.arrow{fill:none}text.data,text.quiet,text.open,text.close,text.bad,text.warn{\
stroke:var(--ground)}
.bar{fill:url(#hatch);stroke:var(--bad);stroke-width:1}.bar.mild{fill:url(#mild);stroke:var(--warn)}
.flag{fill:var(--open)}.note{fill:var(--soft)}
</style>
<defs>
<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
patternTransform=\"rotate(45)\"><path d=\"M0 0V6\" style=\"stroke:var(--bad);stroke-width:3;\
stroke-opacity:.45\"/></pattern>
<pattern id=\"mild\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
patternTransform=\"rotate(45)\"><path d=\"M0 0V6\" style=\"stroke:var(--warn);stroke-width:3;\
stroke-opacity:.45\"/></pattern>
</defs>
";

/// What is to be drawn, and where.
pub(super) struct Picture<'a> {
    hosts: Vec<&'a str>,
    items: &'a Items<'a>,
    scale: Scale,
    svg: String,
    /// The places of the texts that stand there, so that no two lie on each other: left, right and
    /// baseline.
    texts: Vec<(f64, f64, f64)>,
}

impl<'a> Picture<'a> {
    pub(super) fn new(hosts: Vec<&'a str>, items: &'a Items<'a>) -> Self {
        let scale = Scale::new(items.times(), items.flights());
        Picture { hosts, items, scale, svg: String::new(), texts: Vec::new() }
    }

    pub(super) fn draw(mut self, title: &str) -> String {
        let columns = (self.hosts.len().max(1) - 1) as f64;
        let right = if self.items.flags.is_empty() { LONELY } else { RIGHT };
        let width = LEFT + columns * APART + right;
        let height = TOP + self.scale.height() + BOTTOM;
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n{STYLE}\
             <rect class=\"ground\" width=\"{width:.0}\" height=\"{height:.0}\"/>\n\
             <text class=\"soft\" x=\"16\" y=\"24\">{}</text>\n",
            escaped(title),
        ));
        // The end of the lanes; flags are right of it.
        let end = LEFT + columns * APART + 40.0;
        self.axis(end);
        self.columns();
        let items = self.items;
        for (place, span) in items.spans.iter().enumerate() {
            self.span(place, span);
        }
        let bundles = bundles(&items.arrows, &self.scale);
        for bundle in &bundles {
            self.arrow(bundle);
        }
        for flag in &items.flags {
            self.flag(flag, end + 6.0);
        }
        // Labels come last, so that no line is over them. What matters most finds room first.
        let mut by_rank: Vec<_> = bundles.iter().collect();
        by_rank.sort_by_key(|bundle| rank(bundle));
        for bundle in by_rank {
            self.label(bundle);
        }
        self.put(format_args!("</svg>\n"));
        self.svg
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.svg.write_fmt(text);
    }

    fn y(&self, time: Duration) -> f64 {
        TOP + self.scale.place(time)
    }

    fn x(&self, host: &str) -> Option<f64> {
        let column = self.hosts.iter().position(|name| *name == host)?;
        Some(LEFT + column as f64 * APART)
    }

    /// Times at the left, and pauses that were cut short.
    fn axis(&mut self, right: f64) {
        for (time, place) in self.scale.ticks(34.0) {
            let y = TOP + place;
            self.put(format_args!(
                "<path class=\"grid\" d=\"M{:.0} {y:.1}H{right:.0}\"/><text class=\"soft time\" \
                 x=\"{:.0}\" y=\"{:.1}\">{}</text>\n",
                LEFT - 60.0,
                LEFT - 66.0,
                y + 4.0,
                clock(time),
            ));
        }
        for (from, to, pause) in self.scale.breaks.clone() {
            if to - from < 2.0 * LINE {
                continue;
            }
            let y = TOP + (from + to) / 2.0;
            self.put(format_args!(
                "<text class=\"soft time\" x=\"{:.0}\" y=\"{:.1}\">⋮ {}</text>\n",
                LEFT - 66.0,
                y + 4.0,
                span_text(pause),
            ));
        }
    }

    /// The lanes with the names of their hosts. Where a host is down its lane is broken.
    fn columns(&mut self) {
        let (top, bottom) = (TOP - 14.0, TOP + self.scale.height() + 14.0);
        let items = self.items;
        for host in self.hosts.clone() {
            let Some(x) = self.x(host) else { continue };
            let mut y = top;
            let crash = |span: &&Span<'_>| span.fault == "crash" && span.host == Some(host);
            for span in items.spans.iter().filter(crash) {
                let from = span.begins.map_or(top, |at| self.y(at));
                let to = span.ends.map_or(bottom, |at| self.y(at));
                self.put(format_args!("<path class=\"lane\" d=\"M{x:.0} {y:.1}V{from:.1}\"/>"));
                self.put(format_args!("<path class=\"down\" d=\"M{x:.0} {from:.1}V{to:.1}\"/>\n"));
                y = to;
            }
            self.put(format_args!("<path class=\"lane\" d=\"M{x:.0} {y:.1}V{bottom:.1}\"/>\n"));
            let mut place = top - 12.0;
            while place < bottom - 100.0 {
                self.put(format_args!(
                    "<text class=\"host label\" x=\"{x:.0}\" y=\"{place:.1}\">{}</text>\n",
                    escaped(host),
                ));
                let half = 4.0 * host.chars().count() as f64 + 6.0;
                self.texts.push((x - half, x + half, place));
                place += NAMES_APART;
            }
        }
    }

    /// A fault that lasts: a mark on the lane of its host, or a bar between two lanes.
    fn span(&mut self, place: usize, span: &Span<'_>) {
        let from = span.begins.map_or(TOP - 10.0, |at| self.y(at));
        let to = span.ends.map_or(TOP + self.scale.height() + 10.0, |at| self.y(at));
        let high = (to - from).max(3.0);
        let mild = if matches!(span.fault, "cut" | "crash" | "flap") { "" } else { " mild" };
        let color = if mild.is_empty() { "bad" } else { "warn" };
        let name = escaped(span.fault);
        let one = span.host.and_then(|host| self.x(host));
        let (x, text) = match (one, span.other.and_then(|host| self.x(host))) {
            (Some(x), None) => {
                if span.fault != "crash" {
                    self.put(format_args!(
                        "<rect class=\"bar{mild}\" x=\"{:.0}\" y=\"{from:.1}\" width=\"16\" \
                         height=\"{high:.1}\"/>",
                        x - 8.0,
                    ));
                }
                self.crash_signs(x, span, (from, to));
                let ends = if span.fault == "crash" { "restart" } else { "resumed" };
                if span.ends.is_some() && to - from > LINE {
                    self.text(color, x + 14.0, to + 4.0, ends);
                }
                (x + 14.0, name)
            }
            (Some(one), Some(other)) => {
                // Bars of the same pair do not lie on each other.
                let shift = (place % 4) as f64 * 14.0 - 21.0;
                let x = (one + other) / 2.0 + shift;
                self.put(format_args!(
                    "<rect class=\"bar{mild}\" x=\"{:.0}\" y=\"{from:.1}\" width=\"9\" \
                     height=\"{high:.1}\"/>",
                    x - 4.5,
                ));
                let arrow = match (span.both_ways, one < other) {
                    (true, _) => "↔",
                    (false, true) => "→",
                    (false, false) => "←",
                };
                let (left, right) = match (span.host, span.other) {
                    (Some(host), Some(other)) if one < self.x(other).unwrap_or(one) => {
                        (host, other)
                    }
                    (host, other) => (other.unwrap_or_default(), host.unwrap_or_default()),
                };
                (x + 8.0, format!("{name} {} {arrow} {}", escaped(left), escaped(right)))
            }
            _ => {
                let x = LEFT - 48.0 + (place % 3) as f64 * 10.0;
                self.put(format_args!(
                    "<rect class=\"bar{mild}\" x=\"{:.0}\" y=\"{from:.1}\" width=\"7\" \
                     height=\"{high:.1}\"/>",
                    x - 3.5,
                ));
                (x + 6.0, format!("{name} on all links"))
            }
        };
        self.text(color, x, from + 4.0, &text);
    }

    /// Where the lane of a host is broken, crosses and dots say so.
    fn crash_signs(&mut self, x: f64, span: &Span<'_>, (from, to): (f64, f64)) {
        if span.fault != "crash" {
            return;
        }
        if span.begins.is_some() {
            self.cross(x, from, 7.0);
        }
        if span.ends.is_some() {
            self.put(format_args!("<circle class=\"open\" cx=\"{x:.0}\" cy=\"{to:.1}\" r=\"4\"/>"));
        }
    }

    fn cross(&mut self, x: f64, y: f64, half: f64) {
        self.put(format_args!(
            "<path class=\"arrow many bad\" d=\"M{:.1} {:.1}l{d} {d}m0 -{d}l-{d} {d}\"/>\n",
            x - half,
            y - half,
            d = 2.0 * half,
        ));
    }

    /// The places of the two ends of an arrow, and whether there is a second lane.
    fn ends(&self, bundle: &Bundle<'_>) -> Option<[f64; 4]> {
        let arrow = bundle.first;
        let x = self.x(arrow.from)?;
        let (y, other) = (self.y(arrow.sent), arrow.to.and_then(|host| self.x(host)));
        // What goes to nobody leaves to the right.
        let to = other.unwrap_or(x + APART / 2.0);
        let arrival = match arrow.arrives {
            Some(at) => self.y(at),
            None => y + 22.0,
        };
        Some([x, y, to, arrival])
    }

    fn arrow(&mut self, bundle: &Bundle<'_>) {
        let Some([x, y, to, arrival]) = self.ends(bundle) else { return };
        let end = bundle.first.end;
        let width = match (bundle.count, is_quiet(bundle)) {
            (2.., _) => " many",
            (_, true) => " thin",
            _ => "",
        };
        let dashed = if matches!(end, End::Copy | End::Held) { " dashed" } else { "" };
        let class = format!("arrow {}{width}{dashed}", color(bundle));
        if x == to {
            // A packet within the host.
            let reach = 26.0;
            self.put(format_args!(
                "<path class=\"{class}\" d=\"M{x:.0} {y:.1}C{:.0} {y:.1} {:.0} {arrival:.1} {x:.0} \
                 {arrival:.1}\"/>\n",
                x + reach,
                x + reach,
            ));
            return self.head(color(bundle), [x + reach, arrival, x, arrival]);
        }
        // What is lost ends before it gets there.
        let part = match end {
            End::Lost => 0.62,
            End::Held => 0.25,
            _ => 1.0,
        };
        let (to, arrival) = (x + (to - x) * part, y + (arrival - y) * part);
        self.put(format_args!(
            "<path class=\"{class}\" d=\"M{x:.0} {y:.1}L{to:.1} {arrival:.1}\"/>\n"
        ));
        match end {
            End::Lost | End::Refused(_) => self.cross(to, arrival, 5.0),
            End::Held => self.put(format_args!(
                "<path class=\"arrow many warn\" d=\"M{to:.1} {:.1}v12\"/>\n",
                arrival - 6.0,
            )),
            _ => self.head(color(bundle), [x, y, to, arrival]),
        }
    }

    /// The head of an arrow from one place to another.
    fn head(&mut self, color: &str, [x, y, to, arrival]: [f64; 4]) {
        let (dx, dy) = (to - x, arrival - y);
        let len = dx.hypot(dy).max(1.0);
        let (ux, uy) = (dx / len * 8.0, dy / len * 8.0);
        let (left, right) = ((-uy * 0.42, ux * 0.42), (uy * 0.42, -ux * 0.42));
        self.put(format_args!(
            "<path class=\"{color}\" d=\"M{to:.1} {arrival:.1}L{:.1} {:.1}L{:.1} {:.1}z\"/>\n",
            to - ux + left.0,
            arrival - uy + left.1,
            to - ux + right.0,
            arrival - uy + right.1,
        ));
    }

    /// The text of an arrow, where there is room for it.
    fn label(&mut self, bundle: &Bundle<'_>) {
        let Some([x, y, to, arrival]) = self.ends(bundle) else { return };
        if is_quiet(bundle) && bundle.count == 1 && bundle.first.faults.is_empty() {
            return;
        }
        let text = bundle.label();
        let wide = wide(&text);
        let parts = [0.30, 0.20, 0.42, 0.12, 0.52].map(|part| (part, -3.0));
        let below = [0.30, 0.15, 0.50].map(|part| (part, LINE));
        for (part, lower) in parts.into_iter().chain(below) {
            let (at, line) = (x + (to - x) * part, y + (arrival - y) * part + lower);
            let left = if x == to { x + 22.0 } else { at - wide / 2.0 };
            if self.has_room(left - GAP, left + wide + GAP, line) {
                return self.text(color(bundle), left, line, &escaped(&text));
            }
        }
    }

    fn has_room(&self, left: f64, right: f64, line: f64) -> bool {
        self.texts.iter().all(|(begin, end, place)| {
            right < *begin || left > *end || (line - place).abs() >= LINE - 1.0
        })
    }

    /// A text of which the characters are escaped.
    fn text(&mut self, color: &str, x: f64, line: f64, text: &str) {
        self.texts.push((x, x + wide(text), line));
        self.put(format_args!(
            "<text class=\"label {color}\" style=\"fill:var(--{color})\" x=\"{x:.1}\" \
             y=\"{line:.1}\">{text}</text>\n"
        ));
    }

    /// A mark or a note: a line from its lane to its text at the right.
    fn flag(&mut self, flag: &Flag<'_>, right: f64) {
        let y = self.y(flag.at);
        let from = flag.host.and_then(|host| self.x(host)).unwrap_or(LEFT - 60.0);
        let (class, sign) = match flag.sort {
            Sort::Mark => ("open", "⚑ "),
            Sort::Line => ("quiet", ""),
            Sort::Strike => ("bad", "↯ "),
        };
        let long: String = flag.text.chars().take(46).collect();
        let more = if long.len() < flag.text.len() { "…" } else { "" };
        let text = escaped(&format!("{sign}{long}{more}"));
        // A text that has no room goes down a little, and one that would go far is left out.
        let mut line = y + 4.0;
        let wide = wide(&text);
        while !self.has_room(right, right + wide, line) {
            line += 2.0;
            if line > y + 40.0 {
                return;
            }
        }
        if flag.host.is_some() {
            self.put(format_args!(
                "<circle class=\"{class}\" cx=\"{from:.0}\" cy=\"{y:.1}\" r=\"4\"/>"
            ));
        }
        self.put(format_args!(
            "<path class=\"arrow thin dashed {class}\" \
             d=\"M{from:.0} {y:.1}H{:.0}L{:.0} {:.1}\"/>\n",
            right - 14.0,
            right - 4.0,
            line - 4.0,
        ));
        let color = if flag.sort == Sort::Line { "ink" } else { class };
        self.text(color, right, line, &text);
    }
}

/// Whether an arrow is only there so that others go on.
fn is_quiet(bundle: &Bundle<'_>) -> bool {
    let kind = bundle.first.kind;
    let is_quiet = matches!(kind, PacketKind::Ack | PacketKind::WindowUpdate | PacketKind::Probe);
    is_quiet && bundle.first.end == End::Arrives
}

/// What finds room for its label first.
fn rank(bundle: &Bundle<'_>) -> u8 {
    match (bundle.first.end, bundle.first.kind) {
        (End::Arrives, PacketKind::Ack | PacketKind::WindowUpdate | PacketKind::Probe) => 3,
        (End::Arrives, PacketKind::Data | PacketKind::Datagram) => 2,
        (End::Arrives, _) => 1,
        _ => 0,
    }
}

fn color(bundle: &Bundle<'_>) -> &'static str {
    match (bundle.first.end, bundle.first.kind) {
        (End::Lost | End::Refused(_), _) => "bad",
        (End::Corrupted | End::Copy | End::Held, _) => "warn",
        (_, PacketKind::Syn | PacketKind::SynAck) => "open",
        (_, PacketKind::Fin) => "close",
        (_, PacketKind::Reset | PacketKind::Unreachable) => "bad",
        _ if is_quiet(bundle) => "quiet",
        _ => "data",
    }
}

/// About how wide a text is.
fn wide(text: &str) -> f64 {
    6.1 * text.chars().count() as f64
}

/// A time on the axis.
fn clock(time: Duration) -> String {
    format!("{}.{:06} s", time.as_secs(), time.subsec_micros())
}

/// How long a pause is.
fn span_text(pause: Duration) -> String {
    match pause.as_secs_f64() {
        short if short < 0.001 => format!("{:.0} µs", short * 1e6),
        short if short < 1.0 => format!("{:.1} ms", short * 1e3),
        long => format!("{long:.1} s"),
    }
}

/// Text that is no markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            // No document of XML may have these.
            control if control.is_control() => escaped.push('·'),
            other => escaped.push(other),
        }
    }
    escaped
}

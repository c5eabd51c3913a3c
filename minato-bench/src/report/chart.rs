//! The picture of the summary as SVG: ratios with their intervals, a row for each subject.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::suite::statistics::Estimate;

/// A row of the picture.
#[derive(Debug, Clone)]
pub struct Line {
    /// What is compared.
    pub title: &'static str,
    /// With whom, and what came out.
    pub points: Vec<Point>,
}

/// What ours takes by what another takes.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// The other.
    pub name: &'static str,
    /// The ratio with the interval of a claim.
    pub estimate: Estimate,
    /// Whether we are as ourselves in this case.
    pub is_checked: bool,
}

const WIDTH: u32 = 860;
const ROW: u32 = 62;
const HEAD: u32 = 74;
const FOOT: u32 = 46;
const TITLES: i32 = 220;
const MARGIN: i32 = 24;
const FONT: (&str, u32) = ("sans-serif", 14);
const SMALL: (&str, u32) = ("sans-serif", 12);
const LARGE: (&str, u32) = ("sans-serif", 18);

const GRID: RGBColor = RGBColor(225, 225, 225);
const BAND: RGBColor = RGBColor(247, 247, 247);
const COLORS: [RGBColor; 5] = [
    RGBColor(214, 79, 42),
    RGBColor(44, 140, 60),
    RGBColor(122, 82, 170),
    RGBColor(31, 119, 180),
    RGBColor(90, 90, 90),
];

/// Where the axis has marks.
const MARKS: [f64; 11] = [0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.0];

/// What is beyond these is drawn at the edge.
const RANGE: std::ops::RangeInclusive<f64> = 0.1..=2.4;

/// Draws the lines, each with its points below each other, over a logarithmic axis.
///
/// # Errors
///
/// Those of drawing and of writing the file.
pub fn draw(path: &Path, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let height = HEAD + ROW * lines.len() as u32 + FOOT;
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new("What Minato takes, by what others take", (MARGIN, 12), LARGE))?;
    let values = || lines.iter().flat_map(|line| line.points.iter().map(|p| p.estimate.value));
    let low = values().fold(0.8, f64::min).max(*RANGE.start()) * 0.94;
    let high = values().fold(1.1, f64::max).min(*RANGE.end()) * 1.06;
    let place = |ratio: f64| {
        let share = (ratio.clamp(low, high) / low).ln() / (high / low).ln();
        TITLES + (share * f64::from(WIDTH as i32 - MARGIN - TITLES)) as i32
    };
    let (top, bottom) = (HEAD as i32, (height - FOOT) as i32);
    for at in (0..lines.len() as i32).step_by(2) {
        let corner = (0, top + at * ROW as i32);
        let band = Rectangle::new([corner, (WIDTH as i32, corner.1 + ROW as i32)], BAND.filled());
        root.draw(&band)?;
    }
    for mark in MARKS.into_iter().filter(|mark| (low..high).contains(mark)) {
        let x = place(mark);
        let style = if mark == 1.0 { BLACK.stroke_width(1) } else { GRID.stroke_width(1) };
        root.draw(&PathElement::new(vec![(x, top), (x, bottom)], style))?;
        root.draw(&Text::new(format!("{mark}"), (x - 8, bottom + 5), SMALL))?;
    }
    let about = "left of 1 Minato takes less; bars are 99% intervals";
    root.draw(&Text::new(about, (TITLES, bottom + 24), SMALL))?;
    let mut legend: Vec<&'static str> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let y = top + at as i32 * ROW as i32;
        root.draw(&Text::new(line.title, (MARGIN, y + ROW as i32 / 2 - 8), FONT))?;
        for point in &line.points {
            let known = legend.iter().position(|name| *name == point.name);
            let color = known.unwrap_or_else(|| {
                legend.push(point.name);
                legend.len() - 1
            });
            let y = y + 8 + 11 * color as i32;
            let style = COLORS[color % COLORS.len()];
            let Estimate { value, low, high, .. } = point.estimate;
            let interval = vec![(place(low), y), (place(high), y)];
            root.draw(&PathElement::new(interval, style.stroke_width(3)))?;
            root.draw(&Circle::new((place(value), y), 4, style.filled()))?;
            root.draw(&Text::new(format!("{value:.2}"), (place(high) + 8, y - 6), SMALL))?;
        }
    }
    for (at, name) in legend.iter().enumerate() {
        let (x, y) = (TITLES + 120 * at as i32, top - 18);
        root.draw(&Circle::new((x, y), 4, COLORS[at % COLORS.len()].filled()))?;
        root.draw(&Text::new(*name, (x + 9, y - 7), FONT))?;
    }
    root.present()?;
    Ok(())
}

//! Charts as SVG: bars with their spread, latencies at their percentiles, curves over a parameter.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::suite::metric::Metric;
use crate::suite::peers::Part;
use crate::suite::results::{CaseResult, Row};
use crate::suite::statistics::sorted;

type Done = Result<(), Box<dyn Error>>;

const WIDTH: u32 = 860;
const LEGEND: u32 = 150;
const BAR: u32 = 26;
const TALL: u32 = 460;
const FONT: (&str, u32) = ("sans-serif", 14);
const HEAD: (&str, u32) = ("sans-serif", 18);

/// Ours stands out, the limits are grey, the others take turns.
const OURS: [RGBColor; 3] = [RGBColor(214, 79, 42), RGBColor(240, 150, 40), RGBColor(150, 30, 60)];
const LIMIT: RGBColor = RGBColor(130, 130, 130);
const OTHERS: [RGBColor; 7] = [
    RGBColor(31, 119, 180),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(188, 189, 34),
    RGBColor(23, 190, 207),
];

fn color(part: Part, at: usize) -> RGBColor {
    match part {
        Part::Ours | Part::Again => OURS[at % OURS.len()],
        Part::Limit => LIMIT,
        Part::Other => OTHERS[at % OTHERS.len()],
    }
}

/// Rows that are worth a line of their own: the self-check is none.
fn shown(result: &CaseResult, metric: Metric) -> Vec<&Row> {
    let has = |row: &&Row| row.peer.part != Part::Again && row.median(metric).is_some();
    result.rows.iter().filter(has).collect()
}

/// A bar for each peer at its median, with a line from its least to its greatest round.
///
/// # Errors
///
/// Those of drawing and of writing the file.
pub fn bars(path: &Path, result: &CaseResult, metric: Metric) -> Done {
    let rows = shown(result, metric);
    let most = rows.iter().flat_map(|row| row.known(metric)).fold(0.0, f64::max);
    let height = 90 + BAR * rows.len() as u32;
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!("{}: {}: {}", result.area, result.case.name, metric.title());
    let bottom = rows.len() as f64;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, HEAD)
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(130)
        .build_cartesian_2d(0.0..most.max(f64::MIN_POSITIVE) * 1.12, bottom..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_labels(6)
        .x_label_formatter(&|value| metric.text(*value))
        .label_style(FONT)
        .draw()?;
    for (at, row) in rows.iter().enumerate() {
        let values = sorted(&row.known(metric));
        let (Some(least), Some(most)) = (values.first(), values.last()) else { continue };
        let median = row.median(metric).unwrap_or_default();
        let (top, middle) = (at as f64 + 0.15, at as f64 + 0.5);
        let fill = color(row.peer.part, 0).mix(0.85).filled();
        let bar = Rectangle::new([(0.0, top), (median, at as f64 + 0.85)], fill);
        let spread = PathElement::new(vec![(*least, middle), (*most, middle)], BLACK);
        chart.draw_series([bar])?;
        chart.draw_series([spread])?;
        let place = chart.backend_coord(&(0.0, middle));
        root.draw(&Text::new(row.peer.name, (place.0 - 125, place.1 - 7), FONT))?;
        root.draw(&Text::new(metric.text(median), (place.0 + 6, place.1 - 7), FONT))?;
    }
    root.present()?;
    Ok(())
}

/// A line for each peer through its latencies, on a logarithmic axis.
///
/// # Errors
///
/// Those of drawing and of writing the file.
pub fn percentiles(path: &Path, result: &CaseResult) -> Done {
    const POINTS: [Metric; 4] = [Metric::P50, Metric::P99, Metric::P999, Metric::Max];
    let mut series = Vec::new();
    for row in shown(result, Metric::P50) {
        let points = POINTS.iter().enumerate();
        let points = points.filter_map(|(at, m)| Some((at as f64, row.median(*m)?))).collect();
        series.push(Series { name: row.peer.name, part: row.peer.part, points });
    }
    let label = |at: &f64| {
        let near = POINTS.get(at.round() as usize).filter(|_| (at - at.round()).abs() < 0.01);
        near.map(|metric| metric.title().to_string()).unwrap_or_default()
    };
    let root = SVGBackend::new(path, (WIDTH, TALL)).into_drawing_area();
    let title = format!("{}: {}: latency", result.area, result.case.name);
    lines(&root, &title, &series, Axes { x: 0.0..3.0, label: &label, metric: Metric::P50 })
}

/// A line for each peer over the parameter of a curve, in the first metric of its cases.
///
/// # Errors
///
/// Those of drawing and of writing the file.
pub fn curve(path: &Path, title: &str, points: &[(f64, &CaseResult)], metric: Metric) -> Done {
    let mut series: Vec<Series> = Vec::new();
    for (x, result) in points {
        for row in shown(result, metric) {
            let Some(y) = row.median(metric) else { continue };
            let point = (x.max(1.0).log2(), y);
            match series.iter_mut().find(|series| series.name == row.peer.name) {
                Some(series) => series.points.push(point),
                None => {
                    let (name, part) = (row.peer.name, row.peer.part);
                    series.push(Series { name, part, points: vec![point] });
                }
            }
        }
    }
    series.retain(|series| series.points.len() > 1);
    for series in &mut series {
        series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let xs = || points.iter().map(|(x, _)| x.max(1.0).log2());
    let (low, high) = (xs().fold(f64::MAX, f64::min), xs().fold(f64::MIN, f64::max));
    let label = |at: &f64| format!("{:.0}", at.exp2());
    let root = SVGBackend::new(path, (WIDTH, TALL)).into_drawing_area();
    lines(&root, title, &series, Axes { x: low..high.max(low + 0.1), label: &label, metric })
}

/// The line of a peer.
struct Series {
    name: &'static str,
    part: Part,
    points: Vec<(f64, f64)>,
}

struct Axes<'a> {
    x: std::ops::Range<f64>,
    label: &'a dyn Fn(&f64) -> String,
    metric: Metric,
}

fn lines(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    series: &[Series],
    axes: Axes<'_>,
) -> Done {
    root.fill(&WHITE)?;
    let (root, legend) = root.split_horizontally(WIDTH - LEGEND);
    let ys = || series.iter().flat_map(|series| series.points.iter().map(|(_, y)| *y));
    let low = ys().filter(|y| *y > 0.0).fold(f64::MAX, f64::min).min(1e12);
    let high = ys().fold(low * 1.1, f64::max);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, HEAD)
        .margin(10)
        .margin_right(20)
        .x_label_area_size(30)
        .y_label_area_size(80)
        .build_cartesian_2d(axes.x, (low * 0.9..high * 1.1).log_scale())?;
    chart
        .configure_mesh()
        .x_labels(9)
        .x_label_formatter(axes.label)
        .y_label_formatter(&|value| axes.metric.text(*value))
        .label_style(FONT)
        .light_line_style(WHITE)
        .draw()?;
    for (at, Series { name, part, points }) in series.iter().enumerate() {
        let before = series[..at].iter().filter(|series| series.part == *part).count();
        let color = color(*part, before);
        let width = if *part == Part::Ours { 3 } else { 1 };
        let style = color.stroke_width(width);
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        let y = 60 + at as i32 * 22;
        legend.draw(&PathElement::new(vec![(4, y), (26, y)], style))?;
        legend.draw(&Text::new(*name, (34, y - 7), FONT))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
    }
    root.present()?;
    Ok(())
}

//! Charts as SVG: bars over a range. Colours are placeholders that the page's style sheet replaces, so that one drawing
//! fits light and dark; what lines and colours mean stands in a legend of the page, where words have room.

use std::ops::Range;

use plotters::coord::ranged1d::{BoldPoints, KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordusize;
use plotters::prelude::*;

use super::ReportError;

const INK: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(2, 2, 2);
const MARK: RGBColor = RGBColor(4, 4, 4);
/// The bars of the first series, the second, …
const SERIES: [RGBColor; 3] = [RGBColor(3, 3, 3), RGBColor(5, 5, 5), RGBColor(6, 6, 6)];

const SIZE: (u32, u32) = (560, 300);
const TEXT: f64 = 13.0;

/// The most bars of a histogram.
const BINS: usize = 40;

/// How often each value occurs, up to the 99th percentile, with a line at the median and a dashed one at the 95th.
pub(super) fn histogram(title: &'static str, unit: &'static str, values: &[usize]) -> Result<String, ReportError> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let (least, most) = (percentile(&sorted, 0), percentile(&sorted, 99));
    let width = (most - least + 1).div_ceil(BINS);
    let mut counts = vec![0_usize; (most - least) / width + 1];
    for value in sorted.iter().filter(|value| **value <= most) {
        counts[(value - least) / width] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or(0);
    // A bar stands over its value, not behind it.
    let edge = |bin: usize| real(least + bin * width) - 0.5;
    let bar = |(bin, count): (usize, &usize)| Bar {
        across: edge(bin)..edge(bin + 1),
        height: real(*count),
        colour: SERIES[0],
    };
    let drawing = Drawing {
        title,
        x: Axis::of_numbers(unit, edge(0)..edge(counts.len()), 8),
        y: Axis::of_numbers("records", 0.0..real(highest + highest / 12 + 1), 5),
        bars: counts.iter().enumerate().map(bar).collect(),
        median: Some(real(percentile(&sorted, 50))),
        percentile_95: Some(real(percentile(&sorted, 95))),
    };
    drawing.svg()
}

/// The value that so many per cent of the sorted values do not exceed; zero of no values.
pub(super) fn percentile(sorted: &[usize], percent: usize) -> usize {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

/// Bars side by side, from 0 to 100: for each category one bar of each series, which has a value for each category.
pub(super) fn groups(
    title: &'static str,
    unit: &'static str,
    categories: &[String],
    series: &[Vec<f64>],
) -> Result<String, ReportError> {
    // Bars of a single series are no wider than those of three.
    let width = 0.8 / real(series.len().max(3));
    let margin = (1.0 - width * real(series.len())) / 2.0;
    let bars = series.iter().zip(SERIES).enumerate().flat_map(|(number, (values, colour))| {
        let start = margin + width * real(number);
        values.iter().enumerate().map(move |(category, value)| {
            let from = real(category) + start;
            Bar { across: from..from + width, height: *value, colour }
        })
    });
    let drawing = Drawing {
        title,
        x: Axis::of_names(categories),
        y: Axis::of_numbers(unit, 0.0..100.0, 5),
        bars: bars.collect(),
        median: None,
        percentile_95: None,
    };
    drawing.svg()
}

/// Bars between two axes, and lines across them.
struct Drawing {
    title: &'static str,
    x: Axis,
    y: Axis,
    bars: Vec<Bar>,
    median: Option<f64>,
    percentile_95: Option<f64>,
}

struct Bar {
    across: Range<f64>,
    height: f64,
    colour: RGBColor,
}

impl Drawing {
    /// The drawing, named for those who do not see it, of the width that the page gives it.
    fn svg(self) -> Result<String, ReportError> {
        let title = self.title;
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| ReportError::Chart { chart: title, message: error.to_string() })?;
        let (width, height) = SIZE;
        let sized = format!("<svg width=\"{width}\" height=\"{height}\"");
        Ok(svg.replacen(&sized, &format!("<svg role=\"img\" aria-label=\"{title}\""), 1))
    }

    fn draw(self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let (x_name, y_name, top) = (self.x.name, self.y.name, self.y.range.end);
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(if x_name.is_empty() { 26 } else { 40 })
            .y_label_area_size(52)
            .build_cartesian_2d(self.x, self.y)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(("sans-serif", TEXT).into_font().color(&INK))
            .x_desc(x_name)
            .y_desc(y_name)
            .draw()?;
        chart.draw_series(self.bars.into_iter().map(|Bar { across, height, colour }| {
            let mut bar = Rectangle::new([(across.start, 0.0), (across.end, height)], colour.filled());
            bar.set_margin(0, 0, 1, 0);
            bar
        }))?;
        let line = |at: f64| [(at, 0.0), (at, top)].into_iter();
        if let Some(at) = self.percentile_95 {
            chart.draw_series(DashedLineSeries::new(line(at), 6, 5, MARK.stroke_width(2)))?;
        }
        if let Some(at) = self.median {
            chart.draw_series(LineSeries::new(line(at), MARK.stroke_width(2)))?;
        }
        root.present()?;
        Ok(())
    }
}

/// A range with its ticks.
struct Axis {
    name: &'static str,
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Ticks at some of the whole numbers in the range.
    fn of_numbers(name: &'static str, range: Range<f64>, n_ticks: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts and sizes")]
        let whole = RangedCoordusize::from(range.start.ceil() as usize..range.end.floor() as usize);
        let ticks = whole.key_points(BoldPoints(n_ticks)).into_iter().map(|at| (real(at), at.to_string()));
        Self { name, range, ticks: ticks.collect() }
    }

    /// One unit of length for each name, which stands in its middle.
    fn of_names(names: &[String]) -> Self {
        let ticks = names.iter().enumerate().map(|(at, name)| (real(at) + 0.5, name.clone()));
        Self { name: "", range: 0.0..real(names.len().max(1)), ticks: ticks.collect() }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }

    fn format_ext(&self, value: &f64) -> String {
        self.ticks
            .iter()
            .find(|(at, _)| at.total_cmp(value).is_eq())
            .map_or_else(String::new, |(_, label)| label.clone())
    }
}

#[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
fn real(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_do_not_exceed() {
        let values: Vec<usize> = (1..=200).collect();
        assert_eq!([0, 50, 95, 99, 100].map(|percent| percentile(&values, percent)), [1, 100, 190, 198, 200]);
        assert_eq!(percentile(&[7], 99), 7);
        assert_eq!(percentile(&[], 50), 0);
    }

    #[test]
    fn charts_have_placeholders_for_colours_and_a_name() {
        let chart = histogram("sizes", "tokens", &[1, 2, 2, 3, 500]).unwrap();
        assert!(chart.starts_with("<svg role=\"img\" aria-label=\"sizes\" viewBox="), "{}", &chart[..80]);
        let colours = chart.match_indices('#').map(|(at, _)| &chart[at..at + 7]);
        assert!(colours.clone().count() > 10);
        assert!(colours.clone().all(|colour| colour.starts_with("#0")), "{:?}", colours.collect::<Vec<_>>());
    }

    #[test]
    fn a_chart_of_nothing_or_of_one_value_can_be_drawn() {
        histogram("sizes", "tokens", &[]).unwrap();
        histogram("sizes", "tokens", &[5, 5]).unwrap();
        groups("scores", "score", &[], &[]).unwrap();
    }
}

//! Charts as SVG. Colours are placeholders that the page's style sheet replaces, so that one drawing fits light and dark.

use plotters::coord::ranged1d::{KeyPointHint, Ranged};
use plotters::prelude::*;

use super::ReportError;

const INK: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(2, 2, 2);
const BAR: RGBColor = RGBColor(3, 3, 3);
const MARK: RGBColor = RGBColor(4, 4, 4);
const GROUPS: [RGBColor; 3] = [BAR, RGBColor(5, 5, 5), RGBColor(6, 6, 6)];

const SIZE: (u32, u32) = (560, 300);
const TEXT: f64 = 13.0;

/// How often each value occurs, up to the 99th percentile, with the median and the 95th percentile marked.
pub(super) fn histogram(title: &'static str, unit: &str, values: &[usize]) -> Result<String, ReportError> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let (least, most) = (percentile(&sorted, 0), percentile(&sorted, 99).max(percentile(&sorted, 0) + 1));
    let width = (most - least).div_ceil(BINS).max(1);
    let n_bins = (most - least) / width + 1;
    let mut counts = vec![0_usize; n_bins];
    for value in sorted.iter().filter(|value| **value <= most) {
        counts[(value - least) / width] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or(0);
    let end = least + n_bins * width;
    let draw = |svg: &mut String| -> Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(52)
            .build_cartesian_2d(least..end, 0..highest + highest / 12 + 1)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(("sans-serif", TEXT).into_font().color(&INK))
            .x_desc(unit)
            .y_desc("records")
            .x_labels(8)
            .y_labels(5)
            .draw()?;
        let bars = counts.iter().enumerate().map(|(bin, count)| {
            let start = least + bin * width;
            let mut bar = Rectangle::new([(start, 0), (start + width, *count)], BAR.filled());
            bar.set_margin(0, 0, 1, 0);
            bar
        });
        chart.draw_series(bars)?;
        for (name, at) in [("median", 50), ("95 %", 95)] {
            let value = percentile(&sorted, at);
            let top = highest + highest / 12;
            chart.draw_series(LineSeries::new([(value, 0), (value, top)], MARK.stroke_width(2)))?;
            let label = format!(" {name} {value}");
            chart.draw_series([Text::new(label, (value, top), ("sans-serif", TEXT).into_font().color(&MARK))])?;
        }
        root.present()?;
        Ok(())
    };
    drawn(title, draw)
}

const BINS: usize = 40;

/// The value that so many per cent of the sorted values do not exceed; zero of no values.
pub(super) fn percentile(sorted: &[usize], percent: usize) -> usize {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

/// Bars side by side: for each category one bar of each series, all from 0 to `most`.
pub(super) fn groups(
    title: &'static str,
    categories: &[String],
    series: &[(&str, Vec<f64>)],
    most: f64,
) -> Result<String, ReportError> {
    let draw = |svg: &mut String| -> Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(30)
            .y_label_area_size(52)
            .build_cartesian_2d(Categories(categories.len()), 0.0..most)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(("sans-serif", TEXT).into_font().color(&INK))
            .x_labels(categories.len())
            .x_label_formatter(&|at| label(categories, *at))
            .y_labels(5)
            .draw()?;
        #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
        for (number, (name, values)) in series.iter().enumerate() {
            let (width, colour) = (0.8 / series.len() as f64, GROUPS[number % GROUPS.len()]);
            let bars = values.iter().enumerate().map(|(category, value)| {
                let start = category as f64 + 0.1 + width * number as f64;
                let mut bar = Rectangle::new([(start, 0.0), (start + width, *value)], colour.filled());
                bar.set_margin(0, 0, 1, 1);
                bar
            });
            let drawn = chart.draw_series(bars)?;
            if series.len() > 1 {
                drawn.label(*name).legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
            }
        }
        if series.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .label_font(("sans-serif", TEXT).into_font().color(&INK))
                .draw()?;
        }
        root.present()?;
        Ok(())
    };
    drawn(title, draw)
}

/// One unit of length for each category, whose name stands in its middle.
struct Categories(usize);

impl Ranged for Categories {
    type FormatOption = plotters::coord::ranged1d::NoDefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "pixels")]
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (value / self.0.max(1) as f64 * f64::from(limit.1 - limit.0)).round() as i32
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of categories")]
    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        (0..self.0).map(|category| category as f64 + 0.5).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of categories")]
    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.0 as f64
    }
}

impl plotters::coord::ranged1d::ValueFormatter<f64> for Categories {
    fn format(value: &f64) -> String {
        value.to_string()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the middle of a category")]
fn label(categories: &[String], at: f64) -> String {
    categories.get(at as usize).cloned().unwrap_or_default()
}

/// The drawing, named for those who do not see it, of the width that the page gives it.
fn drawn(
    title: &'static str,
    draw: impl FnOnce(&mut String) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<String, ReportError> {
    let mut svg = String::new();
    draw(&mut svg).map_err(|error| ReportError::Chart { chart: title, message: error.to_string() })?;
    let (width, height) = SIZE;
    let sized = format!("<svg width=\"{width}\" height=\"{height}\"");
    Ok(svg.replacen(&sized, &format!("<svg role=\"img\" aria-label=\"{title}\""), 1))
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
        groups("scores", &[], &[], 100.0).unwrap();
    }
}

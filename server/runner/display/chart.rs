//! Charts as SVG: what `display.chart` draws. Numbers in, text out; nothing of V8 here.

use std::fmt::Write as _;

/// The size of a chart, in pixels.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 270.0;
/// About how wide a character of the labels is.
const CHARACTER: f64 = 6.6;
/// Room for a line of text.
const TEXT_LINE: f64 = 17.0;
/// About how many steps an axis has.
const STEPS: f64 = 5.0;
/// The longest text that is drawn as it is, in characters.
const TITLE: usize = 60;
const LABEL: usize = 16;
/// Line charts show their points up to this many of them.
const DOTTED: usize = 40;
/// What is further out is drawn here: the difference of two such numbers can still be reckoned with.
const FAR: f64 = 1e300;
/// How many colours there are; further series take them again.
const COLOURS: usize = 8;

/// Colours by CSS variables, so that a chart looks right on light and dark ground.
const STYLE: &str = "svg.chart{color:#1c2426;--muted:#566064;--line:#d5d1c3;--c0:#0b6a5f;--c1:#b4501e;--c2:#1f5d8c;\
--c3:#7a3e8e;--c4:#806300;--c5:#a8231c;--c6:#3b6e22;--c7:#5d5f66}\
@media (prefers-color-scheme:dark){svg.chart{color:#e5e6de;--muted:#9caaac;--line:#364146;--c0:#63d4bb;--c1:#f0a36b;\
--c2:#8ec5f0;--c3:#d6a3e6;--c4:#e6c65a;--c5:#ff9a8c;--c6:#a9d68b;--c7:#b9bcc4}}\
text{fill:var(--muted);font:12px system-ui,sans-serif}.t{fill:currentColor;font-size:13px;font-weight:600}\
.g{stroke:var(--line)}.a{stroke:var(--muted)}path{fill:none;stroke-width:2;stroke-linejoin:round}";

/// What the chart is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line through the points of each series.
    Line,
    /// A bar for each value.
    Bar,
    /// Points.
    Scatter,
}

/// The names of the kinds.
pub const KINDS: [(&str, Kind); 3] = [("line", Kind::Line), ("bar", Kind::Bar), ("scatter", Kind::Scatter)];

/// A point. Without a `y` there is a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// How far to the right; with categories, which.
    pub x: f64,
    /// How far up.
    pub y: Option<f64>,
}

/// Values that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// For the legend; empty when there is but one.
    pub name: String,
    /// In the program's order.
    pub points: Vec<Point>,
}

/// What is to be drawn.
#[derive(Clone, Debug)]
pub struct Chart {
    /// How.
    pub kind: Kind,
    /// What.
    pub series: Vec<Series>,
    /// The names of the places on the horizontal axis, where these are not numbers.
    pub categories: Option<Vec<String>>,
    /// Above it; may be empty.
    pub title: String,
    /// Below the horizontal axis; may be empty.
    pub x_label: String,
    /// Beside the vertical axis; may be empty.
    pub y_label: String,
}

/// An axis: from where to where, and how far from tick to tick.
#[derive(Clone, Copy, Debug)]
struct Axis {
    from: f64,
    to: f64,
    step: f64,
}

impl Axis {
    /// An axis that has all of `values` on it.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            from = from.min(value);
            to = to.max(value);
        }
        if from > to {
            (from, to) = (0.0, 1.0);
        }
        if from == to {
            let around = if from == 0.0 { 1.0 } else { from.abs() / 2.0 };
            (from, to) = (from - around, to + around);
        }
        let step = nice((to - from) / STEPS);
        let (low, high) = ((from / step).floor() * step, (to / step).ceil() * step);
        // Numbers so close together that they can't be told apart have no such steps.
        if low < high && (high - low) / step < 4.0 * STEPS {
            Self { from: low, to: high, step }
        } else {
            Self { from, to, step: to - from }
        }
    }

    /// The ticks, a dozen or two at most.
    fn ticks(self) -> impl Iterator<Item = f64> {
        let count = ((self.to - self.from) / self.step).round().clamp(1.0, 4.0 * STEPS) as u32;
        (0..=count).map(move |n| self.from + self.step * f64::from(n))
    }

    /// Where a value is: 0 at the beginning, 1 at the end.
    fn part(self, value: f64) -> f64 {
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5, 10, 20, 50… that is not below `step`.
fn nice(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|nice| *nice >= step * 0.999)
        .unwrap_or(step)
}

/// A tick's value as text, with as many digits as tell it from its neighbours.
fn number(value: f64, step: f64) -> String {
    let value = if value.abs() < step / 1e6 { 0.0 } else { value };
    let largest = value.abs().max(step);
    if !(1e-4..1e7).contains(&largest) && value != 0.0 {
        let digits = (largest.log10().floor() - step.log10().floor()).clamp(0.0, 6.0) as usize;
        return format!("{value:.digits$e}");
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{value:.decimals$}")
}

/// A value as a person would write it.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Text between tags and in attributes. What XML can't have is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

/// The beginning of a text, with `…` for the rest.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some(_) => text.chars().take(characters - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// A coordinate.
fn at(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Chart {
    /// What it shows, in a sentence or two: for those who don't see it.
    pub fn description(&self) -> String {
        let kind = match self.kind {
            Kind::Line => "Line chart",
            Kind::Bar => "Bar chart",
            Kind::Scatter => "Scatter chart",
        };
        let title = if self.title.is_empty() { String::new() } else { format!(": {}", self.title) };
        let mut text = format!("{kind}{title}.");
        for series in &self.series {
            let values = series.points.iter().filter_map(|point| point.y);
            let count = values.clone().count();
            let name = if series.name.is_empty() { "Values" } else { &series.name };
            let (least, most) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(it), b.max(it)));
            // Writing to a String can't fail.
            let _ = match count {
                0 => write!(text, " {name}: none."),
                1 => write!(text, " {name}: {}.", short(least)),
                _ => write!(text, " {name}: {count}, from {} to {}.", short(least), short(most)),
            };
        }
        text
    }

    /// The values that the vertical axis has to show: bars begin at zero.
    fn heights(&self) -> impl Iterator<Item = f64> {
        let zero = (self.kind == Kind::Bar).then_some(0.0);
        let points = self.series.iter().flat_map(|series| &series.points);
        points.filter_map(|point| point.y).map(|y| y.clamp(-FAR, FAR)).chain(zero)
    }

    /// The chart as an SVG document.
    pub fn svg(&self) -> String {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-labelledby=\"t d\" \
             width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\"><title id=\"t\">{}</title>\
             <desc id=\"d\">{}</desc><style>{STYLE}</style>",
            escaped(if self.title.is_empty() { "Chart" } else { &self.title }),
            escaped(&self.description()),
        );
        let y_axis = Axis::of(self.heights());
        let ticks: Vec<(f64, String)> =
            y_axis.ticks().map(|value| (value, number(value, y_axis.step))).collect();
        let widest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0) as f64 * CHARACTER;

        let mut top = 8.0;
        if !self.title.is_empty() {
            top += TEXT_LINE + 2.0;
            let _ = write!(
                svg,
                "<text class=\"t\" x=\"8\" y=\"20\">{}</text>",
                escaped(&cut(&self.title, TITLE))
            );
        }
        top = self.legend(&mut svg, top);
        let left = 12.0 + widest + if self.y_label.is_empty() { 0.0 } else { TEXT_LINE };
        let right = WIDTH - 14.0;
        let bottom = HEIGHT - 24.0 - if self.x_label.is_empty() { 0.0 } else { TEXT_LINE };
        let plot =
            Plot { left: left.min(WIDTH / 2.0), right, top: (top + 6.0).min(HEIGHT / 2.0), bottom, y_axis };

        for (value, text) in &ticks {
            let y = plot.y(*value);
            let class = if *value == y_axis.from || text == "0" { "a" } else { "g" };
            let _ = write!(
                svg,
                "<line class=\"{class}\" x1=\"{}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{text}</text>",
                at(plot.left),
                at(plot.left - 6.0),
                at(y + 4.0)
            );
        }
        let middle = at((plot.left + plot.right) / 2.0);
        if !self.x_label.is_empty() {
            let label = escaped(&cut(&self.x_label, TITLE));
            let _ = write!(
                svg,
                "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                HEIGHT - 7.0
            );
        }
        if !self.y_label.is_empty() {
            let (label, y) = (escaped(&cut(&self.y_label, TITLE / 2)), at((plot.top + plot.bottom) / 2.0));
            let _ = write!(
                svg,
                "<text transform=\"translate(16 {y}) rotate(-90)\" text-anchor=\"middle\">{label}</text>"
            );
        }
        match &self.categories {
            Some(categories) => self.by_category(&mut svg, &plot, categories),
            None => self.by_number(&mut svg, &plot),
        }
        svg.push_str("</svg>");
        svg
    }

    /// The names of the series, if there are several, in as many lines as they take; gives where the last ends.
    fn legend(&self, svg: &mut String, top: f64) -> f64 {
        if self.series.iter().all(|series| series.name.is_empty()) {
            return top;
        }
        let (mut x, mut y) = (8.0, top);
        for (index, series) in self.series.iter().enumerate() {
            let name = cut(&series.name, LABEL);
            let width = 18.0 + name.chars().count() as f64 * CHARACTER + 12.0;
            if x + width > WIDTH && x > 8.0 {
                (x, y) = (8.0, y + TEXT_LINE);
            }
            // Half of the chart is for the chart. (The description has all names.)
            if y > HEIGHT / 3.0 {
                return y;
            }
            let round = if index % 2 == 0 { 5 } else { 0 };
            let _ = write!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"10\" height=\"10\" rx=\"{round}\" fill=\"var(--c{})\"/>\
                 <text x=\"{}\" y=\"{}\">{}</text>",
                at(y + 2.0),
                index % COLOURS,
                at(x + 15.0),
                at(y + 11.5),
                escaped(&name)
            );
            x = at(x + width);
        }
        y + TEXT_LINE
    }

    fn by_number(&self, svg: &mut String, plot: &Plot) {
        let points = self.series.iter().flat_map(|series| &series.points);
        let axis = Axis::of(points.filter(|point| point.y.is_some()).map(|point| point.x.clamp(-FAR, FAR)));
        for value in axis.ticks() {
            let text = number(value, axis.step);
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
                plot.x(axis.part(value)),
                at(plot.bottom + TEXT_LINE)
            );
        }
        self.lines(svg, plot, |x| axis.part(x.clamp(-FAR, FAR)));
    }

    fn by_category(&self, svg: &mut String, plot: &Plot, categories: &[String]) {
        let count = categories.len().max(1) as f64;
        let slot = (plot.right - plot.left) / count;
        let longest = categories.iter().map(|name| name.chars().count().min(LABEL)).max().unwrap_or(1) as f64;
        // Of names that would touch each other, every second is shown, or third…
        let every = ((longest * CHARACTER + 8.0) / slot).ceil().max(1.0) as usize;
        for (index, name) in categories.iter().enumerate().step_by(every) {
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                plot.x((index as f64 + 0.5) / count),
                at(plot.bottom + TEXT_LINE),
                escaped(&cut(name, LABEL))
            );
        }
        if self.kind != Kind::Bar {
            return self.lines(svg, plot, |x| (x + 0.5) / count);
        }
        let width = slot * 0.8 / self.series.len().max(1) as f64;
        let zero = plot.y(0.0);
        for (index, series) in self.series.iter().enumerate() {
            let _ = write!(svg, "<g fill=\"var(--c{})\">", index % COLOURS);
            for point in &series.points {
                let Some(y) = point.y else { continue };
                let y = plot.y(y);
                let x = plot.left + slot * (point.x.clamp(0.0, count - 1.0) + 0.1) + width * index as f64;
                let _ = write!(
                    svg,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                    at(x),
                    y.min(zero),
                    at(width).max(0.1),
                    at((y - zero).abs())
                );
            }
            svg.push_str("</g>");
        }
    }

    /// Lines or points; `part` says how far to the right.
    fn lines(&self, svg: &mut String, plot: &Plot, part: impl Fn(f64) -> f64) {
        for (index, series) in self.series.iter().enumerate() {
            let colour = index % COLOURS;
            let place = |point: &Point| Some((plot.x(part(point.x)), plot.y(point.y?)));
            if self.kind == Kind::Line {
                let dash = if index < COLOURS { "" } else { " stroke-dasharray=\"5 3\"" };
                let _ = write!(svg, "<path stroke=\"var(--c{colour})\"{dash} d=\"");
                let mut is_on = false;
                for point in series.points.iter().map(place) {
                    if let Some((x, y)) = point {
                        let _ = write!(svg, "{}{x} {y}", if is_on { 'L' } else { 'M' });
                    }
                    is_on = point.is_some();
                }
                svg.push_str("\"/>");
            }
            let is_alone = |at: usize| {
                let gap = |at: Option<usize>| {
                    at.and_then(|at| series.points.get(at)).is_none_or(|point| point.y.is_none())
                };
                gap(at.checked_sub(1)) && gap(at.checked_add(1))
            };
            let is_dotted = self.kind == Kind::Scatter || series.points.len() <= DOTTED;
            // A line of no length with ends is a dot: far shorter than an element for each.
            let cap = if index % 2 == 0 { "round" } else { "square" };
            let mut dots = String::new();
            for (at, point) in series.points.iter().enumerate() {
                if (is_dotted || is_alone(at))
                    && let Some((x, y)) = place(point)
                {
                    let _ = write!(dots, "M{x} {y}h0");
                }
            }
            if !dots.is_empty() {
                let _ = write!(
                    svg,
                    "<path stroke=\"var(--c{colour})\" stroke-linecap=\"{cap}\" style=\"stroke-width:6\" d=\"{dots}\"/>"
                );
            }
        }
    }
}

/// Where the points go.
struct Plot {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    y_axis: Axis,
}

impl Plot {
    fn x(&self, part: f64) -> f64 {
        at(self.left + (self.right - self.left) * part.clamp(0.0, 1.0))
    }

    fn y(&self, value: f64) -> f64 {
        at(self.bottom - (self.bottom - self.top) * self.y_axis.part(value.clamp(-FAR, FAR)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chart(kind: Kind, series: &[(&str, &[f64])]) -> Chart {
        let series = series.iter().map(|(name, values)| Series {
            name: (*name).to_owned(),
            points: values.iter().enumerate().map(|(x, y)| Point { x: x as f64, y: Some(*y) }).collect(),
        });
        Chart {
            kind,
            series: series.collect(),
            categories: None,
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
        }
    }

    /// That every tag is closed in its order, and no attribute is left open.
    fn is_well_formed(svg: &str) -> bool {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let Some((tag, text)) = tag.split_once('>') else { return false };
            if text.contains('>') || tag.matches('"').count() % 2 == 1 {
                return false;
            }
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
            if tag.starts_with('/') {
                if open.pop() != Some(name) {
                    return false;
                }
            } else if !tag.ends_with('/') {
                open.push(name);
            }
        }
        open.is_empty()
    }

    #[test]
    fn an_axis_has_round_numbers_and_all_values_on_it() {
        for (values, expected) in [
            (&[0.0, 9.0][..], &["0", "2", "4", "6", "8", "10"][..]),
            (&[-1.0, 1.0], &["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
            (&[5.0], &["2", "3", "4", "5", "6", "7", "8"]),
            (&[], &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            (&[0.0, 4.7e9], &["0", "1e9", "2e9", "3e9", "4e9", "5e9"]),
        ] {
            let axis = Axis::of(values.iter().copied());
            let ticks: Vec<String> = axis.ticks().map(|it| number(it, axis.step)).collect();
            assert_eq!(ticks, expected, "{values:?}");
        }
    }

    #[test]
    fn a_line_goes_through_its_points_and_leaves_gaps() {
        let mut chart = chart(Kind::Line, &[("", &[0.0, 10.0, 5.0, 5.0])]);
        chart.series[0].points[2].y = None;
        let svg = chart.svg();
        let line = svg.split("d=\"M").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((line.matches('L').count(), line.matches('M').count()), (1, 1), "{line}");
    }

    #[test]
    fn bars_begin_at_zero() {
        let mut chart = chart(Kind::Bar, &[("a", &[10.0, -5.0]), ("b", &[5.0, 10.0])]);
        chart.categories = Some(vec!["one".into(), "two".into()]);
        let svg = chart.svg();
        let heights: Vec<f64> =
            svg.split("height=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect();
        // The picture itself, two squares of the legend, four bars.
        let bars = &heights[3..];
        assert_eq!(bars.len(), 4, "{svg}");
        assert!((bars[0] - 2.0 * bars[1]).abs() < 0.3 && (bars[0] - bars[3]).abs() < 0.3, "{bars:?}");
        assert!(svg.contains(">one</text>") && svg.contains(">two</text>"));
    }

    #[test]
    fn what_a_program_names_stays_text() {
        let evil = "</title><script>alert(1)</script>\" onload=\"x\0&";
        let mut chart = chart(Kind::Scatter, &[(evil, &[1.0])]);
        (chart.title, chart.x_label, chart.y_label) = (evil.into(), evil.into(), evil.into());
        chart.categories = Some(vec![evil.into()]);
        let svg = chart.svg();
        assert!(is_well_formed(&svg), "{svg}");
        assert!(!svg.contains("<script") && !svg.contains("\" onload") && !svg.contains('\0'), "{svg}");
    }

    #[test]
    fn its_description_says_what_is_in_it() {
        let mut chart = chart(Kind::Line, &[("a", &[1.0, 2.5]), ("b", &[3.0]), ("c", &[])]);
        chart.title = "Wings".into();
        assert_eq!(chart.description(), "Line chart: Wings. a: 2, from 1 to 2.5. b: 3. c: none.");
    }

    proptest! {
        #[test]
        fn no_numbers_make_a_broken_picture(
            kind in prop::sample::select(vec![Kind::Line, Kind::Bar, Kind::Scatter]),
            series in prop::collection::vec(prop::collection::vec((any::<f64>(), prop::option::of(any::<f64>())), 0..20), 0..4),
            categories in prop::option::of(prop::collection::vec(".{0,20}", 0..20)),
            title in ".{0,80}",
        ) {
            let finite = |value: f64| if value.is_finite() { value } else { 1e308 };
            let series = series.into_iter().map(|points| Series {
                name: title.clone(),
                points: points.into_iter().map(|(x, y)| Point { x: finite(x), y: y.map(finite) }).collect(),
            }).collect();
            let (x_label, y_label) = (title.clone(), title.clone());
            let categories = categories.or_else(|| (kind == Kind::Bar).then(Vec::new));
            let svg = Chart { kind, series, categories, title, x_label, y_label }.svg();
            prop_assert!(is_well_formed(&svg), "{}", svg);
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{}", svg);
            prop_assert!(svg.len() < 64 << 10);
        }
    }
}

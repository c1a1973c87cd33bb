//! What `display.chart` is given: arrays of numbers or of pairs, alone or by name.

use std::collections::HashMap;

use deno_core::v8;

use super::chart::{Chart, Kind, Point, Series};
use super::{Done, Refused, kind_of, option, refuse};
use crate::runner::inspect::{primitive, temporal_iso};

/// The most series, and the most points in all of them.
const SERIES: u32 = 20;
const POINTS: u32 = 5_000;
/// The longest name of anything in a chart, in UTF-16 units.
const NAME_UNITS: usize = 100;

/// How far to the right.
#[derive(Clone, Debug, PartialEq)]
pub enum X {
    /// At its place in the list.
    Place,
    /// There.
    Number(f64),
    /// Wherever that is.
    Name(String),
}

/// Values with a name, as the program gave them.
pub type Values = (String, Vec<(X, Option<f64>)>);

/// What can be said beside the values.
#[derive(Default)]
pub struct Options {
    title: String,
    x_label: String,
    y_label: String,
    labels: Option<Vec<String>>,
}

impl Options {
    /// Reads them.
    pub fn read<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Done<Self> {
        if value.is_null_or_undefined() {
            return Ok(Self::default());
        }
        let Ok(object) = value.try_cast::<v8::Object>() else {
            return refuse("the options of display.chart are an object: {title, xLabel, yLabel, labels}");
        };
        let title = option(scope, object, "title", NAME_UNITS)?.unwrap_or_default();
        let x_label = option(scope, object, "xLabel", NAME_UNITS)?.unwrap_or_default();
        let y_label = option(scope, object, "yLabel", NAME_UNITS)?.unwrap_or_default();
        let key = v8::String::new(scope, "labels").ok_or(Refused::Thrown)?;
        let labels = object.get(scope, key.into()).ok_or(Refused::Thrown)?;
        let labels = if labels.is_null_or_undefined() {
            None
        } else {
            let Some((list, length)) = list(labels) else {
                return refuse("the option labels of display.chart is an array of strings");
            };
            let mut names = Vec::new();
            for index in 0..length.min(POINTS) {
                let label = list.get_index(scope, index).ok_or(Refused::Thrown)?;
                let Some(name) = name(scope, label) else {
                    return refuse("the option labels of display.chart is an array of strings");
                };
                names.push(name);
            }
            Some(names)
        };
        Ok(Self { title, x_label, y_label, labels })
    }
}

/// A string, a number or an object of `Temporal` as a name.
fn name<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Option<String> {
    if let Ok(text) = value.try_cast::<v8::String>() {
        return Some(primitive::string(scope, text, NAME_UNITS));
    }
    let number = value.try_cast::<v8::Number>().ok();
    number.map(|number| primitive::number(number.value())).or_else(|| temporal_iso(scope, value))
}

/// An array or a typed array, with its length.
fn list<'s>(value: v8::Local<'s, v8::Value>) -> Option<(v8::Local<'s, v8::Object>, u32)> {
    let length = if let Ok(array) = value.try_cast::<v8::Array>() {
        array.length()
    } else {
        let array = value.try_cast::<v8::TypedArray>().ok()?;
        u32::try_from(array.length()).unwrap_or(u32::MAX)
    };
    Some((value.try_cast().ok()?, length))
}

/// Reads what is to be drawn.
pub fn read<'s>(scope: &mut v8::PinScope<'s, '_>, data: v8::Local<'s, v8::Value>) -> Done<Vec<Values>> {
    let mut left = POINTS;
    if list(data).is_some() {
        return Ok(vec![(String::new(), values(scope, "", data, &mut left)?)]);
    }
    let object = data.try_cast::<v8::Object>().ok().filter(|object| !object.is_function());
    let Some(object) = object else {
        return refuse(format!(
            "display.chart draws an array of numbers or of [x, y] pairs, or an object of such arrays, not {}",
            kind_of(scope, data)
        ));
    };
    let keys = object.get_own_property_names(scope, v8::GetPropertyNamesArgs::default());
    let keys = keys.ok_or(Refused::Thrown)?;
    if keys.length() > SERIES {
        return Err(Refused::Range(format!(
            "display.chart draws {SERIES} series at most, not {}",
            keys.length()
        )));
    }
    let mut all = Vec::new();
    for index in 0..keys.length() {
        let key = keys.get_index(scope, index).ok_or(Refused::Thrown)?;
        let name = name(scope, key).unwrap_or_default();
        let value = object.get(scope, key).ok_or(Refused::Thrown)?;
        let values = values(scope, &name, value, &mut left)?;
        all.push((name, values));
    }
    Ok(all)
}

/// The values of one series. `left` is how many more there may be.
fn values<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    series: &str,
    value: v8::Local<'s, v8::Value>,
    left: &mut u32,
) -> Done<Vec<(X, Option<f64>)>> {
    let of = if series.is_empty() { String::new() } else { format!(" of {series:?}") };
    let Some((list, length)) = list(value) else {
        let kind = kind_of(scope, value);
        return refuse(format!("display.chart: the values{of} have to be an array, not {kind}"));
    };
    *left = left.checked_sub(length).ok_or_else(|| {
        Refused::Range(format!(
            "display.chart draws {POINTS} values at most, over all series; leave some out"
        ))
    })?;
    let mut values = Vec::new();
    for index in 0..length {
        let item = list.get_index(scope, index).ok_or(Refused::Thrown)?;
        let point = match item.try_cast::<v8::Array>() {
            Ok(pair) if pair.length() == 2 => {
                let x = pair.get_index(scope, 0).ok_or(Refused::Thrown)?;
                let y = pair.get_index(scope, 1).ok_or(Refused::Thrown)?;
                match (x.try_cast::<v8::Number>(), name(scope, x), height(y)) {
                    (Ok(x), _, Some(y)) if x.value().is_finite() => Some((X::Number(x.value()), y)),
                    // Nowhere: there is nothing to draw.
                    (Ok(_), _, Some(_)) => Some((X::Place, None)),
                    (Err(_), Some(name), Some(y)) => Some((X::Name(name), y)),
                    _ => None,
                }
            }
            _ => height(item).map(|y| (X::Place, y)),
        };
        let Some(point) = point else {
            let kind = kind_of(scope, item);
            return refuse(format!(
                "display.chart: value {index}{of} is {kind}, and no number or [x, y] pair (null leaves a gap)"
            ));
        };
        values.push(point);
    }
    Ok(values)
}

/// A number, or a gap: `None` for what is neither.
fn height(value: v8::Local<v8::Value>) -> Option<Option<f64>> {
    if value.is_null_or_undefined() {
        return Some(None);
    }
    let number = value.try_cast::<v8::Number>().ok()?.value();
    Some(Some(number).filter(|number| number.is_finite()))
}

/// The chart of this. Bars stand in places with names, and so does all that has any.
pub fn chart(kind: Kind, data: Vec<Values>, options: Options) -> Chart {
    let Options { title, x_label, y_label, labels } = options;
    let xs = || data.iter().flat_map(|(_, values)| values.iter().map(|(x, _)| x));
    let is_named = kind == Kind::Bar || labels.is_some() || xs().any(|x| matches!(x, X::Name(_)));
    if !is_named {
        let series = data.into_iter().map(|(name, values)| {
            let points = values
                .into_iter()
                .enumerate()
                .map(|(place, (x, y))| Point { x: if let X::Number(x) = x { x } else { place as f64 }, y });
            Series { name, points: points.collect() }
        });
        return Chart { kind, series: series.collect(), categories: None, title, x_label, y_label };
    }
    let labels = labels.unwrap_or_default();
    let mut categories = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let series = data.into_iter().map(|(name, values)| {
        let points = values.into_iter().enumerate().map(|(place, (x, y))| {
            let name = match x {
                X::Name(name) => name,
                X::Number(x) => primitive::number(x),
                X::Place => labels.get(place).cloned().unwrap_or_else(|| place.to_string()),
            };
            let x = *places.entry(name).or_insert_with_key(|name| {
                categories.push(name.clone());
                categories.len() - 1
            });
            Point { x: x as f64, y }
        });
        Series { name, points: points.collect() }
    });
    let series = series.collect();
    Chart { kind, series, categories: Some(categories), title, x_label, y_label }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_with_names_are_shared_by_all_series() {
        let values = |names: &[&str]| names.iter().map(|name| (X::Name((*name).into()), Some(1.0))).collect();
        let data = vec![("a".to_owned(), values(&["x", "y"])), ("b".to_owned(), values(&["y", "z"]))];
        let chart = chart(Kind::Line, data, Options::default());
        assert_eq!(chart.categories.unwrap(), ["x", "y", "z"]);
        assert_eq!(chart.series[1].points.iter().map(|point| point.x).collect::<Vec<_>>(), [1.0, 2.0]);
    }

    #[test]
    fn labels_name_the_places_of_a_list() {
        let values = vec![(X::Place, Some(1.0)), (X::Place, None), (X::Place, Some(3.0))];
        let labels = Some(vec!["one".to_owned(), "two".to_owned()]);
        let chart = chart(Kind::Bar, vec![(String::new(), values)], Options { labels, ..Options::default() });
        assert_eq!(chart.categories.unwrap(), ["one", "two", "2"]);
    }

    #[test]
    fn pairs_of_numbers_are_where_they_say() {
        let values = vec![(X::Number(2.5), Some(1.0)), (X::Place, Some(2.0))];
        let chart = chart(Kind::Scatter, vec![(String::new(), values)], Options::default());
        assert_eq!(chart.series[0].points, [Point { x: 2.5, y: Some(1.0) }, Point { x: 1.0, y: Some(2.0) }]);
        assert_eq!(chart.categories, None);
    }
}

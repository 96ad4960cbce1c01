//! The types that settings have: how each is typed on a command line, and which number it is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{ArgMatches, value_parser};
use figment::value::Value;
use serde::Serialize;
use serde_json::Map;

use super::{Compat, FileFormat, MemorySize, RankBy, SplitBy, StepRange, Take, Teacher, View, Wire};
use crate::record::{Flaw, FullName, TheoremKind, Variant};
use crate::rocq::engine::EngineChoice;
use crate::store::shard::Shard;
use crate::text::language::Language;

/// How many values a setting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One.
    One,
    /// One, or it is not set.
    Optional,
    /// Any number.
    Many,
    /// True or false.
    Switch,
    /// Keys with values, which have no flag.
    Table,
}

/// The type of a setting.
pub(crate) trait SettingValue: Serialize {
    /// How many values it has.
    const SHAPE: Shape;

    /// What reads one value on a command line.
    fn parser() -> ValueParser;

    /// What a command line says, by the name of the argument; an error where it is no text.
    fn given(matches: &ArgMatches, argument: &str) -> Result<Option<Value>, NotText>;

    /// The number that it is.
    fn number(&self) -> Option<f64> {
        None
    }

    /// A number of it with its unit.
    fn with_unit(number: f64) -> String {
        number.to_string()
    }

    /// Whether it is not set.
    fn is_unset(&self) -> bool {
        false
    }
}

/// The type of one value.
trait One: SettingValue + Clone + Send + Sync + 'static {}

macro_rules! one {
    ($($ty:ty $(, $number:expr, $with_unit:expr)?;)*) => {$(
        impl One for $ty {}

        impl SettingValue for $ty {
            const SHAPE: Shape = Shape::One;

            fn parser() -> ValueParser {
                value_parser!($ty).into()
            }

            fn given(matches: &ArgMatches, argument: &str) -> Result<Option<Value>, NotText> {
                matches.get_one::<Self>(argument).map(valued).transpose()
            }

            $(
                fn number(&self) -> Option<f64> {
                    let number: fn(&Self) -> f64 = $number;
                    Some(number(self))
                }

                fn with_unit(number: f64) -> String {
                    let with_unit: fn(f64) -> String = $with_unit;
                    with_unit(number)
                }
            )?
        }
    )*};
}

one! {
    String;
    PathBuf;
    FullName;
    TheoremKind;
    StepRange;
    EngineChoice;
    FileFormat;
    View;
    Compat;
    SplitBy;
    RankBy;
    Wire;
    Take;
    Flaw;
    Variant;
    Language;
    f64, |number| *number, |number| number.to_string();
    u32, |number| f64::from(*number), |number| number.to_string();
    u64, |number| as_float(*number), |number| number.to_string();
    usize, |number| as_float(*number as u64), |number| number.to_string();
    Shard, |shard| as_float(shard.of() as u64), |number| format!("0/{number}");
    MemorySize, |size| as_float(size.bytes()), |number| MemorySize::about(number).to_string();
}

impl SettingValue for bool {
    const SHAPE: Shape = Shape::Switch;

    fn parser() -> ValueParser {
        value_parser!(bool)
    }

    fn given(matches: &ArgMatches, argument: &str) -> Result<Option<Value>, NotText> {
        // A switch that is not there has a value too.
        let is_given = matches.value_source(argument) == Some(ValueSource::CommandLine);
        matches.get_one::<Self>(argument).filter(|_| is_given).map(valued).transpose()
    }
}

impl<T: One> SettingValue for Option<T> {
    const SHAPE: Shape = Shape::Optional;

    fn parser() -> ValueParser {
        T::parser()
    }

    fn given(matches: &ArgMatches, argument: &str) -> Result<Option<Value>, NotText> {
        T::given(matches, argument)
    }

    fn number(&self) -> Option<f64> {
        self.as_ref()?.number()
    }

    fn with_unit(number: f64) -> String {
        T::with_unit(number)
    }

    fn is_unset(&self) -> bool {
        self.is_none()
    }
}

impl<T: One> SettingValue for Vec<T> {
    const SHAPE: Shape = Shape::Many;

    fn parser() -> ValueParser {
        T::parser()
    }

    fn given(matches: &ArgMatches, argument: &str) -> Result<Option<Value>, NotText> {
        let values = matches.get_many::<T>(argument);
        values.map(|values| valued(&values.collect::<Vec<_>>())).transpose()
    }
}

macro_rules! table {
    ($($ty:ty),*) => {$(
        impl SettingValue for $ty {
            const SHAPE: Shape = Shape::Table;

            fn parser() -> ValueParser {
                value_parser!(String)
            }

            fn given(_: &ArgMatches, _: &str) -> Result<Option<Value>, NotText> {
                Ok(None)
            }
        }
    )*};
}

table!(Map<String, serde_json::Value>, BTreeMap<String, String>, Vec<Teacher>);

/// A path that is no text, which no settings file could say.
#[derive(Debug, thiserror::Error)]
#[error("a path that is not UTF-8 cannot be a setting")]
pub struct NotText;

/// A value as it is merged with those of the settings file.
pub(super) fn valued(value: &(impl Serialize + ?Sized)) -> Result<Value, NotText> {
    Value::serialize(value).map_err(|_| NotText)
}

/// A value as a settings file has it; none where it is not set.
pub(super) fn written(value: &impl SettingValue) -> Option<Value> {
    if value.is_unset() { None } else { valued(value).ok() }
}

/// A value as people read it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, letter) => letter.to_string(),
        Value::Bool(_, value) => value.to_string(),
        Value::Num(_, number) => number
            .to_u128()
            .map(|number| number.to_string())
            .or_else(|| number.to_f64().map(|number| number.to_string()))
            .unwrap_or_default(),
        Value::Array(_, values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Dict(_, values) => {
            values.iter().map(|(key, value)| format!("{key} = {}", text(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Empty(..) => String::new(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the ends of ranges are round numbers")]
fn as_float(number: u64) -> f64 {
    number as f64
}

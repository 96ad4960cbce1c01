//! How a setting is declared, once: type, default, range, flag and text stand in one line, and all else follows from it.
//!
//! ```text
//! settings! {
//!     /// Which records are kept by their size.
//!     pub struct FilterSettings, heading "Limits, inclusive" {
//!         /// Most tokens of the proof term
//!         ///
//!         /// A second paragraph stands in `docs/settings.md` and not in the help.
//!         max_num_tokens: usize = 3750, in 0.0..=1e12, flag "N";
//!     }
//! }
//! ```
//!
//! From this come the field, `Default`, what serde reads and writes, the check of the range, the line of
//! `docs/settings.md` (`rocq-distill reference settings` prints it) and the flag `--max-num-tokens <N>` with its help and
//! its `[default: 3750]`. Which verbs take the flag is said where the verbs are: a verb takes whole tables.
//!
//! - The first paragraph of the text is the help: no period at its end, and what it is rather than what it does, but for
//!   a `bool`, which says what happens where it is true ("Keep the logprob of each token").
//! - `in LEAST..=MOST`: every number has a range. A unit is part of the name (`request_limit_s`) or a type
//!   ([`MemorySize`](super::MemorySize)).
//! - `heading "…"` is what its flags stand under in the help; a table may have several, with a comma between them.
//! - `flag "N"`: a flag with this name for its value; `flag "S" named "mean-delay"` where the key has a unit that the flag
//!   has not; `short 'j'` besides. For a `bool`, `flag ""` takes no value and says the opposite of the default.
//! - `shown "one per core"`: what stands in the place of the default where that cannot be written down.
//! - A type that settings do not have yet implements [`SettingValue`](super::value::SettingValue), most often by a line in
//!   `value.rs`.

use clap::builder::ValueParser;
use figment::value::Value;

use super::value::{NotText, Shape};

/// A setting as its table declares it.
#[derive(Debug)]
pub struct Setting {
    /// The key in its table.
    pub name: &'static str,
    /// What it is, in paragraphs.
    pub text: &'static str,
    /// What stands in the place of the default where that cannot be written down.
    pub shown: Option<&'static str>,
    /// What a number must lie in.
    pub range: Option<Range>,
    /// Its flag, where it has one.
    pub flag: Option<Flag>,
    /// How many values it has.
    pub shape: Shape,
    /// Its value where nobody says anything; none where it is not set then.
    pub default: fn() -> Option<Value>,
    /// What reads one value of it on a command line.
    pub parser: fn() -> ValueParser,
    /// What a command line says of it, by the name of its argument.
    pub given: fn(&clap::ArgMatches, &str) -> Result<Option<Value>, NotText>,
    /// A number of it, with its unit.
    pub with_unit: fn(f64) -> String,
}

/// How a flag is typed.
#[derive(Debug)]
pub struct Flag {
    /// The name of its value in the help; empty for a switch.
    pub value_name: &'static str,
    /// Its name, where that is not the key.
    pub name: Option<&'static str>,
    /// Its letter.
    pub short: Option<char>,
    /// What it stands under in the help.
    pub heading: &'static str,
}

/// What a number must lie in, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Setting {
    /// The first paragraph of its text.
    pub fn summary(&self) -> String {
        self.text.split("\n\n").next().map(flowing).unwrap_or_default()
    }

    /// The other paragraphs of its text.
    pub fn details(&self) -> Vec<String> {
        self.text.split("\n\n").skip(1).map(flowing).collect()
    }

    /// The words that are its possible values, where they are few.
    pub fn choices(&self) -> Vec<String> {
        let parser = (self.parser)();
        let values = parser.possible_values().filter(|_| self.shape != Shape::Switch);
        values.into_iter().flatten().map(|value| value.get_name().to_owned()).collect()
    }

    /// The default as people read it; none where the setting is not set by default.
    pub fn default_text(&self) -> Option<String> {
        let text = match self.shown {
            Some(shown) => shown.to_owned(),
            None => super::value::text(&(self.default)()?),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Its range as people read it.
    pub fn range_text(&self) -> Option<String> {
        let Range { least, most } = self.range?;
        Some(format!("{} to {}", (self.with_unit)(least), (self.with_unit)(most)))
    }
}

/// A paragraph without the line breaks of the source.
fn flowing(paragraph: &str) -> String {
    paragraph.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A table of settings.
pub(crate) trait Table: Default {
    /// What it is about, in paragraphs.
    const TEXT: &'static str;
    /// Its settings, in order.
    const SETTINGS: &'static [Setting];

    /// The number that each of them is, where it is one and is set.
    fn numbers(&self) -> Vec<Option<f64>>;
}

/// Declares a table of settings; the documentation of this module shows how.
macro_rules! settings {
    (
        $(#[doc = $table_text:literal])*
        pub struct $name:ident,
        $(heading $heading:literal {
            $(
                $(#[doc = $text:literal])*
                $field:ident: $ty:ty = $default:expr
                    $(, in $least:literal..=$most:literal)?
                    $(, flag $value_name:literal $(named $flag:literal)? $(short $short:literal)?)?
                    $(, shown $shown:literal)?;
            )*
        }),+
        $(with tables {
            $($(#[doc = $inner_text:literal])* $inner:ident: $inner_ty:ty,)*
        })?
    ) => {
        $(#[doc = $table_text])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(
                $(#[doc = $text])*
                #[serde(skip_serializing_if = "crate::settings::value::SettingValue::is_unset")]
                pub $field: $ty,
            )*)+
            $($($(#[doc = $inner_text])* pub $inner: $inner_ty,)*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($($field: $default,)*)+ $($($inner: Default::default(),)*)? }
            }
        }

        impl $crate::settings::declare::Table for $name {
            const TEXT: &'static str = concat!($($table_text, "\n"),*);
            const SETTINGS: &'static [$crate::settings::declare::Setting] = &[$($(
                $crate::settings::declare::Setting {
                    name: stringify!($field),
                    text: concat!($($text, "\n"),*),
                    shown: $crate::settings::declare::optional!($($shown)?),
                    range: $crate::settings::declare::optional!(
                        $($crate::settings::declare::Range { least: $least, most: $most })?
                    ),
                    flag: $crate::settings::declare::optional!($($crate::settings::declare::Flag {
                        value_name: $value_name,
                        name: $crate::settings::declare::optional!($($flag)?),
                        short: $crate::settings::declare::optional!($($short)?),
                        heading: $heading,
                    })?),
                    shape: <$ty as $crate::settings::value::SettingValue>::SHAPE,
                    default: || {
                        let value: $ty = $default;
                        $crate::settings::value::written(&value)
                    },
                    parser: <$ty as $crate::settings::value::SettingValue>::parser,
                    given: <$ty as $crate::settings::value::SettingValue>::given,
                    with_unit: <$ty as $crate::settings::value::SettingValue>::with_unit,
                },
            )*)+];

            fn numbers(&self) -> Vec<Option<f64>> {
                vec![$($($crate::settings::value::SettingValue::number(&self.$field)),*),+]
            }
        }

        $(
            impl $name {
                /// Every setting with the table that it stands in, in the order of the declarations.
                pub fn all() -> Vec<$crate::settings::Entry> {
                    use $crate::settings::declare::Table;
                    let own = Self::SETTINGS.iter().map(|setting| $crate::settings::Entry { table: "", setting });
                    let mut all: Vec<_> = own.collect();
                    $(all.extend(<$inner_ty>::SETTINGS.iter().map(|setting| {
                        $crate::settings::Entry { table: stringify!($inner), setting }
                    }));)*
                    all
                }

                /// What each table is about, in the order of the declarations; the first has no name.
                pub fn tables() -> Vec<(&'static str, &'static str)> {
                    use $crate::settings::declare::Table;
                    vec![("", Self::TEXT), $((stringify!($inner), <$inner_ty>::TEXT)),*]
                }

                /// Every setting with the number that it is, where it is one and is set.
                fn all_numbers(&self) -> Vec<($crate::settings::Entry, Option<f64>)> {
                    use $crate::settings::declare::Table;
                    let numbers = [self.numbers(), $(self.$inner.numbers()),*].concat();
                    Self::all().into_iter().zip(numbers).collect()
                }
            }
        )?
    };
}

/// `Some` of what is there.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

pub(crate) use {optional, settings};

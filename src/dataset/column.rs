//! Columns: what the tables of a dataset hold, each declared once, for rows, Parquet, the card and Croissant alike.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use serde::Serialize;

/// A column, or a field of one.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether it is null where there is nothing to say.
    pub(super) is_optional: bool,
    /// What it holds; empty where the name says it.
    pub(super) what: &'static str,
}

/// What a column holds.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    Group(Vec<Column>),
    List(Box<Kind>),
}

/// A type whose values can stand in a column; the kind of the column follows from it.
pub(super) trait Cell {
    const IS_OPTIONAL: bool = false;

    fn kind() -> Kind;
}

/// A row of a table, as [`row!`] declares it.
pub(super) trait Row: Serialize {
    fn columns() -> Vec<Column>;
}

/// Declares a row: what it is made from and its columns, each with its name, type, value and, where the name does not
/// say it, what it holds.
///
/// ```text
/// row! {
///     /// A sentence of a proof.
///     pub(super) struct StepRow<'a>(record: &'a Record, step: &'a Step) {
///         id: &'a str = record.id.as_str(), "the record";
///         text: &'a str = &step.text;
///     }
/// }
/// ```
///
/// `StepRow::new(record, step)` makes the row. A row is also a [`Cell`], so that one may stand in a column of another.
macro_rules! row {
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident $(<$life:lifetime>)? ($($given:ident: $given_type:ty),*) {
            $($column:ident: $type:ty = $value:expr $(, $what:literal)?;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize)]
        $vis struct $name $(<$life>)? {
            $($column: $type,)*
        }

        impl $(<$life>)? $name $(<$life>)? {
            $vis fn new($($given: $given_type),*) -> Self {
                Self { $($column: $value,)* }
            }
        }

        impl $(<$life>)? $crate::dataset::column::Row for $name $(<$life>)? {
            fn columns() -> Vec<$crate::dataset::column::Column> {
                vec![$($crate::dataset::column::Column::of::<$type>(stringify!($column), concat!($($what)?)),)*]
            }
        }

        impl $(<$life>)? $crate::dataset::column::Cell for $name $(<$life>)? {
            fn kind() -> $crate::dataset::column::Kind {
                $crate::dataset::column::Kind::Group(<Self as $crate::dataset::column::Row>::columns())
            }
        }
    };
}
pub(super) use row;

impl Column {
    /// The column of this name, which may be a raw identifier, with values of this type.
    pub(super) fn of<T: Cell>(name: &'static str, what: &'static str) -> Self {
        let name = name.strip_prefix("r#").unwrap_or(name);
        Self { name, kind: T::kind(), is_optional: T::IS_OPTIONAL, what }
    }

    fn field(&self) -> Field {
        Field::new(self.name, self.kind.data_type(), self.is_optional)
    }
}

impl Kind {
    fn data_type(&self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Group(columns) => DataType::Struct(columns.iter().map(Column::field).collect::<Fields>()),
            Self::List(kind) => DataType::List(Arc::new(Field::new("element", kind.data_type(), false))),
        }
    }
}

/// Columns as Arrow and Parquet type them.
pub(super) fn schema(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Fields>()))
}

macro_rules! cells {
    ($($kind:ident: $($type:ty),+;)*) => {
        $($(impl Cell for $type {
            fn kind() -> Kind {
                Kind::$kind
            }
        })+)*
    };
}

cells! {
    Text: &str, String, Cow<'_, str>;
    Integer: u32, u64, usize;
    Number: f64;
    Boolean: bool;
}

impl<T: Cell> Cell for Option<T> {
    const IS_OPTIONAL: bool = true;

    fn kind() -> Kind {
        T::kind()
    }
}

impl<T: Cell> Cell for Vec<T> {
    fn kind() -> Kind {
        Kind::List(Box::new(T::kind()))
    }
}

impl<T: Cell> Cell for &[T] {
    fn kind() -> Kind {
        Vec::<T>::kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    row! {
        struct Inner(number: f64) {
            r#type: f64 = number;
        }
    }

    row! {
        /// A row with a column of each kind.
        struct Outer<'a>(text: &'a str) {
            text: &'a str = text, "a text";
            inner: Option<Inner> = None;
            list: Vec<usize> = vec![1, 2];
        }
    }

    #[test]
    fn a_row_and_its_columns_come_from_one_declaration() {
        assert_eq!(serde_json::to_string(&Outer::new("x")).unwrap(), r#"{"text":"x","inner":null,"list":[1,2]}"#);
        assert_eq!(serde_json::to_string(&Inner::new(0.5)).unwrap(), r#"{"type":0.5}"#);
        let columns = Outer::columns();
        let said: Vec<_> = columns.iter().map(|it| (it.name, it.is_optional, it.what)).collect();
        assert_eq!(said, [("text", false, "a text"), ("inner", true, ""), ("list", false, "")]);
        assert!(matches!(&columns[1].kind, Kind::Group(inner) if inner[0].name == "type"));
        assert!(matches!(&columns[2].kind, Kind::List(element) if matches!(**element, Kind::Integer)));
    }
}

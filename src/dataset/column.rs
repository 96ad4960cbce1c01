//! Columns: what a view's files hold, in one place for Parquet, for the card and for Croissant.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

/// A column, or a field of one.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
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

impl Column {
    pub(super) fn new(name: &'static str, kind: Kind, what: &'static str) -> Self {
        Self { name, kind, is_optional: false, what }
    }

    pub(super) fn text(name: &'static str, what: &'static str) -> Self {
        Self::new(name, Kind::Text, what)
    }

    pub(super) fn integer(name: &'static str, what: &'static str) -> Self {
        Self::new(name, Kind::Integer, what)
    }

    pub(super) fn number(name: &'static str, what: &'static str) -> Self {
        Self::new(name, Kind::Number, what)
    }

    pub(super) fn boolean(name: &'static str, what: &'static str) -> Self {
        Self::new(name, Kind::Boolean, what)
    }

    /// A list of texts.
    pub(super) fn texts(name: &'static str, what: &'static str) -> Self {
        Self::new(name, Kind::List(Box::new(Kind::Text)), what)
    }

    pub(super) fn group(name: &'static str, columns: Vec<Self>, what: &'static str) -> Self {
        Self::new(name, Kind::Group(columns), what)
    }

    /// A list of groups.
    pub(super) fn groups(name: &'static str, columns: Vec<Self>, what: &'static str) -> Self {
        Self::new(name, Kind::List(Box::new(Kind::Group(columns))), what)
    }

    /// The same, but null where there is nothing to say.
    pub(super) fn optional(mut self) -> Self {
        self.is_optional = true;
        self
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

/// The columns as Arrow and Parquet type them.
pub(super) fn schema(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Fields>()))
}

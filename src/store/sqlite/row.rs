//! Values going into statements and columns coming out of rows.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Column as _, Decode, Row as _, Sqlite, Type};
use uuid::Uuid;

use crate::domain::{Error, Result, Seq, Timestamp};

/// What is bound to a `?`.
#[derive(Clone, Debug, Hash)]
pub(super) enum Value {
    Null,
    Int(i64),
    Name(&'static str),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    /// The JSON text of `value`.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        serde_json::to_string(value).map(Self::Text).map_err(Error::internal)
    }

    /// Appends it to what a statement is sent with.
    pub fn append_to(self, arguments: &mut SqliteArguments) -> Result<()> {
        match self {
            Self::Null => arguments.add(None::<i64>),
            Self::Int(value) => arguments.add(value),
            Self::Name(value) => arguments.add(value),
            Self::Text(value) => arguments.add(value),
            Self::Blob(value) => arguments.add(value),
        }
        .map_err(Error::internal)
    }
}

macro_rules! value_from {
    ($($from:ty: $name:ident => $value:expr),+ $(,)?) => {
        $(impl From<$from> for Value { fn from($name: $from) -> Self { $value } })+
    };
}

value_from! {
    Uuid: id => Self::Blob(id.as_bytes().to_vec()),
    &[u8]: bytes => Self::Blob(bytes.to_vec()),
    String: text => Self::Text(text),
    &String: text => Self::Text(text.clone()),
    &'static str: name => Self::Name(name),
    i64: number => Self::Int(number),
    u32: number => Self::Int(number.into()),
    u16: number => Self::Int(number.into()),
    bool: flag => Self::Int(flag.into()),
    Timestamp: at => Self::Int(at.as_ms()),
    // SQLite has no unsigned integers; the log of a million events a second would last for 292,000 years.
    Seq: seq => Self::Int(seq.0.cast_signed()),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Reads the columns of a row one after the other, in the order of the statement.
pub(super) struct Fields<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Fields<'r> {
    /// From the first column on.
    pub fn of(row: &'r SqliteRow) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    ///
    /// # Errors
    /// [`Error::Internal`] naming the column when it is not of that type.
    pub fn take<T: Decode<'r, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T> {
        self.next += 1;
        self.row.try_get(self.next - 1).map_err(Error::internal)
    }

    /// A whole number within the limits of its type.
    pub fn int<T: TryFrom<i64>>(&mut self) -> Result<T> {
        let number: i64 = self.take()?;
        T::try_from(number).map_err(|_| self.unreadable(&number.to_string()))
    }

    /// A position in the log.
    pub fn seq(&mut self) -> Result<Seq> {
        self.int().map(Seq)
    }

    /// A point in time.
    pub fn time(&mut self) -> Result<Timestamp> {
        self.take().map(Timestamp::from_ms)
    }

    /// A point in time that may be missing.
    pub fn time_or_none(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp::from_ms))
    }

    /// A value that is kept by its name.
    pub fn named<T>(&mut self, from_name: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let name: &str = self.take()?;
        from_name(name).ok_or_else(|| self.unreadable(name))
    }

    /// A value that is kept by its name and may be missing.
    pub fn named_or_none<T>(&mut self, from_name: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
        match self.take::<Option<&str>>()? {
            Some(name) => from_name(name).map(Some).ok_or_else(|| self.unreadable(name)),
            None => Ok(None),
        }
    }

    /// A value that is kept as JSON.
    pub fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        let text: &str = self.take()?;
        serde_json::from_str(text).map_err(Error::internal)
    }

    /// A value that is kept as JSON and may be missing.
    pub fn json_or_none<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let text: Option<&str> = self.take()?;
        text.map(serde_json::from_str).transpose().map_err(Error::internal)
    }

    fn unreadable(&self, value: &str) -> Error {
        let column = self.row.columns()[self.next - 1].name();
        Error::internal(format!("column {column} holds {value:?}, which this version does not know"))
    }
}

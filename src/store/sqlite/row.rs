//! Values going into statements and columns coming out of rows.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Row as _, Sqlite, TypeInfo as _, ValueRef as _};
use uuid::Uuid;

use crate::domain::{Error, Result, Seq, Timestamp};

/// What is bound to a `?`, and what stands in a column.
#[derive(Clone, Debug, Hash)]
pub(super) enum Value {
    Null,
    Int(i64),
    Name(&'static str),
    Text(String),
    /// Bound as a blob, which it is read as.
    Id(Uuid),
    Blob(Vec<u8>),
}

impl Value {
    /// The JSON text of `value`.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        serde_json::to_string(value).map(Self::Text).map_err(Error::internal)
    }

    /// What it takes in memory, bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Null | Self::Int(_) | Self::Name(_) | Self::Id(_) => 0,
                Self::Text(text) => text.len(),
                Self::Blob(bytes) => bytes.len(),
            }
    }

    /// Appends it to what a statement of the pool is sent with.
    pub fn append_to(self, arguments: &mut SqliteArguments) -> Result<()> {
        match self {
            Self::Null => arguments.add(None::<i64>),
            Self::Int(value) => arguments.add(value),
            Self::Name(value) => arguments.add(value),
            Self::Text(value) => arguments.add(value),
            Self::Id(value) => arguments.add(value),
            Self::Blob(value) => arguments.add(value),
        }
        .map_err(Error::internal)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Name(value) => ValueRef::Text(value.as_bytes()),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Id(value) => ValueRef::Blob(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

macro_rules! value_from {
    ($($from:ty: $name:ident => $value:expr),+ $(,)?) => {
        $(impl From<$from> for Value { fn from($name: $from) -> Self { $value } })+
    };
}

value_from! {
    Uuid: id => Self::Id(id),
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

/// A row of an answer, whichever side it came from.
#[derive(Debug)]
pub(super) struct Row(Vec<Value>);

impl Row {
    /// From the connection that writes.
    ///
    /// # Errors
    /// [`Error::Internal`] for text that is not UTF-8.
    pub fn of_writer(row: &rusqlite::Row<'_>, columns: usize) -> Result<Self> {
        let read = |column| {
            Ok(match row.get_ref(column).map_err(Error::internal)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                ValueRef::Real(_) => return Err(no_real()),
                ValueRef::Text(text) => {
                    Value::Text(std::str::from_utf8(text).map_err(Error::internal)?.to_owned())
                }
                ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
            })
        };
        (0..columns).map(read).collect::<Result<_>>().map(Self)
    }

    /// From a connection of the pool.
    ///
    /// # Errors
    /// As [`Row::of_writer`].
    pub fn of_pool(row: &sqlx::sqlite::SqliteRow) -> Result<Self> {
        let read = |column| {
            let value = row.try_get_raw(column).map_err(Error::internal)?;
            let kind = value.type_info();
            Ok(match kind.name() {
                _ if value.is_null() => Value::Null,
                "INTEGER" => Value::Int(decode(value)?),
                "REAL" => return Err(no_real()),
                "TEXT" => Value::Text(decode(value)?),
                _ => Value::Blob(decode(value)?),
            })
        };
        (0..row.len()).map(read).collect::<Result<_>>().map(Self)
    }
}

/// Nothing of the store is a floating-point number.
fn no_real() -> Error {
    Error::internal("a column holds a floating-point number")
}

fn decode<'r, T: sqlx::Decode<'r, Sqlite>>(value: sqlx::sqlite::SqliteValueRef<'r>) -> Result<T> {
    T::decode(value).map_err(|error| Error::internal(error.to_string()))
}

/// What a column can be read as; nothing for a value of another type.
pub(super) trait Column<'r>: Sized {
    fn read(value: &'r Value) -> Option<Self>;
}

macro_rules! columns {
    ($($target:ty: $pattern:pat => $value:expr),+ $(,)?) => {
        $(impl<'r> Column<'r> for $target {
            fn read(value: &'r Value) -> Option<Self> {
                match value { $pattern => $value, _ => None }
            }
        })+
    };
}

columns! {
    i64: Value::Int(number) => Some(*number),
    u32: Value::Int(number) => u32::try_from(*number).ok(),
    u16: Value::Int(number) => u16::try_from(*number).ok(),
    bool: Value::Int(number) => Some(*number != 0),
    &'r str: Value::Text(text) => Some(text),
    String: Value::Text(text) => Some(text.clone()),
    &'r [u8]: Value::Blob(bytes) => Some(bytes),
    Vec<u8>: Value::Blob(bytes) => Some(bytes.clone()),
    Uuid: Value::Blob(bytes) => Uuid::from_slice(bytes).ok(),
}

impl<'r, T: Column<'r>> Column<'r> for Option<T> {
    fn read(value: &'r Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

/// Reads the columns of a row one after the other, in the order of the statement.
pub(super) struct Fields<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Fields<'r> {
    /// From the first column on.
    pub fn of(row: &'r Row) -> Self {
        Self { row, next: 0 }
    }

    /// The last `count` columns.
    pub fn of_last(row: &'r Row, count: usize) -> Self {
        Self { row, next: row.0.len().saturating_sub(count) }
    }

    /// The next column.
    ///
    /// # Errors
    /// [`Error::Internal`] with the number of the column when it is not of that type.
    pub fn take<T: Column<'r>>(&mut self) -> Result<T> {
        self.next += 1;
        let value = self.row.0.get(self.next - 1);
        value.and_then(T::read).ok_or_else(|| {
            Error::internal(format!("column {} is no {}", self.next, std::any::type_name::<T>()))
        })
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
        Error::internal(format!("column {} holds {value:?}, which this version does not know", self.next))
    }
}

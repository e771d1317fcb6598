//! A connection to a database, whichever it is.
//!
//! A statement is one text for both. Parameters are written `?1`; what only PostgreSQL is told
//! stands in a comment that SQLite skips (`/*postgres … postgres*/`), and what only SQLite is told is
//! listed in [`SQLITE_ONLY`].

use std::borrow::Cow;

use app::ports::StoreError;
use rusqlite::types::{FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension};
use thiserror::Error;

use crate::error::At;
use crate::postgres::{Access, Lost, Session};

/// Words that PostgreSQL does not know: its planner takes no hints.
const SQLITE_ONLY: [&str; 3] =
    [" INDEXED BY inbox_open", " INDEXED BY inbox_kept", " INDEXED BY payment_kept"];

/// A connection, inside of a transaction.
pub(crate) enum Database<'c> {
    /// To SQLite.
    Sqlite(&'c Connection),
    /// To PostgreSQL.
    Postgres(&'c Session),
}

/// What is bound to a statement.
pub(crate) type Params<'p> = &'p [&'p dyn Bind];

/// The parameters of a statement, in order.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(&$value as &dyn $crate::database::Bind),*] as $crate::database::Params<'_>
    };
}
pub(crate) use params;

/// Why a statement did not come about.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// SQLite's reason.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL's reason.
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    /// The connection to PostgreSQL is gone.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// A column holds something else than what is read.
    #[error("column {column} holds {found} where {wanted} is expected")]
    Unreadable {
        /// Its place in the statement.
        column: usize,
        /// What it holds.
        found: &'static str,
        /// What is read.
        wanted: &'static str,
    },
    /// A row that is always there is not.
    #[error("a row is missing")]
    NoRow,
}

/// What reading a row comes to.
pub(crate) type Reading<T> = Result<T, Failure>;

impl Failure {
    /// Whether a row with the same unique values is there already.
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error().is_some_and(|error| {
                error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
            }),
            Self::Postgres(error) => {
                error.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION)
            }
            Self::Lost(_) | Self::Unreadable { .. } | Self::NoRow => false,
        }
    }
}

impl Database<'_> {
    /// Does several things in one transaction, on a connection that is in none.
    pub fn transaction<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(connection) => {
                let transaction = connection.unchecked_transaction().at("transaction")?;
                let done = work(self)?;
                transaction.commit().at("transaction")?;
                Ok(done)
            }
            Self::Postgres(session) => {
                session.begin(Access::Write.begin());
                let done = work(self).inspect_err(|_| session.undo())?;
                session.commit().at("transaction")?;
                Ok(done)
            }
        }
    }

    /// Carries out a statement; how many rows it changed.
    pub fn execute(&self, sql: &'static str, params: Params) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(connection) => {
                let changed = connection.prepare_cached(sql)?.execute(bound(params))?;
                Ok(u64::try_from(changed).unwrap_or(u64::MAX))
            }
            Self::Postgres(session) => session.execute(sql, params),
        }
    }

    /// Carries out a statement of which nobody asks how many rows it changed. PostgreSQL is sent it
    /// together with the next one, and a failure is told there.
    pub fn send(&self, sql: &'static str, params: Params) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => self.execute(sql, params).map(|_| ()),
            Self::Postgres(session) => session.send(sql, params),
        }
    }

    /// Says what is read next: these statements, each with the same parameters. PostgreSQL is asked
    /// all of them at once, and each that is read then is answered already.
    pub fn read_next(&self, statements: &[&'static str], params: Params) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.ask_ahead(statements, params),
        }
    }

    /// All rows.
    pub fn rows<T>(
        &self,
        sql: &'static str,
        params: Params,
        read: impl Fn(&Row) -> Reading<T>,
    ) -> Result<Vec<T>, Failure> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query(bound(params))?;
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    all.push(read(&Row::Sqlite(row))?);
                }
                Ok(all)
            }
            Self::Postgres(session) => {
                session.query(sql, params)?.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }

    /// The first row, if there is one.
    pub fn row<T>(
        &self,
        sql: &'static str,
        params: Params,
        read: impl Fn(&Row) -> Reading<T>,
    ) -> Result<Option<T>, Failure> {
        match self {
            Self::Sqlite(connection) => {
                // The rest of an `UPDATE … RETURNING` is carried out when its statement is dropped.
                let mut statement = connection.prepare_cached(sql)?;
                let row = statement
                    .query_row(bound(params), |row| Ok(read(&Row::Sqlite(row))))
                    .optional()?;
                row.transpose()
            }
            Self::Postgres(session) => {
                let rows = session.query(sql, params)?;
                rows.first().map(|row| read(&Row::Postgres(row))).transpose()
            }
        }
    }

    /// The row that is always there.
    pub fn one<T>(
        &self,
        sql: &'static str,
        params: Params,
        read: impl Fn(&Row) -> Reading<T>,
    ) -> Result<T, Failure> {
        self.row(sql, params, read)?.ok_or(Failure::NoRow)
    }

    /// Whether there is a row.
    pub fn exists(&self, sql: &'static str, params: Params) -> Result<bool, Failure> {
        Ok(self.row(sql, params, |_| Ok(()))?.is_some())
    }
}

/// A statement as PostgreSQL reads it.
pub(crate) fn for_postgres(sql: &str) -> String {
    let mut text = sql.replace('?', "$").replace("/*postgres ", "").replace(" postgres*/", "");
    for word in SQLITE_ONLY {
        text = text.replace(word, "");
    }
    text
}

/// One value of a statement or a row. Truth is 0 or 1 in both databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'v> {
    Null,
    Integer(i64),
    Text(Cow<'v, str>),
    Bytes(Cow<'v, [u8]>),
}

/// A value that a statement can be given.
pub(crate) trait Bind {
    fn cell(&self) -> Cell<'_>;
}

fn bound(params: Params<'_>) -> impl rusqlite::Params {
    rusqlite::params_from_iter(params.iter().map(|value| value.cell()))
}

impl rusqlite::ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl rusqlite::types::FromSql for Cell<'static> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Null => Ok(Self::Null),
            ValueRef::Integer(number) => Ok(Self::Integer(number)),
            ValueRef::Text(_) => value.as_str().map(|text| Self::Text(text.to_owned().into())),
            ValueRef::Blob(bytes) => Ok(Self::Bytes(bytes.to_vec().into())),
            ValueRef::Real(_) => Err(rusqlite::types::FromSqlError::InvalidType),
        }
    }
}

impl Bind for i64 {
    fn cell(&self) -> Cell<'_> {
        Cell::Integer(*self)
    }
}

impl Bind for u32 {
    fn cell(&self) -> Cell<'_> {
        Cell::Integer(i64::from(*self))
    }
}

impl Bind for bool {
    fn cell(&self) -> Cell<'_> {
        Cell::Integer(i64::from(*self))
    }
}

impl Bind for str {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self.into())
    }
}

impl Bind for String {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self.into())
    }
}

impl Bind for Vec<u8> {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self.into())
    }
}

impl<const N: usize> Bind for [u8; N] {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self.as_slice().into())
    }
}

impl<T: Bind> Bind for Option<T> {
    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, Bind::cell)
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    fn cell(&self) -> Cell<'_> {
        T::cell(self)
    }
}

/// A row of an answer.
pub(crate) enum Row<'r> {
    /// SQLite's.
    Sqlite(&'r rusqlite::Row<'r>),
    /// PostgreSQL's.
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of a column, by its place in the statement.
    pub fn get<T: Column>(&self, column: usize) -> Reading<T> {
        let cell = match self {
            Self::Sqlite(row) => row.get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        };
        T::read(cell).map_err(|cell| Failure::Unreadable {
            column,
            found: cell.kind(),
            wanted: T::WANTED,
        })
    }
}

impl Cell<'_> {
    /// The same value, without what it was borrowed from.
    pub fn owned(self) -> Cell<'static> {
        match self {
            Self::Null => Cell::Null,
            Self::Integer(number) => Cell::Integer(number),
            Self::Text(text) => Cell::Text(text.into_owned().into()),
            Self::Bytes(bytes) => Cell::Bytes(bytes.into_owned().into()),
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Integer(_) => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        }
    }
}

/// A value that a column can be read as.
pub(crate) trait Column: Sized {
    const WANTED: &'static str;

    /// What it does not read is given back.
    fn read(cell: Cell<'static>) -> Result<Self, Cell<'static>>;
}

impl Column for i64 {
    const WANTED: &'static str = "a number";

    fn read(cell: Cell<'static>) -> Result<Self, Cell<'static>> {
        if let Cell::Integer(number) = cell { Ok(number) } else { Err(cell) }
    }
}

impl Column for u32 {
    const WANTED: &'static str = "a small number";

    fn read(cell: Cell<'static>) -> Result<Self, Cell<'static>> {
        let number = i64::read(cell)?;
        Self::try_from(number).map_err(|_| Cell::Integer(number))
    }
}

impl Column for bool {
    const WANTED: &'static str = "0 or 1";

    fn read(cell: Cell<'static>) -> Result<Self, Cell<'static>> {
        match cell {
            Cell::Integer(0) => Ok(false),
            Cell::Integer(1) => Ok(true),
            other => Err(other),
        }
    }
}

impl Column for String {
    const WANTED: &'static str = "a text";

    fn read(cell: Cell<'static>) -> Result<Self, Cell<'static>> {
        if let Cell::Text(text) = cell { Ok(text.into_owned()) } else { Err(cell) }
    }
}

impl Column for Vec<u8> {
    const WANTED: &'static str = "bytes";

    fn read(cell: Cell<'static>) -> Result<Self, Cell<'static>> {
        if let Cell::Bytes(bytes) = cell { Ok(bytes.into_owned()) } else { Err(cell) }
    }
}

impl<T: Column> Column for Option<T> {
    const WANTED: &'static str = T::WANTED;

    fn read(cell: Cell<'static>) -> Result<Self, Cell<'static>> {
        if let Cell::Null = cell { Ok(None) } else { T::read(cell).map(Some) }
    }
}

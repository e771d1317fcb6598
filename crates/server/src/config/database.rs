//! Where the data are.

use std::path::PathBuf;
use std::time::Duration;

use store::PostgresServer;

use super::{Reader, keys, parse};

/// Where the data are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// In a SQLite file.
    Sqlite {
        /// The file; neither it nor its folder needs to be there.
        path: PathBuf,
    },
    /// On a PostgreSQL server.
    Postgres(Box<PostgresServer>),
}

impl Database {
    /// Reads what `database_url` may be.
    ///
    /// # Errors
    /// What is expected instead, without the text: it may carry a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::database(text)
    }

    /// As people may see it: without a password.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Sqlite { path } => format!("sqlite:{}", path.display()),
            Self::Postgres(server) => server.to_string(),
        }
    }
}

impl Reader<'_> {
    /// `None` comes with a problem.
    pub(super) fn database(&mut self) -> Option<Database> {
        let database = self.read(&keys::DATABASE_URL, parse::database);
        let connections = self.size(&keys::DATABASE_CONNECTIONS);
        let timeout = self.number(&keys::DATABASE_TIMEOUT_SECONDS);
        match database? {
            Database::Sqlite { path } => Some(Database::Sqlite { path }),
            Database::Postgres(server) => {
                let timeout = Duration::from_secs(timeout?);
                Some(Database::Postgres(Box::new(server.with_limits(connections?, timeout))))
            }
        }
    }
}

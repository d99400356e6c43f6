//! The two databases that a world may stand on.

use std::path::Path;
use std::sync::Arc;

use super::postgres::Server;

/// Where a world keeps what must survive.
#[derive(Clone)]
pub enum Database {
    /// A file in the world's folder.
    Sqlite,
    /// A database of a server that runs as long as somebody has it.
    Postgres(Arc<Server>, String),
    /// A database that somebody else looks after.
    At(String),
}

impl Database {
    /// An empty database of a server of its own.
    pub fn postgres() -> Self {
        let server = Arc::new(Server::start());
        let url = server.url("postgres");
        Self::Postgres(server, url)
    }

    /// Another empty database of the same kind, of the same server if there is one.
    pub fn another(&self, name: &str) -> Self {
        match self {
            Self::Sqlite => Self::Sqlite,
            Self::Postgres(server, _) => {
                server.ask(&format!("CREATE DATABASE {name}"));
                Self::Postgres(Arc::clone(server), server.url(name))
            }
            Self::At(_) => panic!("somebody else looks after that database"),
        }
    }

    /// Its address, for a world with this folder.
    pub fn url(&self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", folder.join("standdown.db").display()),
            Self::Postgres(_, url) | Self::At(url) => url.clone(),
        }
    }

    /// The server, if it is one.
    pub fn server(&self) -> &Server {
        match self {
            Self::Postgres(server, _) => server,
            Self::Sqlite | Self::At(_) => panic!("there is no server"),
        }
    }
}

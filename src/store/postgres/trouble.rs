//! What can go wrong with a server, told apart by what has to be done about it.
//!
//! The driver's errors end here: what leaves this room is a reason as text.

use std::fmt;

use sqlx::postgres::PgDatabaseError;

/// What has to be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The connection is of no more use: make another. What was under way may or may not have been done.
    Reconnect,
    /// The server can't write (a standby, or one that was made one): try the list of hosts again. Nothing was done.
    OtherHost,
    /// Two transactions met: do the same again. Nothing was done.
    Again,
    /// One of the rows is at fault: do without it. Nothing was done.
    Split,
    /// Nothing can be done but to wait: the disk is full, there are too many connections, a right is missing.
    Wait,
}

/// An error of the server or of the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What has to be done.
    pub remedy: Remedy,
    /// Why, in words.
    pub reason: String,
}

impl Trouble {
    /// Trouble of that kind.
    pub fn new(remedy: Remedy, reason: impl Into<String>) -> Self {
        Self { remedy, reason: reason.into() }
    }

    /// The server did not answer in time.
    pub fn slow(what: &str) -> Self {
        Self::new(Remedy::Reconnect, format!("the server did not answer in time to {what}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                let detail = database.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::hint);
                let hint = detail.map(|hint| format!(" ({hint})")).unwrap_or_default();
                Self::new(remedy_of(&code), format!("{} [{code}]{hint}", database.message()))
            }
            sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::new(Remedy::Split, error.to_string())
            }
            _ => Self::new(Remedy::Reconnect, error.to_string()),
        }
    }
}

/// What has to be done about an error with this SQLSTATE (the PostgreSQL manual, appendix A).
fn remedy_of(code: &str) -> Remedy {
    match code {
        // read_only_sql_transaction: a standby, or a server whose default_transaction_read_only is on.
        "25006" => Remedy::OtherHost,
        // serialization_failure, deadlock_detected, lock_not_available.
        "40001" | "40P01" | "55P03" => Remedy::Again,
        // The server ends or begins, or ended this connection: admin_shutdown, crash_shutdown, cannot_connect_now,
        // database_dropped, idle_session_timeout, idle_in_transaction_session_timeout.
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" => Remedy::Reconnect,
        _ => match code.get(..2).unwrap_or_default() {
            // connection_exception.
            "08" => Remedy::Reconnect,
            // cardinality_violation, data_exception, integrity_constraint_violation, program_limit_exceeded.
            "21" | "22" | "23" | "54" => Remedy::Split,
            _ if code == "53200" => Remedy::Split,
            _ => Remedy::Wait,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_what_helps() {
        for (code, remedy) in [
            ("25006", Remedy::OtherHost),
            ("40P01", Remedy::Again),
            ("57P01", Remedy::Reconnect),
            ("08006", Remedy::Reconnect),
            ("23505", Remedy::Split),
            ("22021", Remedy::Split),
            ("53100", Remedy::Wait),
            ("53300", Remedy::Wait),
            ("", Remedy::Wait),
        ] {
            assert_eq!(remedy_of(code), remedy, "{code}");
        }
    }

    #[test]
    fn an_error_that_is_not_the_servers_costs_the_connection() {
        let broken = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(Trouble::from(broken).remedy, Remedy::Reconnect);
    }
}

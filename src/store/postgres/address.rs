//! The address of a database: `postgres://USER@HOST:PORT,HOST:PORT/DATABASE?sslmode=...`.
//!
//! It is parsed here because a list of hosts is what failover needs and the driver's own URLs name one host only. A
//! password is kept as a secret, and no error repeats the text, which may hold one.

use secrecy::SecretString;
use sqlx::postgres::PgSslMode;

const PORT: u16 = 5432;

/// Where a database is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Address {
    /// The user, if it is named.
    pub user: Option<String>,
    /// The password, if it stands in the address.
    pub password: Option<SecretString>,
    /// Hosts and ports, in the order in which they are tried; at least one.
    pub hosts: Vec<(String, u16)>,
    /// The database, if it is named.
    pub database: Option<String>,
    /// Whether the connection is encrypted, and how the server is checked.
    pub tls: PgSslMode,
    /// The file with the authorities that the server's certificate is checked against, if it is named.
    pub authorities: Option<String>,
}

/// Why an address can't be used. No message repeats it: it may have a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It does not begin as one.
    #[error("it begins with neither postgres:// nor postgresql://")]
    Scheme,
    /// There is no host.
    #[error("it names no host; write postgres://USER@HOST:5432/DATABASE")]
    NoHost,
    /// A host can't be read.
    #[error("its host number {0} can't be read; write HOST:PORT, several with commas, as in db1:5432,db2:5432")]
    Host(usize),
    /// A percent sign is not followed by two hexadecimal digits, or what they stand for is no text.
    #[error("it has a % that two hexadecimal digits do not follow; write %25 for a percent sign")]
    Escape,
    /// An option has a value that it can't have.
    #[error("its sslmode is none of disable, prefer, require, verify-ca, verify-full")]
    TlsMode,
    /// An option is not known.
    #[error("its option `{0}` is not known; sslmode and sslrootcert are")]
    Option(String),
}

impl Address {
    /// Parses an address.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let rest = strip_scheme(url).ok_or(AddressError::Scheme)?;
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = place.rsplit_once('@').unwrap_or(("", place));
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let mut address = Self {
            user: named(user)?,
            password: named(password)?.map(SecretString::from),
            hosts: parse_hosts(hosts)?,
            database: named(database)?,
            tls: PgSslMode::Prefer,
            authorities: None,
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "sslmode" => address.tls = parse_mode(value)?,
                "sslrootcert" => address.authorities = named(value)?,
                _ => return Err(AddressError::Option(name.chars().take(40).collect())),
            }
        }
        Ok(address)
    }

    /// The hosts as they may be shown.
    pub fn shown(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        hosts.join(", ")
    }
}

/// Whether the URL is one of these.
pub fn is_address(url: &str) -> bool {
    strip_scheme(url).is_some()
}

fn strip_scheme(url: &str) -> Option<&str> {
    url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))
}

fn named(text: &str) -> Result<Option<String>, AddressError> {
    if text.is_empty() { Ok(None) } else { unescape(text).map(Some) }
}

fn parse_hosts(text: &str) -> Result<Vec<(String, u16)>, AddressError> {
    if text.is_empty() {
        return Err(AddressError::NoHost);
    }
    text.split(',').zip(1..).map(|(one, number)| parse_host(one).ok_or(AddressError::Host(number))).collect()
}

fn parse_host(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let known = |each: char| each.is_ascii_alphanumeric() || "-._:".contains(each);
    let port = port.map_or(Some(PORT), |port| port.parse().ok().filter(|port| *port > 0))?;
    (!host.is_empty() && host.chars().all(known)).then(|| (host.to_owned(), port))
}

fn parse_mode(text: &str) -> Result<PgSslMode, AddressError> {
    // The driver would read `allow` as `disable`; what is not done must not be promised.
    match text {
        "disable" => Ok(PgSslMode::Disable),
        "prefer" => Ok(PgSslMode::Prefer),
        "require" => Ok(PgSslMode::Require),
        "verify-ca" => Ok(PgSslMode::VerifyCa),
        "verify-full" => Ok(PgSslMode::VerifyFull),
        _ => Err(AddressError::TlsMode),
    }
}

fn unescape(text: &str) -> Result<String, AddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        bytes.push(high.zip(low).map(|(high, low)| high * 16 + low).ok_or(AddressError::Escape)?);
    }
    String::from_utf8(bytes).map_err(|_| AddressError::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn every_part_of_an_address_is_read() {
        let address =
            Address::parse("postgres://ana:p%40ss%3A@db1:6432,[::1]:5433,db3/stand%20down?sslmode=verify-full").unwrap();
        assert_eq!(address.user.as_deref(), Some("ana"));
        assert_eq!(address.password.unwrap().expose_secret(), "p@ss:");
        let hosts = [("db1".to_owned(), 6432), ("::1".to_owned(), 5433), ("db3".to_owned(), 5432)];
        assert_eq!(address.hosts, hosts);
        assert_eq!(address.database.as_deref(), Some("stand down"));
        assert!(matches!(address.tls, PgSslMode::VerifyFull));
    }

    #[test]
    fn the_least_that_an_address_has_is_a_host() {
        let address = Address::parse("postgresql://db").unwrap();
        assert_eq!((address.user, address.database), (None, None));
        assert_eq!(address.hosts, [("db".to_owned(), 5432)]);
    }

    #[test]
    fn what_can_not_be_read_is_refused_and_not_repeated() {
        for (url, expected) in [
            ("mysql://hunter2@db", AddressError::Scheme),
            ("postgres://u:hunter2@/db", AddressError::NoHost),
            ("postgres://u:hunter2@db1,/db", AddressError::Host(2)),
            ("postgres://u:hunter2@db1:0/db", AddressError::Host(1)),
            ("postgres://u:hunter2@db1:x/db", AddressError::Host(1)),
            ("postgres://u:hunter2@[::1/db", AddressError::Host(1)),
            ("postgres://u:hunter2@d b/db", AddressError::Host(1)),
            ("postgres://u:hunter2%4@db/db", AddressError::Escape),
            ("postgres://u:hunter2%ff@db/db", AddressError::Escape),
            ("postgres://u:hunter2@db/db?sslmode=allow", AddressError::TlsMode),
            ("postgres://u:hunter2@db/db?sslmod=require", AddressError::Option("sslmod".to_owned())),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error, expected, "{url}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let address = Address::parse("postgres://ana:hunter2@db1,db2:1/x").unwrap();
        assert!(!format!("{address:?}").contains("hunter2"));
        assert_eq!(address.shown(), "db1:5432, db2:1");
    }
}

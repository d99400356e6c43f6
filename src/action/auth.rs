//! The credentials of a connection, put into a header at the last moment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::options::AuthOptions;
use crate::client::{SecretReference, Secrets};

/// How a connection shows who it is.
#[derive(Clone, Debug)]
pub enum Auth {
    /// `Authorization: Bearer`.
    Bearer(SecretReference),
    /// `Authorization: Basic`. `form_encoded` as OAuth demands it (RFC 6749, section 2.3.1).
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: SecretReference,
        /// Whether both are form-encoded first.
        form_encoded: bool,
    },
    /// Another header.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretReference,
    },
}

/// A header and every secret that it shows.
pub struct AuthHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: SecretString,
    /// What must be redacted.
    pub secrets: Vec<SecretString>,
}

impl Auth {
    /// The one way that the options give. `header` is the name that the connector knows.
    pub fn new(options: &AuthOptions, header: Option<&str>, form_encoded: bool) -> Result<Self, String> {
        match (&options.bearer, &options.basic, &options.header) {
            (Some(token), None, None) => Ok(Self::Bearer(token.clone())),
            (None, Some(basic), None) => {
                if basic.username.contains(':') && !form_encoded {
                    return Err("has a user name with a colon, which Basic does not allow".to_owned());
                }
                let (username, password) = (basic.username.clone(), basic.password.clone());
                Ok(Self::Basic { username, password, form_encoded })
            }
            (None, None, Some(options)) => {
                let name = options.name.as_deref().or(header).ok_or("needs the `name` of its header")?;
                Ok(Self::Header { name: name.to_owned(), value: options.value.clone() })
            }
            _ => Err("must have exactly one of `bearer`, `basic` and `header`".to_owned()),
        }
    }

    /// The header as it is sent.
    pub fn header(&self, secrets: &dyn Secrets) -> Result<AuthHeader, String> {
        let resolve = |reference| secrets.resolve(reference).map_err(|error| error.to_string());
        let (name, value, secret) = match self {
            Self::Bearer(token) => {
                let token = resolve(token)?;
                ("Authorization", format!("Bearer {}", token.expose_secret()), token)
            }
            Self::Basic { username, password, form_encoded } => {
                let password = resolve(password)?;
                let encode = |text: &str| -> String {
                    if *form_encoded {
                        form_urlencoded::byte_serialize(text.as_bytes()).collect()
                    } else {
                        text.to_owned()
                    }
                };
                let pair = format!("{}:{}", encode(username), encode(password.expose_secret()));
                ("Authorization", format!("Basic {}", STANDARD.encode(pair)), password)
            }
            Self::Header { name, value } => {
                let value = resolve(value)?;
                (name.as_str(), value.expose_secret().to_owned(), value)
            }
        };
        let value = SecretString::from(value);
        // The bare Base64 of a pair is a secret too, and is found inside the whole header value.
        let bare = value.expose_secret().rsplit(' ').next().map(|bare| SecretString::from(bare.to_owned()));
        let secrets = [Some(secret), bare].into_iter().flatten().collect();
        Ok(AuthHeader { name: name.to_owned(), value, secrets })
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::BasicOptions;
    use super::*;
    use crate::client::StaticSecrets;

    fn basic(username: &str) -> AuthOptions {
        let password = SecretReference::parse("env:PASSWORD").unwrap();
        AuthOptions { basic: Some(BasicOptions { username: username.to_owned(), password }), ..AuthOptions::default() }
    }

    #[test]
    fn basic_credentials_are_form_encoded_where_oauth_demands_it() {
        let secrets = StaticSecrets::parse([("env:PASSWORD", "a:b%")]).unwrap();
        let value = |form: bool| {
            let header = Auth::new(&basic("me"), None, form).unwrap().header(&secrets).unwrap();
            header.value.expose_secret().to_owned()
        };
        assert_eq!(value(false), format!("Basic {}", STANDARD.encode("me:a:b%")));
        assert_eq!(value(true), format!("Basic {}", STANDARD.encode("me:a%3Ab%25")));
    }

    #[test]
    fn none_or_two_ways_at_once_are_refused() {
        assert!(Auth::new(&AuthOptions::default(), None, false).is_err());
        let bearer = SecretReference::parse("env:TOKEN").ok();
        assert!(Auth::new(&AuthOptions { bearer, ..basic("me") }, None, false).is_err());
        assert!(Auth::new(&basic("a:b"), None, false).is_err());
    }
}

//! Calls to the daemon: over its local socket, or over the network with the token of a person.

use std::path::Path;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::web::problem::Body;

use super::exit::Error;

/// How long an answer may take; longer than the daemon gives itself.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(40);

/// A client of the daemon.
pub struct Client {
    http: reqwest::Client,
    base: String,
    place: String,
    hint: &'static str,
    token: Option<SecretString>,
}

impl Client {
    /// Over the local socket.
    pub fn local(socket: &Path) -> Result<Self, Error> {
        // No TLS goes over a socket: without authorities the client can be made on a machine that has none.
        let builder = reqwest::Client::builder().timeout(ANSWER_TIME_MAX).no_proxy().tls_certs_only([]);
        let http = builder.unix_socket(socket).build().map_err(|error| unusable(&error))?;
        let place = socket.display().to_string();
        let hint = "start it with `standdown serve`, or name another socket with --socket (or an address with --url)";
        Ok(Self { http, base: "http://localhost".to_owned(), place, hint, token: None })
    }

    /// Over the network.
    pub fn network(url: &str, token: &str) -> Result<Self, Error> {
        let base = url.trim_end_matches('/').to_owned();
        let parsed = url::Url::parse(&base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if parsed.is_none() {
            return Err(Error::Usage(format!("failed to call `{base}`: an address begins with https:// or http://")));
        }
        let builder =
            || reqwest::Client::builder().timeout(ANSWER_TIME_MAX).redirect(reqwest::redirect::Policy::none());
        let http = builder()
            .build()
            .or_else(|_| builder().tls_certs_only(bundled()).build())
            .map_err(|error| unusable(&error))?;
        let hint = "check the address, and that `listen:` of the daemon's configuration can be reached from here";
        Ok(Self { http, place: base.clone(), base, hint, token: Some(token.into()) })
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, Error> {
        self.send(self.request(Method::GET, path).query(query)).await
    }

    /// Orders something.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Decides about exactly the plan of that hash.
    pub async fn post_if_match<T: DeserializeOwned>(
        &self,
        path: &str,
        plan: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.send(self.request(Method::POST, path).header("if-match", format!("\"{plan}\"")).json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let misread = |error: serde_json::Error| Error::Answer { status: status.as_u16(), reason: error.to_string() };
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(misread);
        }
        Err(serde_json::from_slice::<Body>(&bytes).map_or_else(misread, |body| Error::Problem(Box::new(body))))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        // The innermost cause is the one that helps: "connection refused", "no such file".
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Error::Unreachable { place: self.place.clone(), reason: cause.to_string(), hint: self.hint.to_owned() }
    }
}

fn unusable(error: &reqwest::Error) -> Error {
    Error::Failed(format!("failed to make a client: {error}"))
}

/// Mozilla's authorities, for a machine without any certificate files.
fn bundled() -> Vec<reqwest::Certificate> {
    let authorities = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    authorities.filter_map(|authority| reqwest::Certificate::from_der(authority).ok()).collect()
}

/// A part of a path: an id may have slashes and colons in it.
pub fn segment(text: &str) -> String {
    let keep = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    text.bytes().map(|byte| if keep(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_with_slashes_is_one_part_of_a_path() {
        assert_eq!(segment("spiffe://prod/billing-bot@1"), "spiffe%3A%2F%2Fprod%2Fbilling-bot%401");
    }

    #[tokio::test]
    async fn a_daemon_that_does_not_run_is_said_to_be_unreachable_with_its_place() {
        crate::client::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.sock");
        let client = Client::local(&path).unwrap();
        let error = client.get::<serde_json::Value>("/status", &[]).await.unwrap_err();
        let Error::Unreachable { place, hint, .. } = error else { panic!("{error}") };
        assert_eq!(place, path.display().to_string());
        assert!(hint.contains("standdown serve"));
    }

    #[test]
    fn an_address_without_a_scheme_is_refused() {
        assert!(matches!(Client::network("standdown.example.com", "t"), Err(Error::Usage(_))));
    }
}

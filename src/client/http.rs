//! The guarded client itself: one request, one answer.
//!
//! What matters most is the truth of a failure. [`SendError::NotSent`] promises that no byte of the request left this
//! machine, so that the call may be made again; everything else is [`SendError::Ambiguous`]. For that promise's sake every
//! request has a connection of its own ([`GuardedClient::send`]), unless it may be sent again in any case
//! ([`GuardedClient::send_repeatable`]). The client follows no redirect, uses no proxy and never repeats a request: those
//! are the decisions of the state machine above it.

pub use super::error::{BuildError, SendError};
pub use super::options::ClientOptions;
pub use super::request::{Body, Request};
pub use super::response::Response;

use super::address::Guard;
use super::call::{Call, NoteConnected};
use super::kept::Kept;
use super::request::{encode, set_header};
use super::resolver::GuardedResolver;
use super::response::header_texts;
use super::secret::Secrets;
use super::{is_secret_value, tls};
use reqwest::header::HeaderMap;
use reqwest::{Method, redirect, retry};
use secrecy::SecretString;
use serde_json::Value;
use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Where the value of a header of the options comes from.
#[derive(Clone)]
enum HeaderSource {
    Text(SecretString),
    Secret(super::SecretReference),
}

/// Why there was no answer.
struct Failure {
    /// Whether no connection could be made, so that there was nothing to send a byte on.
    to_connect: bool,
    reason: String,
}

/// An HTTP client bound to one connection's options. Cloning it is cheap.
#[derive(Clone)]
pub struct GuardedClient {
    client: reqwest::Client,
    kept: Kept,
    guard: Arc<Guard>,
    headers: Vec<(String, HeaderSource)>,
    secrets: Option<Arc<dyn Secrets>>,
    timeout: Duration,
    body_bytes_max: usize,
    connect_timeout: Duration,
    through_socket: bool,
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GuardedClient").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl GuardedClient {
    /// A client for these options, whose headers hold no secrets.
    ///
    /// # Errors
    /// If the authorities cannot be read, or a header is malformed or a secret.
    pub fn build(options: &ClientOptions) -> Result<Self, BuildError> {
        Self::assemble(options, None)
    }

    /// A client for these options, whose secret headers are resolved anew for each request.
    ///
    /// # Errors
    /// If the authorities cannot be read, or a header is malformed.
    pub fn build_with(options: &ClientOptions, secrets: Arc<dyn Secrets>) -> Result<Self, BuildError> {
        Self::assemble(options, Some(secrets))
    }

    fn assemble(options: &ClientOptions, secrets: Option<Arc<dyn Secrets>>) -> Result<Self, BuildError> {
        tls::install_provider();
        let guard = Arc::new(Guard::new(&options.networks));
        let (connect_timeout, unix_socket) = (options.connect_timeout, options.unix_socket.clone());
        let admitting = Arc::clone(&guard);
        let builder = move || {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("standdown/", env!("CARGO_PKG_VERSION")))
                .no_proxy()
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                .pool_max_idle_per_host(0)
                .connect_timeout(connect_timeout)
                .dns_resolver(GuardedResolver::new(Arc::clone(&admitting)))
                .connector_layer(NoteConnected);
            match &unix_socket {
                Some(path) => builder.unix_socket(path.as_path()),
                None => builder,
            }
        };
        let fault = |error: reqwest::Error| BuildError::Client(deepest(&error));
        let (client, kept) = if let Some(path) = &options.ca {
            let authorities = tls::authorities(path)?;
            let make = move || builder().tls_certs_only(authorities.clone());
            (make().build().map_err(fault)?, Kept::new(make))
        } else if let Ok(client) = builder().build() {
            (client, Kept::new(builder))
        } else {
            // Where the machine has no certificate files, building fails; then the bundled authorities serve.
            let make = move || builder().tls_certs_only(tls::bundled_authorities());
            (make().build().map_err(fault)?, Kept::new(make))
        };
        let headers = options
            .headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), header_source(name, value, secrets.is_some())?)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            client,
            kept,
            guard,
            headers,
            secrets,
            timeout: options.timeout,
            body_bytes_max: options.body_bytes_max,
            connect_timeout,
            through_socket: options.unix_socket.is_some(),
        })
    }

    /// Sends the request over a connection of its own and reads the answer, whatever its status. A redirect is an answer
    /// like any other.
    ///
    /// # Errors
    /// [`SendError::NotSent`] if it is certain that no byte of the request left; otherwise [`SendError::Ambiguous`].
    pub async fn send(&self, request: Request) -> Result<Response, SendError> {
        self.send_over(&self.client, request, false).await
    }

    /// Sends a request that may be sent again, over a connection that an earlier one left open if there is one.
    ///
    /// # Errors
    /// As [`GuardedClient::send`]; but only what failed while it connected is known not to have been sent.
    pub async fn send_repeatable(&self, request: Request) -> Result<Response, SendError> {
        // A call that may be over before connecting is given up could not tell any more that it never connected.
        let connects_in_time = request.timeout.unwrap_or(self.timeout) > self.connect_timeout;
        match self.kept.client() {
            Some(client) if connects_in_time => self.send_over(client, request, true).await,
            _ => self.send(request).await,
        }
    }

    async fn send_over(&self, client: &reqwest::Client, request: Request, kept: bool) -> Result<Response, SendError> {
        let timeout = request.timeout.unwrap_or(self.timeout);
        let plain = request.url.scheme() == "http" && !self.through_socket;
        let place = place(&request.url);
        let prepared = self.prepare(request).map_err(SendError::NotSent)?;
        let call = Call::new(plain);
        let outcome = tokio::time::timeout(timeout, call.scope(self.exchange(client, prepared))).await;
        let (failed_to_connect, reason) = match outcome {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(failure)) => (failure.to_connect, failure.reason),
            Err(_) => (false, format!("no answer within {} ms", timeout.as_millis())),
        };
        let reason = format!("{place}: {reason}");
        // Over a kept connection bytes may have left although this call never connected.
        let sent = if kept { !failed_to_connect } else { call.connected() };
        Err(if sent { SendError::Ambiguous(reason) } else { SendError::NotSent(reason) })
    }

    /// Checks everything that can be checked without the network.
    fn prepare(&self, request: Request) -> Result<reqwest::Request, String> {
        self.check(&request.url)?;
        let method = Method::from_bytes(request.method.as_bytes())
            .ok()
            .filter(|method| *method != Method::CONNECT)
            .ok_or_else(|| format!("{:?} is not a method that can be sent", request.method))?;
        let mut headers = HeaderMap::new();
        for (name, source) in &self.headers {
            set_header(&mut headers, name, &self.header_value(source)?)?;
        }
        for (name, value) in &request.headers {
            set_header(&mut headers, name, value)?;
        }
        let body = request.body.map(|body| encode(body, &mut headers)).transpose()?;
        let mut prepared = reqwest::Request::new(method, request.url);
        *prepared.headers_mut() = headers;
        *prepared.body_mut() = body.map(Into::into);
        Ok(prepared)
    }

    fn header_value(&self, source: &HeaderSource) -> Result<SecretString, String> {
        match (source, &self.secrets) {
            (HeaderSource::Text(text), _) => Ok(text.clone()),
            (HeaderSource::Secret(reference), Some(secrets)) => {
                secrets.resolve(reference).map_err(|error| error.to_string())
            }
            (HeaderSource::Secret(reference), None) => Err(format!("no store resolves the secret {reference}")),
        }
    }

    /// Judges the URL; a literal address never passes through the resolver, so it is judged here.
    fn check(&self, url: &Url) -> Result<(), String> {
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            other => return Err(format!("the scheme {other:?} is not http or https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL holds a user name or password; put it into the connection's auth".to_owned());
        }
        if self.through_socket {
            return Ok(());
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err("the URL has no host".to_owned()),
        };
        self.guard.admit(address, plain).map_err(|refusal| refusal.to_string())
    }

    async fn exchange(&self, client: &reqwest::Client, request: reqwest::Request) -> Result<Response, Failure> {
        let mut answer = client
            .execute(request)
            .await
            .map_err(|error| Failure { to_connect: error.is_connect(), reason: deepest(&error) })?;
        let status = answer.status().as_u16();
        let headers = header_texts(answer.headers());
        let mut body = Vec::new();
        let mut truncated = false;
        loop {
            let chunk = answer.chunk().await.map_err(|error| {
                let reason = format!("status {status}, but the answer broke off: {}", deepest(&error));
                Failure { to_connect: false, reason }
            })?;
            let Some(chunk) = chunk else { break };
            let room = self.body_bytes_max.saturating_sub(body.len());
            body.extend(chunk.iter().take(room));
            if chunk.len() > room {
                truncated = true;
                break;
            }
        }
        Ok(Response { status, headers, body, truncated })
    }
}

fn header_source(name: &str, value: &Value, has_secrets: bool) -> Result<HeaderSource, BuildError> {
    let fail = |reason: &str| BuildError::Header { name: name.to_owned(), reason: reason.to_owned() };
    if let Some(reference) = is_secret_value(value) {
        return if has_secrets {
            Ok(HeaderSource::Secret(reference))
        } else {
            Err(fail("it is a secret, and this client has no store of secrets"))
        };
    }
    let text = value.as_str().ok_or_else(|| fail("its value is neither text nor a secret reference"))?;
    let text = SecretString::from(text);
    set_header(&mut HeaderMap::new(), name, &text).map_err(|reason| fail(&reason))?;
    Ok(HeaderSource::Text(text))
}

/// Scheme, host and port: what may be told of a URL, whose path and query can hold a token.
fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or("(no host)"))
}

/// The innermost cause of an error: the outer ones only name the layers, and may hold the URL.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = error.source();
    let mut text = None;
    while let Some(inner) = cause {
        text = Some(inner.to_string());
        cause = inner.source();
    }
    text.unwrap_or_else(|| "the HTTP client refused the request".to_owned())
}

#[cfg(test)]
mod tests;

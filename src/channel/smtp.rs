//! E-mail by SMTP (RFC 5321): one connection per message, encrypted before anything is said.
//!
//! STARTTLS is demanded, never merely tried: whoever can strip it from the server's greeting would read every approval
//! link. The password is resolved for each message. The mail server is named by the operator alone, so unlike the HTTP
//! client this one may reach private addresses.

use super::error::{BuildError, DeliveryError};
use super::mail;
use super::message::{Address, Message};
use super::options::{SmtpOptions, SmtpTls};
use crate::client::{Redactor, Secrets, tls as client_tls};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::{Error as SmtpError, extension::ClientId};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// Replies about our login (RFC 4954, section 6), which may also come when the mail begins.
const LOGIN_REPLIES: [u16; 4] = [530, 534, 535, 538];

/// A configured mail server.
pub struct SmtpChannel {
    name: String,
    options: SmtpOptions,
    from: Mailbox,
    /// Absent only when the server is on this machine and encryption is off.
    tls: Option<TlsParameters>,
    secrets: Arc<dyn Secrets>,
}

impl fmt::Debug for SmtpChannel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SmtpChannel")
            .field("name", &self.name)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl SmtpChannel {
    /// Sets up the channel; nothing is sent.
    ///
    /// # Errors
    /// If the sender is no address, encryption is off for another machine, the credentials are incomplete or the
    /// authorities cannot be read.
    pub fn build(name: &str, options: &SmtpOptions, secrets: Arc<dyn Secrets>) -> Result<Self, BuildError> {
        let owned = || name.to_owned();
        if options.username.is_some() != options.password.is_some() {
            return Err(BuildError::HalfCredentials { name: owned() });
        }
        let from = options.from.parse().map_err(|_| BuildError::From { name: owned(), from: options.from.clone() })?;
        let tls = match options.tls {
            SmtpTls::Starttls | SmtpTls::Implicit => Some(tls_parameters(name, &options.host, options.ca.as_deref())?),
            SmtpTls::None if is_loopback(&options.host) => None,
            SmtpTls::None => return Err(BuildError::Unencrypted { name: owned() }),
        };
        Ok(Self { name: owned(), options: options.clone(), from, tls, secrets })
    }

    /// The name under which the channel is configured.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hands the message to the mail server.
    ///
    /// # Errors
    /// See [`Channel::send`](super::Channel::send). A 5xx reply to the mail itself is permanent; everything else may pass.
    pub async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let Address::Email(to) = &message.to else {
            return Err(DeliveryError::Permanent(format!("the message is not for the mail channel {}", self.name)));
        };
        let to = to.parse().map_err(|_| DeliveryError::Permanent("the recipient is not a mail address".to_owned()))?;
        let mail = mail::render(message, &self.from, to).map_err(DeliveryError::Permanent)?;
        let password = match &self.options.password {
            Some(reference) => {
                Some(self.secrets.resolve(reference).map_err(|error| DeliveryError::Transient(error.to_string()))?)
            }
            None => None,
        };
        let delivery = self.deliver(&mail, password.as_ref());
        match tokio::time::timeout(self.options.timeout, delivery).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refusal)) => Err(self.classify(&refusal, password.as_ref())),
            Err(_) => {
                let milliseconds = self.options.timeout.as_millis();
                Err(DeliveryError::Transient(format!("{}: not done within {milliseconds} ms", self.place())))
            }
        }
    }

    async fn deliver(&self, mail: &lettre::Message, password: Option<&SecretString>) -> Result<(), Refusal> {
        let mut connection = self.connect(password).await.map_err(Refusal::Session)?;
        connection.send(mail.envelope(), &mail.formatted()).await.map_err(Refusal::Mail)?;
        // The mail is accepted; how the connection ends changes nothing.
        connection.quit().await.ok();
        Ok(())
    }

    async fn connect(&self, password: Option<&SecretString>) -> Result<AsyncSmtpConnection, SmtpError> {
        let server = (self.options.host.as_str(), self.options.port());
        let hello = ClientId::default();
        let implicit = self.tls.clone().filter(|_| self.options.tls == SmtpTls::Implicit);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.options.timeout), &hello, implicit, None).await?;
        if let Some(tls) = self.tls.clone().filter(|_| self.options.tls == SmtpTls::Starttls) {
            connection.starttls(tls, &hello).await?;
        }
        if let (Some(username), Some(password)) = (&self.options.username, password) {
            let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    fn classify(&self, refusal: &Refusal, password: Option<&SecretString>) -> DeliveryError {
        let (Refusal::Session(error) | Refusal::Mail(error)) = refusal;
        let reason = Redactor::new(password).text(&format!("{}: {error}", self.place()));
        if refusal.is_permanent() { DeliveryError::Permanent(reason) } else { DeliveryError::Transient(reason) }
    }

    fn place(&self) -> String {
        format!("mail server {}:{}", self.options.host, self.options.port())
    }
}

/// What a server refused.
enum Refusal {
    /// To serve us: the connection, its encryption or our login. That is the operator's to put right, and then every
    /// message can still go out.
    Session(SmtpError),
    /// The sender, the recipient or the mail.
    Mail(SmtpError),
}

impl Refusal {
    fn is_permanent(&self) -> bool {
        match self {
            Self::Session(_) => false,
            Self::Mail(error) => {
                let code = error.status().map(u16::from);
                error.is_permanent() && !code.is_some_and(|code| LOGIN_REPLIES.contains(&code))
            }
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls_parameters(name: &str, host: &str, ca: Option<&Path>) -> Result<TlsParameters, BuildError> {
    client_tls::install_provider();
    let fail = |error: SmtpError| BuildError::Tls { name: name.to_owned(), reason: error.to_string() };
    let only = |certificates: Vec<Certificate>| -> TlsParametersBuilder {
        let builder = TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::None);
        certificates.into_iter().fold(builder, TlsParametersBuilder::add_root_certificate)
    };
    let Some(path) = ca else {
        // Where the machine has no certificate files, building fails; then the bundled authorities serve.
        return TlsParameters::builder(host.to_owned()).build().or_else(|_| {
            let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            let bundled = bundled.filter_map(|authority| Certificate::from_der(authority.to_vec()).ok()).collect();
            only(bundled).build().map_err(fail)
        });
    };
    let unusable = |reason: String| BuildError::Authority { name: name.to_owned(), path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
    only(vec![certificate]).build().map_err(fail)
}

#[cfg(test)]
mod tests;

//! Real servers, each on a free loopback port with its files in a folder of its own, ended when its value is dropped.
//!
//! A missing server fails the test: what was not tried was not shown. `tests/servers/install` installs them all.
//! Start them on the test's own task: the guard against a killed test watches the thread that started the server.

mod alertmanager;
mod chromium;
mod envoy;
mod language_server;
mod nginx;
mod oidc;
mod postgres;
mod process;
mod smtp;

pub use alertmanager::Alertmanager;
pub use chromium::Chromium;
pub use envoy::Envoy;
pub use language_server::LanguageServer;
pub use nginx::Nginx;
pub use oidc::{OidcProvider, Policy};
pub use postgres::{Ending, Postgres};
pub use smtp::{Mail, Smtp};

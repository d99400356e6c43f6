//! Connectors: integrations that are declared in YAML, on top of HTTP.
//!
//! A file says what a connection needs and, for each action, which request is made, what its answers mean, how its effect
//! is looked for and how it is undone. It is compiled whole, with every fault at its place, or not at all. The files are
//! part of the program; their digest is part of the plan that people approve.

mod action;
mod compile;
mod conditions;
mod declaration;
mod example;
mod fields;
mod parameter;
mod probe;
mod raw;
mod request;
mod values;

use std::sync::{Arc, LazyLock};

pub use action::ConnectorAction;
pub use compile::CONNECTOR_FAULT;
pub use declaration::{Connector, Declaration};

use crate::language::{Diagnostic, Source};

/// The files of the program. A new connector is one file and one line here.
const FILES: [(&str, &str); 1] = [("connectors/oauth.yaml", include_str!("../connectors/oauth.yaml"))];

static EMBEDDED: LazyLock<Result<Vec<Connector>, Vec<Diagnostic>>> = LazyLock::new(|| {
    let mut connectors = Vec::new();
    let mut faults = Vec::new();
    for (name, text) in FILES {
        match compile::compile(&Source { name: name.to_owned(), text: text.to_owned() }) {
            Ok(connector) => connectors.push(connector),
            Err(more) => faults.extend(more),
        }
    }
    if faults.is_empty() { Ok(connectors) } else { Err(faults) }
});

/// The connectors that are part of the program, compiled once.
pub fn embedded() -> &'static Result<Vec<Connector>, Vec<Diagnostic>> {
    &EMBEDDED
}

/// The declarations of one connector, as its actions hold them.
pub type Declarations = Vec<Arc<Declaration>>;

#[cfg(test)]
mod tests;

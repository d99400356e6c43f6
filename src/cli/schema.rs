//! `standdown schema`: the JSON Schema of playbooks, with every action of this program.

use clap::Args;

use crate::action::Registry;
use crate::playbook::schema::schema;

use super::exit::Error;
use super::output::say_json;

/// Print the JSON Schema of playbooks.
#[derive(Debug, Args)]
pub struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "every command is run in the same way")]
    pub fn run(self) -> Result<(), Error> {
        Ok(say_json(&schema(&Registry::catalogue_without_connections()))?)
    }
}

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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use serde_json::Value;

    use super::*;
    use crate::language::{Source, parse};

    fn shipped(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks").join(name)
    }

    #[test]
    fn the_schema_beside_the_shipped_playbooks_is_that_of_this_program() {
        let text = std::fs::read_to_string(shipped("playbook.schema.json")).unwrap();
        let found: Value = serde_json::from_str(&text).unwrap();
        let same = found == schema(&Registry::catalogue_without_connections());
        assert!(same, "it has grown old: run `standdown schema > playbooks/playbook.schema.json`");
    }

    #[test]
    fn the_schema_takes_every_shipped_playbook() {
        let validator = jsonschema::draft202012::new(&schema(&Registry::catalogue_without_connections())).unwrap();
        let files = std::fs::read_dir(shipped("")).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<PathBuf> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .filter(|path| !path.to_string_lossy().ends_with(".test.yaml"))
            .collect();
        assert!(files.len() >= 14);
        for file in files {
            let source = Source { name: file.display().to_string(), text: std::fs::read_to_string(&file).unwrap() };
            let (value, _) = parse::<Value>(&source).unwrap();
            let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{}: {faults:#?}", source.name);
        }
    }
}

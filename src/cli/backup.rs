//! `standdown backup`: the store of one moment in one file, also while the daemon runs.

use std::path::PathBuf;

use clap::Args;

use crate::store::upkeep;

use super::context::Context;
use super::exit::Error;

/// Copy the store to a file. When this says so, the copy is on disk and was found sound.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write
    file: PathBuf,
    /// Replace the file if it is there already
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let configuration = context.configuration().map_err(|faults| super::check::refused(&faults))?;
        let made = upkeep::backup(&configuration.store, &self.file, self.force).await;
        let made = made.map_err(|error| Error::Failed(error.to_string()))?;
        context.show(&made, |made| {
            format!("backed up to {} ({} bytes, tables of version {})\n", made.file.display(), made.bytes, made.schema)
        })
    }
}

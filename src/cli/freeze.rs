//! `standdown freeze` and `standdown thaw`.

use clap::Args;

use crate::engine;
use crate::machine::Tone;
use crate::web::api::view::FreezeOrder;

use super::context::Context;
use super::exit::Error;
use super::render::{paint, quoted};

/// Stop the daemon from calling anything outside.
#[derive(Debug, Args)]
pub struct Freeze {
    /// Why
    #[arg(long)]
    reason: String,
}

/// Let the daemon call the outside again.
#[derive(Debug, Args)]
pub struct Thaw {
    /// Why
    #[arg(long)]
    reason: String,
}

impl Freeze {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        order(context, "/freeze", self.reason).await
    }
}

impl Thaw {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        order(context, "/thaw", self.reason).await
    }
}

async fn order(context: &Context, path: &str, reason: String) -> Result<(), Error> {
    let freeze: engine::Freeze = context.client()?.post(path, &FreezeOrder { reason }).await?;
    context.show(&freeze, |freeze| {
        let (tone, word) = if freeze.frozen {
            (Tone::Bad, "✗ FROZEN: nothing outside is called; deadlines and votes go on")
        } else {
            (Tone::Good, "✓ thawed: calls to the outside go on")
        };
        format!("{}\n  by {}: \"{}\"\n", paint(tone, word), freeze.by, quoted(&freeze.reason))
    })
}

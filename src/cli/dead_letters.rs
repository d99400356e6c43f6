//! `standdown dead-letters`: deliveries that were authenticated and still refused, so that a mapping can be mended.

use clap::Args;
use jiff::Timestamp;

use crate::machine::Tone;
use crate::web::api::view::DeadLetterList;

use super::context::Context;
use super::exit::Error;
use super::render::{Table, or_nothing, quoted, time};

/// Deliveries that were authenticated and still refused. With --json their bodies, too.
#[derive(Debug, Args)]
pub struct DeadLetters {
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

impl DeadLetters {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let now = context.now();
        let query = [("limit", self.limit.to_string())];
        let list: DeadLetterList = context.client()?.get("/dead-letters", &query).await?;
        context.show(&list, |list| or_nothing(&table(list, now), "no delivery was refused"))
    }
}

fn table(list: &DeadLetterList, now: Timestamp) -> Table {
    let mut table = Table::new(["source", "arrived", "code", "reason"]);
    for letter in &list.dead_letters {
        table.row(
            Tone::Bad,
            [letter.source.to_string(), time::relative(letter.at, now), letter.code.clone(), quoted(&letter.reason)],
        );
    }
    table
}

//! One line about a code, wherever in the program it comes from.

use crate::{config, intake, language, playbook, rehearsal, source, web};

use super::exit::Error;
use super::output::say;

/// A fault of an embedded connector; no configuration of an operator causes it.
const CONNECTOR_FAULT: (&str, &str) = ("SD0401", "A connector's declaration is not one: a fault of this program.");

/// Says what a code means, or lists all of them.
pub fn explain(code: Option<String>) -> Result<(), Error> {
    let wanted = code.map(|code| code.to_ascii_uppercase());
    let lines: Vec<String> = all()
        .filter(|(code, _)| wanted.as_deref().is_none_or(|wanted| wanted == *code))
        .map(|(code, words)| format!("{code}  {words}\n"))
        .collect();
    match (lines.is_empty(), wanted) {
        (true, Some(code)) => {
            Err(Error::Failed(format!("there is no code {code}; `standdown explain` lists all of them")))
        }
        _ => Ok(say(&lines.concat())?),
    }
}

/// Every code of the program, room by room.
fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    language::codes::all()
        .chain(playbook::codes::all())
        .chain([CONNECTOR_FAULT])
        .chain(rehearsal::codes::all())
        .chain(config::codes::all())
        .chain(intake::codes::all())
        .chain(source::codes::all())
        .chain(web::codes::all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rooms_share_a_code() {
        let mut codes: Vec<&str> = all().map(|(code, _)| code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(count > 100, "{count}");
    }
}

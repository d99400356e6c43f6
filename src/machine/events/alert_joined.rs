//! Another alert of the incident joined the run: it counts, and its source may be the one that was waited for.

use crate::domain::SourceId;
use crate::machine::motion::Motion;

/// How many sources a run remembers.
const SOURCES_MAX: usize = 16;

pub fn apply(motion: &mut Motion<'_>, source: Option<&SourceId>) {
    let run = &mut motion.run;
    run.joined = run.joined.saturating_add(1);
    // Standdown's own alerts would take the place of those of others.
    if let Some(source) = source.filter(|source| **source != run.alert.source && !source.is_own())
        && run.sources.len() < SOURCES_MAX
    {
        run.sources.insert(source.clone());
    }
}

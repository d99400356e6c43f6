//! The embedded mappings: files in the same language as any other mapping, so that an engineer can copy one and change it.

use super::options::MapOptions;
use crate::language;
use serde::Deserialize;

const PRESETS: [(&str, &str); 2] =
    [("alertmanager", include_str!("mappings/alertmanager.yaml")), ("generic", include_str!("mappings/generic.yaml"))];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    map: MapOptions,
}

/// The names of the presets, in order.
pub fn presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The text of a preset, with its comments, to be copied and changed.
#[must_use]
pub fn preset_text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The mapping of a preset.
pub(super) fn mapping(name: &str) -> Option<MapOptions> {
    let file = language::Source { name: format!("{name}.yaml"), text: preset_text(name)?.to_owned() };
    // A preset that can't be read fails a test of this module, so that here it is as good as unknown.
    language::parse::<PresetFile>(&file).ok().map(|(preset, _)| preset.map)
}

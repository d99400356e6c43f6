//! Options that may be written short, as one expression, or long, as an object. They are read by hand, because serde's
//! own way of reading either shape loses the place of a fault.

use super::map::{AgentOptions, FieldsOptions};
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentParts {
    id: Option<String>,
    instance: Option<String>,
    name: Option<String>,
}

impl<'de> Deserialize<'de> for AgentOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AgentVisitor)
    }
}

struct AgentVisitor;

impl<'de> Visitor<'de> for AgentVisitor {
    type Value = AgentOptions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression for the agent's id, or an object with id, instance and name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(AgentOptions { id: Some(text.to_owned()), short: true, ..AgentOptions::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let AgentParts { id, instance, name } = AgentParts::deserialize(MapAccessDeserializer::new(map))?;
        Ok(AgentOptions { id, instance, name, short: false })
    }
}

impl<'de> Deserialize<'de> for FieldsOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = FieldsOptions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of names and expressions, or an expression that gives an object")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(FieldsOptions::All(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(FieldsOptions::Each)
    }
}

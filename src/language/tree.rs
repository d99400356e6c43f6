//! A YAML or JSON value whose texts are templates: the parameters of a step.
//!
//! A tree is compiled leaf by leaf, so that what a value contains can never change the shape around it: a quote or a
//! colon inside a value stays inside its leaf.

use super::{Environment, Escape, Fault, RenderError, Template};
use crate::language::yaml::escape_pointer;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// How deeply a tree may be nested.
const DEPTH_MAX: usize = 32;

/// A value with templates for texts.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text, with or without values in it.
    Template(Template),
    /// A list.
    List(Vec<Tree>),
    /// A mapping; its keys are no templates.
    Map(BTreeMap<String, Tree>),
}

impl Tree {
    /// Compiles every text in a value; each fault comes with the JSON pointer of its leaf, which starts with `pointer`.
    pub fn compile(
        value: &Json,
        pointer: &str,
        env: &Environment,
        escape: Escape,
    ) -> Result<Tree, Vec<(String, Fault)>> {
        let mut faults = Vec::new();
        let tree = compile(value, pointer, env, escape, &mut faults, 0);
        if faults.is_empty() { Ok(tree) } else { Err(faults) }
    }

    /// The value with every template rendered. An error says at which leaf, by a pointer from the root of the tree.
    pub fn render(&self, variables: &Json) -> Result<Json, RenderError> {
        render(self, variables, "")
    }

    /// Every template with its JSON pointer from the root of the tree, in order.
    pub fn templates(&self) -> impl Iterator<Item = (String, &Template)> {
        let mut found = Vec::new();
        collect(self, String::new(), &mut found);
        found.into_iter()
    }
}

fn compile(
    value: &Json,
    pointer: &str,
    env: &Environment,
    escape: Escape,
    faults: &mut Vec<(String, Fault)>,
    depth: usize,
) -> Tree {
    if depth > DEPTH_MAX {
        let message = format!("the value is nested more than {DEPTH_MAX} levels deep");
        let fault = Fault::new(super::codes::YAML_TOO_DEEP, message, 0, 1);
        faults.push((pointer.to_owned(), fault));
        return Tree::Null;
    }
    match value {
        Json::Null => Tree::Null,
        Json::Bool(value) => Tree::Bool(*value),
        Json::Number(number) => Tree::Number(number.clone()),
        Json::String(text) => match Template::compile(text, env, escape) {
            Ok(template) => Tree::Template(template),
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| (pointer.to_owned(), fault)));
                Tree::Null
            }
        },
        Json::Array(items) => {
            let items = items.iter().enumerate();
            let item = |(index, item)| compile(item, &format!("{pointer}/{index}"), env, escape, faults, depth + 1);
            Tree::List(items.map(item).collect())
        }
        Json::Object(object) => {
            let entry = |(key, value): (&String, &Json)| {
                let pointer = format!("{pointer}/{}", escape_pointer(key));
                (key.clone(), compile(value, &pointer, env, escape, faults, depth + 1))
            };
            Tree::Map(object.iter().map(entry).collect())
        }
    }
}

fn render(tree: &Tree, variables: &Json, pointer: &str) -> Result<Json, RenderError> {
    match tree {
        Tree::Null => Ok(Json::Null),
        Tree::Bool(value) => Ok(Json::Bool(*value)),
        Tree::Number(number) => Ok(Json::Number(number.clone())),
        Tree::Template(template) => template
            .render(variables)
            .map_err(|error| RenderError::At { pointer: pointer.to_owned(), error: Box::new(error) }),
        Tree::List(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(index, item)| render(item, variables, &format!("{pointer}/{index}")));
            items.collect::<Result<_, _>>().map(Json::Array)
        }
        Tree::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let pointer = format!("{pointer}/{}", escape_pointer(key));
                render(value, variables, &pointer).map(|value| (key.clone(), value))
            });
            entries.collect::<Result<_, _>>().map(Json::Object)
        }
    }
}

fn collect<'t>(tree: &'t Tree, pointer: String, found: &mut Vec<(String, &'t Template)>) {
    match tree {
        Tree::Null | Tree::Bool(_) | Tree::Number(_) => {}
        Tree::Template(template) => found.push((pointer, template)),
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{index}"), found);
            }
        }
        Tree::Map(entries) => {
            for (key, value) in entries {
                collect(value, format!("{pointer}/{}", escape_pointer(key)), found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Type, codes};
    use serde_json::json;

    fn environment() -> Environment {
        Environment::new()
            .with("agent", Type::object([("id", Type::String), ("count", Type::Int), ("token", Type::Secret)]))
    }

    fn compile(value: &Json) -> Result<Tree, Vec<(String, Fault)>> {
        Tree::compile(value, "/with", &environment(), Escape::None)
    }

    #[test]
    fn leaves_are_rendered_and_keep_their_types() {
        let value = json!({
            "id": "x-{{agent.id}}", "n": "{{agent.count}}", "token": "{{agent.token}}", "a/b": [1, true, null, "{{agent.id}}"]
        });
        let variables = json!({"agent": {"id": "b\"ot: {{x}}", "count": 3, "token": {"secret": "vault:x"}}});
        let rendered = compile(&value).unwrap().render(&variables).unwrap();
        let wanted = json!({
            "id": "x-b\"ot: {{x}}", "n": 3, "token": {"secret": "vault:x"}, "a/b": [1, true, null, "b\"ot: {{x}}"]
        });
        assert_eq!(rendered, wanted);
    }

    #[test]
    fn faults_and_errors_name_their_leaf() {
        let found = compile(&json!({"a/b": ["{{agent.idd}}"], "c": "x {{agent.token}}"})).unwrap_err();
        let places: Vec<_> = found.iter().map(|(pointer, fault)| (pointer.as_str(), fault.code)).collect();
        assert_eq!(places, [("/with/a~1b/0", codes::TEMPLATE_UNKNOWN_FIELD), ("/with/c", codes::TEMPLATE_SECRET)]);
        let tree = compile(&json!({"a": ["{{agent.id}}"]})).unwrap();
        let error = tree.render(&json!({"agent": {}})).unwrap_err();
        assert!(matches!(&error, RenderError::At { pointer, .. } if pointer == "/a/0"), "{error:?}");
        assert!(error.to_string().contains("`agent.id` has no value"), "{error}");
    }

    #[test]
    fn templates_are_listed_with_their_places() {
        let tree = compile(&json!({"b": [1, "{{agent.id}}"], "a": "text"})).unwrap();
        let found: Vec<_> =
            tree.templates().map(|(pointer, template)| (pointer, template.source().to_owned())).collect();
        assert_eq!(found, [("/a".to_owned(), "text".to_owned()), ("/b/1".to_owned(), "{{agent.id}}".to_owned())]);
    }

    #[test]
    fn a_tree_without_end_is_refused() {
        let mut value = json!("x");
        for _ in 0..100 {
            value = json!([value]);
        }
        assert_eq!(compile(&value).unwrap_err()[0].1.code, codes::YAML_TOO_DEEP);
    }
}

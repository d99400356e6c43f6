//! Named values of a request (headers, query, form, the top of a JSON object), rendered one by one.
//!
//! A value that is nothing but an optional parameter is left out when the parameter is: a server should see no empty
//! `token_type_hint`. Everything else must have a value.

use serde_json::{Map, Value};

use super::compile::Faults;
use super::values::Scope;
use crate::language::{Environment, Escape, Tree};

/// The fields, by name.
#[derive(Debug, Default)]
pub struct Fields(Vec<Field>);

#[derive(Debug)]
struct Field {
    name: String,
    tree: Tree,
    /// The optional parameter without which it is left out.
    only_with: Option<String>,
}

impl Fields {
    /// Compiles the values below a pointer.
    pub fn compile<'a>(
        entries: impl IntoIterator<Item = (&'a String, &'a Value)>,
        pointer: &str,
        scope: &Scope,
        faults: &mut Faults<'_>,
    ) -> Self {
        let field = |(name, value): (&'a String, &'a Value)| {
            let tree = compile_tree(value, &format!("{pointer}/{}", escaped(name)), &scope.environment, faults)?;
            Some(Field { name: name.clone(), tree, only_with: scope.optional_alone(value) })
        };
        Self(entries.into_iter().filter_map(field).collect())
    }

    /// The values that have one. The error names the field.
    pub fn render(&self, variables: &Value) -> Result<Map<String, Value>, String> {
        let mut rendered = Map::new();
        for field in &self.0 {
            let missing = |name: &String| variables.get(name).is_none_or(Value::is_null);
            if field.only_with.as_ref().is_some_and(missing) {
                continue;
            }
            let value = field.tree.render(variables).map_err(|error| format!("`{}`: {error}", field.name))?;
            rendered.insert(field.name.clone(), value);
        }
        Ok(rendered)
    }
}

/// Compiles the templates of a value; faults are reported at their places.
pub fn compile_tree(value: &Value, pointer: &str, environment: &Environment, faults: &mut Faults<'_>) -> Option<Tree> {
    match Tree::compile(value, pointer, environment, Escape::None) {
        Ok(tree) => Some(tree),
        Err(found) => {
            for (place, fault) in found {
                faults.inside(&place, &fault);
            }
            None
        }
    }
}

/// A key as a segment of a JSON pointer (RFC 6901).
pub fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

//! Rendering: the values of the paths, the loops, and the limit on what comes out.
//!
//! The tree is as deep as the blocks of the text, which were limited before it was read.

use super::escape::Escape;
use super::helpers::{Helper, plain};
use super::paths::{Path, Root};
use super::{Node, Operand};
use serde_json::Value as Json;
use std::borrow::Cow;

/// The longest text that is rendered, in bytes.
pub(super) const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// How many rounds all loops of one rendering may have.
const ROUNDS_MAX: usize = 10_000;

/// Why a template could not be rendered. Each message completes "failed to render the template: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A value is missing or null.
    #[error("`{path}` has no value; write {{{{default {path} \"...\"}}}} if it may be missing")]
    Missing {
        /// The path as it was written.
        path: String,
    },
    /// A list or an object stands where text is needed.
    #[error("`{path}` is a list or an object, which has no text; write its fields, or use `join` or `json`")]
    NotText {
        /// The path as it was written.
        path: String,
    },
    /// A value that is looped over is no list and no object.
    #[error("`{path}` is no list; `each` runs over lists and objects")]
    NotList {
        /// The path as it was written.
        path: String,
    },
    /// A helper refused its arguments.
    #[error("the helper `{helper}` refused its arguments: {reason}")]
    Helper {
        /// The name of the helper.
        helper: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The result is longer than is allowed.
    #[error("the text grew beyond 64 KiB; shorten the values with `truncate`")]
    TooLong,
    /// The same, at a leaf of a tree.
    #[error("at `{pointer}`: {error}")]
    At {
        /// The JSON pointer of the leaf.
        pointer: String,
        /// What went wrong there.
        error: Box<RenderError>,
    },
}

struct Render<'a> {
    variables: &'a Json,
    rounds: usize,
    out: String,
}

/// What a loop adds to what paths can name.
#[derive(Clone)]
struct Scope<'a> {
    item: &'a Json,
    key: Json,
    index: usize,
    count: usize,
    item_name: Option<&'a str>,
    index_name: Option<&'a str>,
}

/// The value of a template that is one expression.
pub(super) fn whole(operand: &Operand, variables: &Json) -> Result<Json, RenderError> {
    let value = value(operand, variables, &[])?;
    if let Json::String(text) = value.as_ref()
        && text.len() > OUTPUT_BYTES_MAX
    {
        return Err(RenderError::TooLong);
    }
    Ok(value.into_owned())
}

/// The text of a template.
pub(super) fn text(nodes: &[Node], escape: Escape, variables: &Json) -> Result<String, RenderError> {
    let mut render = Render { variables, rounds: 0, out: String::new() };
    render.nodes(nodes, escape, &[])?;
    Ok(render.out)
}

impl<'a> Render<'a> {
    fn nodes(&mut self, nodes: &'a [Node], escape: Escape, scopes: &[Scope<'a>]) -> Result<(), RenderError> {
        for node in nodes {
            match node {
                Node::Text(text) => self.push(text)?,
                Node::Value(operand) => {
                    let value = value(operand, self.variables, scopes)?;
                    let text = plain(&value).ok_or_else(|| RenderError::NotText { path: name(operand) })?;
                    self.push(&escape.apply(&text))?;
                }
                Node::If { condition, negated, then, otherwise } => {
                    let holds = is_truthy(condition, self.variables, scopes)?;
                    self.nodes(if holds == *negated { otherwise } else { then }, escape, scopes)?;
                }
                Node::Each { list, item, index, body, otherwise } => {
                    let names = (item.as_deref(), index.as_deref());
                    self.each(list, names, (body, otherwise), escape, scopes)?;
                }
            }
        }
        Ok(())
    }

    fn each(
        &mut self,
        list: &'a Operand,
        names: (Option<&'a str>, Option<&'a str>),
        (body, otherwise): (&'a [Node], &'a [Node]),
        escape: Escape,
        scopes: &[Scope<'a>],
    ) -> Result<(), RenderError> {
        let Operand::Path(path) = list else { return Err(RenderError::NotList { path: name(list) }) };
        let found = borrowed(path, self.variables, scopes).filter(|value| !value.is_null());
        let items: Vec<(Json, &'a Json)> = match found {
            Some(Json::Array(list)) => (0_usize..).map(Json::from).zip(list).collect(),
            Some(Json::Object(object)) => object.iter().map(|(key, value)| (Json::from(key.as_str()), value)).collect(),
            Some(_) => return Err(RenderError::NotList { path: path.text.clone() }),
            None => return Err(RenderError::Missing { path: path.text.clone() }),
        };
        if items.is_empty() {
            return self.nodes(otherwise, escape, scopes);
        }
        let count = items.len();
        for (index, (key, value)) in items.into_iter().enumerate() {
            self.rounds += 1;
            if self.rounds > ROUNDS_MAX {
                return Err(RenderError::TooLong);
            }
            let mut inner = scopes.to_vec();
            inner.push(Scope { item: value, key, index, count, item_name: names.0, index_name: names.1 });
            self.nodes(body, escape, &inner)?;
        }
        Ok(())
    }

    fn push(&mut self, text: &str) -> Result<(), RenderError> {
        if self.out.len() + text.len() > OUTPUT_BYTES_MAX {
            return Err(RenderError::TooLong);
        }
        self.out.push_str(text);
        Ok(())
    }
}

/// The value of an operand; a missing or null one is an error.
fn value<'v>(operand: &'v Operand, variables: &'v Json, scopes: &[Scope<'v>]) -> Result<Cow<'v, Json>, RenderError> {
    match operand {
        Operand::Literal(value) => Ok(Cow::Borrowed(value)),
        Operand::Path(path) => {
            let found = lookup(path, variables, scopes).filter(|value| !value.is_null());
            found.ok_or_else(|| RenderError::Missing { path: path.text.clone() })
        }
        Operand::Call { helper: Helper::Default, arguments } => {
            let mut arguments = arguments.iter();
            let first = arguments.next().map(|argument| value(argument, variables, scopes));
            match (first, arguments.next()) {
                (Some(Ok(found)), _) if found.as_str() != Some("") => Ok(found),
                (Some(Ok(_) | Err(RenderError::Missing { .. })), Some(fallback)) => value(fallback, variables, scopes),
                (Some(other), _) => other,
                (None, _) => Err(RenderError::Helper { helper: "default", reason: "it has no arguments" }),
            }
        }
        Operand::Call { helper, arguments } => {
            let values = arguments.iter().map(|argument| value(argument, variables, scopes).map(Cow::into_owned));
            let values: Vec<Json> = values.collect::<Result<_, _>>()?;
            helper.apply(&values).map(Cow::Owned)
        }
    }
}

/// Whether a condition holds: missing, null, false, zero and everything empty do not.
fn is_truthy(operand: &Operand, variables: &Json, scopes: &[Scope<'_>]) -> Result<bool, RenderError> {
    match value(operand, variables, scopes) {
        Ok(value) => Ok(match value.as_ref() {
            Json::Null => false,
            Json::Bool(value) => *value,
            Json::Number(number) => number.as_f64() != Some(0.0),
            Json::String(text) => !text.is_empty(),
            Json::Array(items) => !items.is_empty(),
            Json::Object(object) => !object.is_empty(),
        }),
        Err(RenderError::Missing { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn lookup<'v>(path: &Path, variables: &'v Json, scopes: &[Scope<'v>]) -> Option<Cow<'v, Json>> {
    let local = |scope: &Scope<'v>, name: &str| match name {
        "index" => Json::from(scope.index),
        "key" => scope.key.clone(),
        "first" => Json::from(scope.index == 0),
        _ => Json::from(scope.index + 1 == scope.count),
    };
    match &path.root {
        Root::Local(name) => scopes.last().map(|scope| Cow::Owned(local(scope, name))),
        Root::Name(name) => match scopes.iter().rev().find(|scope| names(scope, name)) {
            Some(scope) if scope.index_name == Some(name) && path.fields.is_empty() => {
                Some(Cow::Owned(scope.key.clone()))
            }
            _ => borrowed(path, variables, scopes).map(Cow::Borrowed),
        },
        Root::This => borrowed(path, variables, scopes).map(Cow::Borrowed),
    }
}

fn names(scope: &Scope<'_>, name: &str) -> bool {
    scope.item_name == Some(name) || scope.index_name == Some(name)
}

/// The value of a path that lies in the variables or in an item of a loop.
fn borrowed<'v>(path: &Path, variables: &'v Json, scopes: &[Scope<'v>]) -> Option<&'v Json> {
    let root = match &path.root {
        Root::Local(_) => return None,
        Root::This => scopes.last()?.item,
        Root::Name(name) => match scopes.iter().rev().find(|scope| names(scope, name)) {
            Some(scope) if scope.item_name == Some(name) => scope.item,
            Some(_) => return None,
            None => variables.get(name)?,
        },
    };
    path.fields.iter().try_fold(root, |value, field| value.get(field))
}

fn name(operand: &Operand) -> String {
    match operand {
        Operand::Path(path) => path.text.clone(),
        Operand::Literal(value) => value.to_string(),
        Operand::Call { helper, .. } => helper.name().to_owned(),
    }
}

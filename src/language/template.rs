//! Templates: texts with values in them, written as handlebars, <https://handlebarsjs.com>.
//!
//! Only the parser of the handlebars crate is used. What it reads is checked against the variables of its place and
//! turned into a small tree of our own, so that nothing is rendered by rules that are not written here: a missing
//! value is an error and never an empty text, a value is escaped for where it goes, an object is never printed, and
//! nothing reaches a variable that was not named. Pages of the web interface are not templates of this module.

mod escape;
mod helpers;
mod lint;
mod lower;
mod paths;
pub mod reference;
mod render;
mod scan;
mod shown;

pub use escape::Escape;
pub use render::RenderError;

use super::codes::TEMPLATE_SYNTAX;
use super::{Environment, Fault, stack};
use std::fmt;
use std::sync::Arc;

/// A compiled template. Two are equal if their texts and their escapes are; a clone shares the compiled form.
#[derive(Clone)]
pub struct Template {
    inner: Arc<Compiled>,
}

struct Compiled {
    source: String,
    escape: Escape,
    literal: bool,
    nodes: Vec<Node>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Value(Operand),
    If { condition: Operand, negated: bool, then: Vec<Node>, otherwise: Vec<Node> },
    Each { list: Operand, item: Option<String>, index: Option<String>, body: Vec<Node>, otherwise: Vec<Node> },
}

/// What gives a value.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Path(paths::Path),
    Literal(serde_json::Value),
    Call { helper: helpers::Helper, arguments: Vec<Operand> },
}

impl Template {
    /// Compiles a text against the variables of its place; every fault that can be found at once is returned.
    ///
    /// `escape` says how values inside a longer text are escaped.
    pub fn compile(text: &str, env: &Environment, escape: Escape) -> Result<Self, Vec<Fault>> {
        if !text.contains("{{") {
            return Ok(Self::text(text));
        }
        scan::scan(text).map_err(|fault| vec![fault])?;
        let parsed = stack::with_large_stack(|| {
            let nodes = lower::parse(text)?;
            lint::lint(&nodes, text, env)?;
            Ok(nodes)
        });
        let parsed = parsed.unwrap_or_else(|| {
            let message = "the template can't be read";
            Err(vec![Fault::new(TEMPLATE_SYNTAX, message, 0, text.chars().count())])
        });
        let inner = Compiled { source: text.to_owned(), escape, literal: false, nodes: parsed? };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A text in which nothing is replaced, whatever it contains.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let nodes = vec![Node::Text(text.to_owned())];
        let inner = Compiled { source: text.to_owned(), escape: Escape::None, literal: true, nodes };
        Self { inner: Arc::new(inner) }
    }

    /// The text that was compiled.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// Whether nothing in the text is replaced.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.inner.literal
    }

    /// Renders with `variables` (an object: name to value).
    ///
    /// A template that is one expression and nothing else gives the value as it is: a number stays a number, the
    /// reference of a secret stays a reference, and nothing is escaped. Everything else gives a string.
    pub fn render(&self, variables: &serde_json::Value) -> Result<serde_json::Value, RenderError> {
        match self.inner.nodes.as_slice() {
            [Node::Value(operand)] => render::whole(operand, variables),
            _ => self.render_text(variables).map(serde_json::Value::String),
        }
    }

    /// Renders to a text; here a single expression is escaped too.
    pub fn render_text(&self, variables: &serde_json::Value) -> Result<String, RenderError> {
        render::text(&self.inner.nodes, self.inner.escape, variables)
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        let parts = |template: &Self| (template.inner.literal, template.inner.escape);
        self.inner.source == other.inner.source && parts(self) == parts(other)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.inner.source).finish()
    }
}

#[cfg(test)]
mod tests;

//! The language that security engineers write: YAML with places, CEL expressions and handlebars templates.
//!
//! This module owns the reading of text that people wrote and the faults found in it, each with a file, a line, a
//! column, a stable code and a hint. It must not know what a playbook is: its callers describe the variables with an
//! [`Environment`] and receive compiled values. Every parser it uses can be made to overflow the stack or to run for
//! minutes, so all of the armour (size, depth, operators, cost) stands here, behind one door per language, and no
//! other module calls those parsers.

pub mod codes;
mod diagnostic;
mod expression;
mod fault;
mod lines;
mod stack;
mod template;
mod tree;
mod types;
mod unified;
mod yaml;

pub use diagnostic::{Diagnostic, Level, Source, Span, render_github, render_human, render_json, suggest};
pub use expression::{
    Compared, EvaluationError, Explained, Expression, Known, Supposition, reference as expression_reference,
};
pub use fault::Fault;
pub use lines::Lines;
pub(crate) use stack::sharing_large_stack;
pub use template::{Escape, RenderError, Template, reference as template_reference};
pub use tree::Tree;
pub use types::{Environment, Type, Unknown};
pub use unified::unified;
pub use yaml::{SpanMap, parse};

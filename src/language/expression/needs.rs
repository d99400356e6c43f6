//! Which parts of which variables an expression reads.
//!
//! Only those are converted for an evaluation: a condition that reads `alert.rule` must not pay for the whole alert,
//! because every alert meets the conditions of every playbook.

use super::{SEVERITIES, functions, parse};
use crate::language::Type;
use cel::common::ast::Expr;
use std::collections::{BTreeMap, BTreeSet};

/// The variables that are read, with their types and the fields of them that are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Needs {
    pub(super) variables: BTreeMap<String, Need>,
    /// Whether the time is read.
    pub(super) now: bool,
    /// Whether a severity is named.
    pub(super) severities: bool,
    /// Whether a function is called that the evaluator does not have by itself.
    pub(super) functions: bool,
}

/// What is read of one variable.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Need {
    pub(super) ty: Type,
    /// The fields that are read, or nothing if the whole value is.
    pub(super) fields: Option<BTreeSet<String>>,
}

impl Needs {
    /// What the tree needs besides variables. Most conditions need nothing of it, and making it known would cost more than
    /// evaluating them.
    pub(super) fn add_of_tree(&mut self, tree: &cel::IdedExpr) {
        let mut open = vec![tree];
        while let Some(node) = open.pop() {
            match &node.expr {
                Expr::Ident(name) => self.severities |= SEVERITIES.contains(&name.as_str()),
                Expr::Call(call) => self.functions |= functions::is_ours(&call.func_name),
                _ => {}
            }
            open.extend(parse::children(node));
        }
    }

    /// The whole of a variable is read.
    pub(super) fn whole(&mut self, name: &str, ty: &Type) {
        let need = Need { ty: ty.clone(), fields: None };
        self.variables.insert(name.to_owned(), need);
    }

    /// One field of a variable is read.
    pub(super) fn field(&mut self, name: &str, ty: &Type, field: &str) {
        let need = self
            .variables
            .entry(name.to_owned())
            .or_insert_with(|| Need { ty: ty.clone(), fields: Some(BTreeSet::new()) });
        if let Some(fields) = &mut need.fields {
            fields.insert(field.to_owned());
        }
    }
}

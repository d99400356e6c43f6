//! The check of a template against the variables of its place: names, secrets, and values that have no text.

use super::helpers::Helper;
use super::paths::{Path, Root};
use super::{Node, Operand};
use crate::language::codes::{
    TEMPLATE_REFUSED, TEMPLATE_SECRET, TEMPLATE_TYPE, TEMPLATE_UNKNOWN_FIELD, TEMPLATE_UNKNOWN_VARIABLE,
};
use crate::language::{Environment, Fault, Type, suggest};

/// Every fault of a template, in the order of the text.
pub(super) fn lint(nodes: &[Node], text: &str, env: &Environment) -> Result<(), Vec<Fault>> {
    let mut lint = Lint { text, env, faults: Vec::new(), names: Vec::new(), items: Vec::new(), seen: 0 };
    if let [Node::Value(operand)] = nodes {
        lint.operand(operand, Use::Whole);
    } else {
        lint.nodes(nodes);
    }
    if lint.faults.is_empty() {
        return Ok(());
    }
    lint.faults.sort_by_key(|fault| fault.offset);
    lint.faults.dedup();
    Err(lint.faults)
}

/// What a value is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It is the whole template, and keeps its type.
    Whole,
    /// It is written into a longer text.
    Text,
    /// It is asked whether it is there and not empty.
    Condition,
    /// It is looped over.
    List,
    /// It is an argument that may be anything but a secret.
    Argument,
}

struct Lint<'a> {
    text: &'a str,
    env: &'a Environment,
    faults: Vec<Fault>,
    /// The names that loops gave, the innermost last.
    names: Vec<(String, Type)>,
    /// The items of the loops around, the innermost last.
    items: Vec<Type>,
    /// How far the text is checked: the next place of a word is looked for from here.
    seen: usize,
}

impl Lint<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(_) => {}
                Node::Value(operand) => {
                    self.operand(operand, Use::Text);
                }
                Node::If { condition, then, otherwise, .. } => {
                    self.operand(condition, Use::Condition);
                    self.nodes(then);
                    self.nodes(otherwise);
                }
                Node::Each { list, item, index, body, otherwise } => {
                    let inner = self.operand(list, Use::List);
                    let outside = self.names.len();
                    self.items.push(inner.clone());
                    self.names.extend(item.clone().map(|name| (name, inner)));
                    self.names.extend(index.clone().map(|name| (name, Type::Any)));
                    self.nodes(body);
                    self.names.truncate(outside);
                    self.items.pop();
                    self.nodes(otherwise);
                }
            }
        }
    }

    /// Checks a value, and gives its type; of a list that is looped over, the type of the items.
    fn operand(&mut self, operand: &Operand, used: Use) -> Type {
        match operand {
            Operand::Literal(_) => Type::Any,
            Operand::Path(path) => self.path(path, used),
            Operand::Call { helper, arguments } => {
                let argument_use = match helper {
                    Helper::Default if used == Use::Whole => Use::Whole,
                    Helper::Default | Helper::Upper | Helper::Lower | Helper::Truncate => Use::Text,
                    Helper::Join | Helper::Json | Helper::Eq => Use::Argument,
                };
                for argument in arguments {
                    let ty = self.operand(argument, argument_use);
                    let first = std::ptr::eq(argument, arguments.first().unwrap_or(argument));
                    if *helper == Helper::Join && first && !matches!(ty, Type::List(_) | Type::Any) {
                        self.fault(argument, TEMPLATE_TYPE, format!("`join` takes a list, and this is {ty}"), None);
                    }
                }
                Type::Any
            }
        }
    }

    fn path(&mut self, path: &Path, used: Use) -> Type {
        let operand = Operand::Path(path.clone());
        let Some(ty) = self.type_of(path) else { return Type::Any };
        if used != Use::Whole && used != Use::Condition && ty == Type::Secret {
            let message = format!("`{}` is a secret inside a longer text", path.text);
            let hint = "give the secret as the whole value, so that it stays a reference until it is sent";
            self.fault(&operand, TEMPLATE_SECRET, message, Some(hint.to_owned()));
        } else if used == Use::Text && matches!(ty, Type::List(_) | Type::Map(_) | Type::Object(_)) {
            let hint = match ty {
                Type::List(_) => format!("write {{{{join {} \", \"}}}}", path.text),
                _ => format!("write one of its fields, or {{{{json {}}}}}", path.text),
            };
            self.fault(&operand, TEMPLATE_TYPE, format!("`{}` is {ty}, which has no text", path.text), Some(hint));
        } else if used == Use::Argument && holds_secret(&ty) {
            let message = format!("`{}` holds a secret", path.text);
            self.fault(&operand, TEMPLATE_SECRET, message, Some("name the fields that are needed".to_owned()));
        } else if used == Use::List {
            return match ty {
                Type::List(item) => *item,
                Type::Map(value) => *value,
                Type::Any | Type::Object(_) => Type::Any,
                other => {
                    let message = format!("`each` takes a list, and `{}` is {other}", path.text);
                    self.fault(&operand, TEMPLATE_TYPE, message, None);
                    Type::Any
                }
            };
        }
        ty
    }

    /// The type of a path, or nothing after a fault.
    fn type_of(&mut self, path: &Path) -> Option<Type> {
        let operand = Operand::Path(path.clone());
        let root = match &path.root {
            Root::Local(_) | Root::This if self.items.is_empty() => {
                let message = format!("`{}` has a meaning inside of `each` only", path.text);
                self.fault(&operand, TEMPLATE_REFUSED, message, None);
                return None;
            }
            Root::Local(_) => return Some(Type::Any),
            Root::This => self.items.last().cloned()?,
            Root::Name(name) => match self.named(name) {
                Some(ty) => ty,
                None => return self.unknown_variable(&operand, name),
            },
        };
        let mut ty = root;
        for (index, field) in path.fields.iter().enumerate() {
            match ty.field(field) {
                Ok(inner) => ty = inner,
                Err(suggestion) => {
                    let hint = suggestion.map(|meant| format!("did you mean `{meant}`?"));
                    let message = format!("`{}` has no field `{field}`", before(path, index));
                    self.fault(&operand, TEMPLATE_UNKNOWN_FIELD, message, hint);
                    return None;
                }
            }
        }
        Some(ty)
    }

    fn named(&self, name: &str) -> Option<Type> {
        let looped = self.names.iter().rev().find(|(known, _)| known == name).map(|(_, ty)| ty.clone());
        looped.or_else(|| self.env.variable(name).cloned())
    }

    fn unknown_variable(&mut self, operand: &Operand, name: &str) -> Option<Type> {
        let item_has_it = self.items.last().is_some_and(|item| item.field(name).is_ok());
        let known: Vec<&str> = self.names.iter().map(|(name, _)| name.as_str()).chain(self.env.names()).collect();
        let hint = if item_has_it {
            Some(format!("write this.{name} for a field of the item"))
        } else {
            suggest(name, known.into_iter()).map(|meant| format!("did you mean `{meant}`?"))
        };
        self.fault(operand, TEMPLATE_UNKNOWN_VARIABLE, format!("unknown variable `{name}`"), hint);
        None
    }

    fn fault(&mut self, operand: &Operand, code: &'static str, message: String, hint: Option<String>) {
        let word = if let Operand::Path(path) = operand { path.text.as_str() } else { "{{" };
        let offset = super::lower::place(self.text, self.seen, word);
        let fault = Fault::new(code, message, offset, word.chars().count());
        self.faults.push(Fault { hint, ..fault });
    }
}

/// Whether a secret is somewhere inside, as far as is known.
fn holds_secret(ty: &Type) -> bool {
    match ty {
        Type::Secret => true,
        Type::List(inner) | Type::Map(inner) => holds_secret(inner),
        Type::Object(fields) => fields.values().any(holds_secret),
        _ => false,
    }
}

/// What stands before a field of a path.
fn before(path: &Path, index: usize) -> String {
    let root = match &path.root {
        Root::Name(name) | Root::Local(name) => name.as_str(),
        Root::This => "this",
    };
    let fields = path.fields.iter().take(index).map(String::as_str);
    std::iter::once(root).chain(fields).collect::<Vec<_>>().join(".")
}

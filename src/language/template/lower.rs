//! From what the handlebars parser read to the small tree that is rendered.
//!
//! Whatever has no place in that tree is a fault, so that a construct that nobody thought of is refused. It must run
//! on a large stack and after the scan.

use super::helpers::{BLOCKS, HELPERS};
use super::paths::Path;
use super::{Node, Operand};
use crate::language::codes::{
    TEMPLATE_ARGUMENTS, TEMPLATE_REFUSED, TEMPLATE_SYNTAX, TEMPLATE_TOO_COMPLEX, TEMPLATE_UNKNOWN_HELPER,
};
use crate::language::{Fault, suggest};
use handlebars::template::{BlockParam, HelperTemplate, Parameter, TemplateElement};

/// How deeply blocks and branches may be nested: rendering recurses with them.
const DEPTH_MAX: usize = 32;

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, Vec<Fault>> {
    let template = handlebars::Template::compile(text).map_err(|error| vec![syntax(text, &error)])?;
    let mut lowering = Lowering { text, depth: 0, faults: Vec::new() };
    let nodes = lowering.nodes(&template);
    if lowering.faults.is_empty() {
        return Ok(nodes);
    }
    lowering.faults.sort_by_key(|fault| fault.offset);
    Err(lowering.faults)
}

fn syntax(text: &str, error: &handlebars::TemplateError) -> Fault {
    let (line, column) = error.pos().unwrap_or((1, 1));
    let offset = offset(text, line, column);
    let reason = match error.reason() {
        handlebars::TemplateErrorReason::MismatchingClosedHelper(open, close) => {
            format!("`{{{{#{open}}}}}` is closed by `{{{{/{close}}}}}`")
        }
        _ => "this is no template".to_owned(),
    };
    Fault::new(TEMPLATE_SYNTAX, reason, offset, 2).hint("look for a `{{` without `}}`, or a block without its end")
}

/// The index of the character at a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(|line| line.chars().count()).sum();
    (before + column.saturating_sub(1)).min(text.chars().count().saturating_sub(1))
}

struct Lowering<'a> {
    text: &'a str,
    /// How many blocks and branches are around; each `else if` is one inside of the one before.
    depth: usize,
    faults: Vec<Fault>,
}

impl Lowering<'_> {
    fn nodes(&mut self, template: &handlebars::Template) -> Vec<Node> {
        let mut nodes = Vec::new();
        for (index, element) in template.elements.iter().enumerate() {
            let at = template.mapping.get(index).map_or(0, |place| offset(self.text, place.0, place.1));
            nodes.extend(self.node(element, at));
        }
        nodes
    }

    fn node(&mut self, element: &TemplateElement, at: usize) -> Option<Node> {
        match element {
            TemplateElement::RawString(text) => Some(Node::Text(text.clone())),
            TemplateElement::Comment(_) => None,
            TemplateElement::Expression(helper) => self.value(helper, at).map(Node::Value),
            TemplateElement::HelperBlock(helper) => self.block(helper, at),
            TemplateElement::HtmlExpression(_) => self.refuse("unescaped output is refused", at),
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                self.refuse("decorators are refused", at)
            }
            TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) => {
                self.refuse("partials are refused", at)
            }
            _ => self.refuse("this construct is refused", at),
        }
    }

    fn refuse<T>(&mut self, message: &str, at: usize) -> Option<T> {
        self.faults.push(Fault::new(TEMPLATE_REFUSED, message, at, 2));
        None
    }

    /// An expression: a path, or a helper with its arguments.
    fn value(&mut self, expression: &HelperTemplate, at: usize) -> Option<Operand> {
        if !expression.hash.is_empty() {
            return self.refuse("named arguments are refused", at);
        }
        if expression.params.is_empty() {
            return self.operand(&expression.name, at);
        }
        let name = expression.name.as_name().unwrap_or_default();
        let Some((_, helper, count)) = HELPERS.iter().find(|(known, _, _)| *known == name) else {
            let known = HELPERS.iter().map(|(name, _, _)| *name);
            let fault = Fault::new(
                TEMPLATE_UNKNOWN_HELPER,
                format!("unknown helper `{name}`"),
                self.near(at, name),
                name.chars().count(),
            );
            let meant = suggest(name, known);
            self.faults.push(match meant {
                Some(_) => fault.did_you_mean(meant),
                None => fault.hint("helpers are: default, join, upper, lower, truncate, json, eq"),
            });
            return None;
        };
        if expression.params.len() != *count {
            let message = format!("`{name}` takes {count} arguments, and here are {}", expression.params.len());
            self.faults.push(Fault::new(TEMPLATE_ARGUMENTS, message, self.near(at, name), name.chars().count()));
            return None;
        }
        let arguments = expression.params.iter().map(|param| self.operand(param, at)).collect::<Vec<_>>();
        Some(Operand::Call { helper: *helper, arguments: arguments.into_iter().collect::<Option<_>>()? })
    }

    fn operand(&mut self, parameter: &Parameter, at: usize) -> Option<Operand> {
        match parameter {
            Parameter::Literal(value) => Some(Operand::Literal(value.clone())),
            Parameter::Subexpression(inner) => match inner.as_element() {
                TemplateElement::Expression(expression) => self.value(expression, at),
                _ => self.refuse("this construct is refused", at),
            },
            Parameter::Name(_) | Parameter::Path(_) => {
                let text = parameter.as_name().unwrap_or_default();
                match Path::read(text) {
                    Ok(path) => Some(Operand::Path(path)),
                    Err(reason) => {
                        let place = self.near(at, text);
                        self.faults.push(Fault::new(TEMPLATE_REFUSED, reason, place, text.chars().count().max(1)));
                        None
                    }
                }
            }
            _ => self.refuse("this construct is refused", at),
        }
    }

    fn block(&mut self, block: &HelperTemplate, at: usize) -> Option<Node> {
        if self.depth >= DEPTH_MAX {
            let message = format!("blocks and branches are nested more than {DEPTH_MAX} levels deep");
            let fault = Fault::new(TEMPLATE_TOO_COMPLEX, message, at, 2);
            self.faults.push(fault.hint("an `else if` counts as one level"));
            return None;
        }
        self.depth += 1;
        let node = self.block_inside(block, at);
        self.depth -= 1;
        node
    }

    fn block_inside(&mut self, block: &HelperTemplate, at: usize) -> Option<Node> {
        let name = block.name.as_name().unwrap_or_default();
        let body = block.template.as_ref().map(|body| self.nodes(body)).unwrap_or_default();
        let otherwise = block.inverse.as_ref().map(|body| self.nodes(body)).unwrap_or_default();
        if !BLOCKS.contains(&name) {
            let fault = Fault::new(
                TEMPLATE_UNKNOWN_HELPER,
                format!("unknown block `{name}`"),
                self.near(at, name),
                name.chars().count(),
            );
            self.faults.push(fault.hint("blocks are: #if, #unless and #each"));
            return None;
        }
        let [subject] = block.params.as_slice() else {
            let message = format!("`{name}` takes one value");
            self.faults.push(Fault::new(TEMPLATE_ARGUMENTS, message, self.near(at, name), name.chars().count()));
            return None;
        };
        if !block.hash.is_empty() {
            return self.refuse("named arguments are refused", at);
        }
        let subject = self.operand(subject, at)?;
        if name != "each" {
            if block.block_param.is_some() {
                return self.refuse("only `each` names its items", at);
            }
            return Some(Node::If { condition: subject, negated: name == "unless", then: body, otherwise });
        }
        let (item, index) = match &block.block_param {
            None => (None, None),
            Some(BlockParam::Single(item)) => (name_of(item), None),
            Some(BlockParam::Pair((item, index))) => (name_of(item), name_of(index)),
            Some(_) => return self.refuse("this construct is refused", at),
        };
        Some(Node::Each { list: subject, item, index, body, otherwise })
    }

    /// The place of a word at or after the start of its tag.
    fn near(&self, at: usize, word: &str) -> usize {
        place(self.text, at, word)
    }
}

fn name_of(parameter: &Parameter) -> Option<String> {
    parameter.as_name().map(str::to_owned)
}

/// The index of a word at or after another index, or that index.
pub(super) fn place(text: &str, at: usize, word: &str) -> usize {
    let start = text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    let rest = text.get(start..).unwrap_or_default();
    rest.find(word).map_or(at, |byte| at + rest.get(..byte).unwrap_or_default().chars().count())
}

//! Which variables a template shows: what a playbook may show to people depends on who supplied it.

use super::paths::{Path, Root};
use super::{Node, Operand, Template};

impl Template {
    /// The variables whose values the text shows, each as the names of its path: those of values and of lists that are
    /// gone through. A condition shows nothing by itself, only its branches do.
    #[must_use]
    pub fn shown(&self) -> Vec<Vec<String>> {
        let mut shown = Vec::new();
        // The parser has bounded how deep blocks and calls nest.
        let mut nodes: Vec<&Node> = self.inner.nodes.iter().collect();
        while let Some(node) = nodes.pop() {
            match node {
                Node::Text(_) => {}
                Node::Value(operand) => add(operand, &mut shown),
                Node::If { then, otherwise, .. } => nodes.extend(then.iter().chain(otherwise)),
                Node::Each { list, body, otherwise, .. } => {
                    add(list, &mut shown);
                    nodes.extend(body.iter().chain(otherwise));
                }
            }
        }
        shown
    }
}

fn add(operand: &Operand, shown: &mut Vec<Vec<String>>) {
    let mut operands = vec![operand];
    while let Some(operand) = operands.pop() {
        match operand {
            Operand::Path(Path { root: Root::Name(name), fields, .. }) => {
                shown.push(std::iter::once(name).chain(fields).cloned().collect());
            }
            Operand::Path(_) | Operand::Literal(_) => {}
            Operand::Call { arguments, .. } => operands.extend(arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::language::{Environment, Escape, Template, Type};

    #[test]
    fn values_and_lists_are_shown_and_conditions_are_not() {
        let text = "{{#if alert.rule}}{{default alert.fields.a agent.name}}{{else}}\
                    {{#each alert.resources as |one|}}{{one}}{{/each}}{{/if}}";
        let environment = Environment::new().with("alert", Type::Any).with("agent", Type::Any);
        let template = Template::compile(text, &environment, Escape::None).unwrap();
        let mut shown: Vec<String> = template.shown().iter().map(|names| names.join(".")).collect();
        shown.sort();
        assert_eq!(shown, ["agent.name", "alert.fields.a", "alert.resources", "one"]);
    }
}

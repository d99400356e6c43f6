//! The recipients and the words of a step that tells people something.
//!
//! Who is told is written out, never rendered: an alert must not choose who hears of it.

use serde_json::Value;

use crate::playbook::model::{BUILTIN_NOTICES, NoticeContent};
use crate::playbook::{NoticeSpec, codes};

use super::node::Node;
use super::report::Report;
use super::scope::Scope;

/// Compiles the parameters of `notify`; what is missing or unknown among them has been said before, and so has what is
/// wrong with their words unless these are `sound`.
pub(super) fn compile(report: &mut Report, scope: &Scope<'_>, with: &Node<'_>, sound: bool) -> Option<NoticeSpec> {
    let get = |key: &str| with.value.get(key).map(|value| Node::of(value, &with.pointer, key));
    let to = get("to")?;
    if to.value.as_array().is_some_and(Vec::is_empty) {
        report.error(&to.pointer, codes::NOTICE, "nobody is told").hint("name somebody, such as `owner`");
    }
    let to = to.principals(report);
    let content = match (get("template"), get("subject"), get("text")) {
        (Some(template), None, None) => NoticeContent::Builtin(builtin(report, &template)?),
        (None, Some(_), Some(_)) if !sound => return None,
        (None, Some(subject), Some(text)) => {
            let subject = scope.words(report, &subject);
            let text = scope.words(report, &text);
            NoticeContent::Own { subject: subject?, text: text? }
        }
        (Some(_), _, _) => {
            report
                .error_at_key(&with.pointer, codes::NOTICE, "`template` brings its own subject and text")
                .hint("remove `template`, or remove `subject` and `text`");
            return None;
        }
        (None, _, _) => {
            report
                .error_at_key(&with.pointer, codes::NOTICE, "the message has no words")
                .hint(format!("add `template:` ({}), or `subject:` and `text:`", BUILTIN_NOTICES.join(", ")));
            return None;
        }
    };
    Some(NoticeSpec { to, content })
}

fn builtin(report: &mut Report, node: &Node<'_>) -> Option<String> {
    let Value::String(name) = node.value else { return None };
    if BUILTIN_NOTICES.contains(&name.as_str()) {
        return Some(name.clone());
    }
    report
        .error(&node.pointer, codes::NOTICE, format!("there is no message template `{name}`"))
        .did_you_mean(name, BUILTIN_NOTICES.into_iter());
    None
}

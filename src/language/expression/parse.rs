//! The one call of the CEL parser, and its complaints in plain words.
//!
//! It must run on a large stack and after the scan. What it returns is shallow enough to be walked and evaluated by
//! recursion on any thread.

use crate::language::Fault;
use crate::language::codes::{EXPRESSION_SYNTAX, EXPRESSION_TOO_COMPLEX};
use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, SourceInfo};

/// How deep the tree of an expression may be: evaluation takes a few kilobytes of stack a level.
pub(super) const TREE_DEPTH_MAX: usize = 96;

/// The tree of an expression and the places of its nodes.
pub(super) fn parse(source: &str) -> Result<(IdedExpr, SourceInfo), Fault> {
    let parser = cel::parser::Parser::new().enable_optional_syntax(true).enable_ident_escape_syntax(true);
    let (tree, places) = parser.parse_with_source_info(source).map_err(|errors| fault(source, &errors))?;
    if depth(&tree) > TREE_DEPTH_MAX {
        let message = format!("the expression is more than {TREE_DEPTH_MAX} steps deep");
        let fault = Fault::new(EXPRESSION_TOO_COMPLEX, message, 0, source.chars().count());
        return Err(fault.hint("group long sums and chains with brackets, or split the expression"));
    }
    Ok((tree, places))
}

/// The children of a node, in the order of evaluation.
pub(super) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(loop_) => {
            vec![&loop_.iter_range, &loop_.accu_init, &loop_.loop_cond, &loop_.loop_step, &loop_.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_children(&entry.expr)).collect(),
        Expr::Struct(structure) => structure.entries.iter().flat_map(|entry| entry_children(&entry.expr)).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn entry_children(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// The longest way down the tree, walked without recursion.
fn depth(tree: &IdedExpr) -> usize {
    let mut open = vec![(tree, 1)];
    let mut deepest = 0;
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        open.extend(children(node).into_iter().map(|child| (child, depth + 1)));
    }
    deepest
}

fn fault(source: &str, errors: &cel::ParseErrors) -> Fault {
    let Some(error) = errors.errors.first() else {
        return Fault::new(EXPRESSION_SYNTAX, "the expression can't be read", 0, source.chars().count());
    };
    let line = usize::try_from(error.pos.0).unwrap_or(1).max(1);
    let column = usize::try_from(error.pos.1).unwrap_or(0).saturating_sub(1);
    let before: usize = source.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    let total = source.chars().count();
    let offset = (before + column).min(total.saturating_sub(1));
    if error.msg.contains("recursion") {
        return Fault::new(EXPRESSION_TOO_COMPLEX, "the expression is nested too deeply", offset, 1);
    }
    match unexpected(&error.msg) {
        Some("<EOF>") => Fault::new(EXPRESSION_SYNTAX, "the expression stops too early", total.saturating_sub(1), 1),
        Some(text) => {
            let message = format!("`{text}` is not expected here");
            Fault::new(EXPRESSION_SYNTAX, message, offset, text.chars().count())
        }
        None => match error.msg.strip_prefix("reserved identifier: ").map(str::trim) {
            Some(word) => reserved(word, offset),
            None => Fault::new(EXPRESSION_SYNTAX, error.msg.clone(), offset, 1),
        },
    }
}

/// A word that CEL keeps for itself.
fn reserved(word: &str, offset: usize) -> Fault {
    let message = format!("`{word}` is a word that expressions keep for themselves");
    let hint = match word {
        "if" | "else" | "for" | "while" | "loop" | "break" | "continue" | "return" => {
            "write `condition ? this : that` to choose, and `list.exists(x, x == 'a')` to look through a list"
        }
        _ => "a field of that name is written in brackets, as in alert.fields['package']",
    };
    Fault::new(EXPRESSION_SYNTAX, message, offset, word.chars().count()).hint(hint)
}

/// The text that a generated parser stumbled over, quoted in its message.
fn unexpected(message: &str) -> Option<&str> {
    let generated = ["mismatched input", "extraneous input", "no viable alternative", "token recognition error"];
    if !generated.iter().any(|start| message.contains(start)) {
        return None;
    }
    let (_, rest) = message.split_once('\'')?;
    let end = rest.find("' expecting").or_else(|| rest.rfind('\''))?;
    rest.get(..end).filter(|text| !text.is_empty())
}

//! The texts that an expression compares its variables with, each with its place.
//!
//! Which texts a field can have is for others to know; here stands only what is written.

use super::reach::path;
use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, SourceInfo, operators};

/// A field that is compared with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The names of the field's path.
    pub path: Vec<String>,
    /// The text.
    pub text: String,
    /// The first character of the text's literal, quotes included.
    pub offset: usize,
    /// How many characters it covers.
    pub length: usize,
}

/// Every comparison by `==`, `!=` and `in`.
pub(super) fn compared(tree: &IdedExpr, places: &SourceInfo) -> Vec<Compared> {
    let mut open = vec![tree];
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        if let Expr::Call(call) = &node.expr {
            match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                    found.extend(one(left, right, places).or_else(|| one(right, left, places)));
                }
                (operators::IN, [item, list]) => {
                    if let Expr::List(list) = &list.expr {
                        found.extend(list.elements.iter().filter_map(|text| one(item, text, places)));
                    }
                }
                _ => {}
            }
        }
        open.extend(super::parse::children(node));
    }
    found.sort_by_key(|compared| compared.offset);
    found
}

fn one(field: &IdedExpr, text: &IdedExpr, places: &SourceInfo) -> Option<Compared> {
    let Expr::Literal(LiteralValue::String(literal)) = &text.expr else { return None };
    let (start, stop) = places.offset_for(text.id)?;
    let path = path(field)?.into_iter().map(str::to_owned).collect();
    let length = (stop.saturating_sub(start) as usize).saturating_add(1);
    Some(Compared { path, text: literal.inner().to_owned(), offset: start as usize, length })
}

#[cfg(test)]
mod tests {
    use crate::language::{Environment, Expression, Type};

    #[test]
    fn every_text_is_found_with_its_field_and_its_place() {
        let env = Environment::new().with("a", Type::Any);
        let source = "a.b == 'x' && !('yy' != a.c) && a.d in ['z']";
        let expression = Expression::compile(source, &env).unwrap();
        let found: Vec<_> = expression
            .compared()
            .iter()
            .map(|found| (found.path.join("."), &source[found.offset..found.offset + found.length]))
            .collect();
        assert_eq!(found, [("a.b".to_owned(), "'x'"), ("a.c".to_owned(), "'yy'"), ("a.d".to_owned(), "'z'")]);
    }
}

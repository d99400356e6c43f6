//! The budget of an evaluation: every loop and everything that grows text or lists pays for its work.
//!
//! The evaluator has no limit of its own. So the tree is rewritten once: the range of each loop goes through
//! `@loop(range, weight)`, which pays for all of its rounds before the first, and every `+` through `@grow(sum)`, which
//! pays for the size of what it made. The names start with `@`, which no expression can write.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use cel::{ExecutionError, IdedExpr, Value};
use std::sync::atomic::{AtomicU64, Ordering};

/// What one evaluation may cost, in steps of the evaluator. A step takes far less than a microsecond.
pub(super) const BUDGET_STEPS: u64 = 500_000;
/// So much text is one step.
const BYTES_PER_STEP: u64 = 64;
/// The functions that the rewritten tree calls.
pub(super) const LOOP: &str = "@loop";
pub(super) const GROW: &str = "@grow";
/// The message by which the end of the budget is known again.
const EXCEEDED: &str = "@budget";

/// What is left of a budget.
pub(super) struct Budget {
    left: AtomicU64,
    /// A loop costs more where its body can look at more: one for each kilostep of input.
    factor: u64,
}

impl Budget {
    /// A budget for an evaluation whose variables have this size in steps.
    pub(super) fn new(input_steps: u64) -> Self {
        Self { left: AtomicU64::new(BUDGET_STEPS), factor: 1 + input_steps / 1024 }
    }

    /// Pays, or ends the evaluation. Once a payment failed, all later ones do.
    pub(super) fn pay(&self, steps: u64) -> Result<(), ExecutionError> {
        let paid = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(if left == 0 { 0 } else { left.saturating_sub(steps) })
        });
        match paid {
            Ok(left) if left > steps => Ok(()),
            _ => Err(ExecutionError::function_error(EXCEEDED, EXCEEDED)),
        }
    }

    /// Whether a payment failed. The evaluator forgets errors in `false && error`, this does not.
    pub(super) fn is_exceeded(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// Pays for all rounds of a loop over `range`, whose body has `weight` nodes.
    pub(super) fn pay_loop(&self, range: &Value, weight: i64) -> Result<(), ExecutionError> {
        let rounds = match range {
            Value::List(items) => items.len(),
            Value::Map(map) => map.map.len(),
            _ => 1,
        };
        let weight = u64::try_from(weight).unwrap_or(1).max(1);
        let rounds = u64::try_from(rounds).unwrap_or(u64::MAX);
        self.pay(rounds.saturating_mul(weight).saturating_mul(self.factor).saturating_add(steps(range)))
    }
}

/// The size of a value in steps: one for each part, and one for each 64 bytes of text.
pub(super) fn steps(value: &Value) -> u64 {
    let mut open = vec![value];
    let mut total = 0_u64;
    while let Some(value) = open.pop() {
        total = total.saturating_add(1);
        match value {
            Value::String(text) => total = total.saturating_add(text.len() as u64 / BYTES_PER_STEP),
            Value::Bytes(bytes) => total = total.saturating_add(bytes.len() as u64 / BYTES_PER_STEP),
            Value::List(items) => open.extend(items.iter()),
            Value::Map(map) => open.extend(map.map.values()),
            _ => {}
        }
        if total > BUDGET_STEPS {
            break;
        }
    }
    total
}

/// The same tree with every loop and every sum paying.
pub(super) fn with_budget(mut tree: IdedExpr) -> IdedExpr {
    rewrite(&mut tree);
    tree
}

fn rewrite(node: &mut IdedExpr) {
    match &mut node.expr {
        Expr::Comprehension(round) => {
            let weight = weight(&round.loop_step) + weight(&round.loop_cond);
            for part in [&mut round.iter_range, &mut round.accu_init, &mut round.loop_step, &mut round.result] {
                rewrite(part);
            }
            let range = std::mem::take(&mut round.iter_range);
            let id = range.id;
            let weight = IdedExpr { id, expr: Expr::Literal(LiteralValue::Int(weight.into())) };
            round.iter_range = call(LOOP, id, vec![range, weight]);
        }
        Expr::Call(sum) if sum.func_name == operators::ADD => {
            let appends = sum.args.first().is_some_and(is_accumulator);
            sum.args.iter_mut().for_each(rewrite);
            if appends {
                pay_for_items(sum);
            } else {
                let id = node.id;
                let sum = std::mem::take(node);
                *node = call(GROW, id, vec![sum]);
            }
        }
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                rewrite(target);
            }
            call.args.iter_mut().for_each(rewrite);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(rewrite),
        Expr::Select(select) => rewrite(&mut select.operand),
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| rewrite_entry(&mut entry.expr)),
        Expr::Struct(structure) => structure.entries.iter_mut().for_each(|entry| rewrite_entry(&mut entry.expr)),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

fn rewrite_entry(entry: &mut cel::common::ast::EntryExpr) {
    match entry {
        cel::common::ast::EntryExpr::StructField(field) => rewrite(&mut field.value),
        cel::common::ast::EntryExpr::MapEntry(entry) => {
            rewrite(&mut entry.key);
            rewrite(&mut entry.value);
        }
    }
}

/// `map` and `filter` append each round to what they have: only the new items are paid for, not the whole again.
fn pay_for_items(sum: &mut CallExpr) {
    let Some(IdedExpr { expr: Expr::List(list), .. }) = sum.args.get_mut(1) else { return };
    for item in &mut list.elements {
        let inner = std::mem::take(item);
        *item = call(GROW, inner.id, vec![inner]);
    }
}

fn is_accumulator(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name.starts_with('@'))
}

fn call(name: &str, id: u64, args: Vec<IdedExpr>) -> IdedExpr {
    IdedExpr { id, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }) }
}

/// The number of nodes that one round evaluates, loops inside it apart: they pay for themselves.
fn weight(tree: &IdedExpr) -> i64 {
    let mut open = vec![tree];
    let mut nodes = 0;
    while let Some(node) = open.pop() {
        nodes += 1;
        match &node.expr {
            Expr::Comprehension(inner) => open.push(&inner.iter_range),
            _ => open.extend(super::parse::children(node)),
        }
    }
    nodes
}

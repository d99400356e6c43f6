//! Expressions and values that are made to overflow, to stall or to grow.

use super::*;

fn refused(source: &str) -> &'static str {
    faults(source).remove(0).code
}

#[test]
fn long_sums_are_refused_and_do_not_overflow() {
    assert_eq!(refused(&vec!["1"; 1400].join("+")), codes::EXPRESSION_TOO_COMPLEX);
    assert_eq!(refused(&vec!["1"; 5000].join("+")), codes::EXPRESSION_TOO_COMPLEX);
    assert_eq!(refused(&vec!["1"; 200].join("+")), codes::EXPRESSION_TOO_COMPLEX);
    assert_eq!(value(&vec!["1"; 60].join("+")), json!(60));
}

#[test]
fn long_chains_are_refused_and_do_not_overflow() {
    for source in [
        format!("body{}", ".a".repeat(1500)),
        format!("body{}", ".a".repeat(200)),
        format!("body{}", "[0]".repeat(200)),
        format!("{}true", "!".repeat(1000)),
        format!("{}1", "-".repeat(1000)),
        format!("{}1", "true ? 1 : ".repeat(120)),
        format!("body{}", ".map(x, x)".repeat(200)),
        format!("body{}", ".?a".repeat(250)),
        "1 in ".repeat(500) + "[1]",
    ] {
        let code = refused(&source);
        assert!(matches!(code, codes::EXPRESSION_TOO_COMPLEX | codes::EXPRESSION_SYNTAX), "{code} {source}");
    }
}

#[test]
fn nested_brackets_are_limited() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("size(", ")"), ("[1, (", ")]")] {
        for depth in [40, 500, 1300] {
            let source = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let code = Expression::compile(&source, &environment()).unwrap_err()[0].code;
            assert_eq!(code, codes::EXPRESSION_TOO_COMPLEX, "{open} {depth}");
        }
        let source = format!("{}1{}", open.repeat(15), close.repeat(15));
        let outcome = Expression::compile(&source, &environment());
        assert!(outcome.is_ok() || open == "size(", "{open}: {outcome:?}");
    }
    assert_eq!(value(&format!("{}1{}", "(".repeat(32), ")".repeat(32))), json!(1));
    assert_eq!(refused(&"(".repeat(2000)), codes::EXPRESSION_TOO_COMPLEX);
}

#[test]
fn what_is_accepted_can_be_evaluated_on_a_small_stack() {
    let deep = [
        vec!["1"; 90].join(" + "),
        format!("{}true", "!(".repeat(30)) + &")".repeat(30),
        "[[1]].all(a, a.all(b, b > 0 && [a].all(c, c.all(d, d > 0 && [d].all(e, e > 0 && [e].all(f, f == e))))))"
            .into(),
        format!("{}1", "body.level == 'x' ? 2 : ".repeat(28)),
        format!("{}1{}", "[".repeat(32), "]".repeat(32)),
    ];
    for source in deep {
        let expression = compile(&source);
        let worker = std::thread::Builder::new().stack_size(1024 * 1024);
        let outcome = worker.spawn(move || expression.evaluate(&variables(), now())).unwrap().join();
        assert!(outcome.expect("no panic").is_ok(), "{source}");
    }
}

#[test]
fn a_long_text_is_refused() {
    let source = format!("alert.rule == '{}'", "x".repeat(5000));
    assert_eq!(refused(&source), codes::EXPRESSION_TOO_COMPLEX);
}

#[test]
fn loops_within_loops_end_at_the_budget() {
    let items: Vec<u32> = (0..200).collect();
    let variables = json!({"body": {"items": items}});
    for source in [
        "body.items.all(a, body.items.all(b, body.items.all(c, a + b + c >= 0)))",
        "body.items.exists(a, body.items.exists(b, body.items.exists(c, a + b + c < 0)))",
        "body.items.map(a, body.items.map(b, body.items.map(c, c)))",
        "false && true || body.items.all(a, false || body.items.all(b, body.items.filter(c, c > 500).size() > 0 || true))",
        "body.items.all(a, body.items.all(b, body.items.all(c, c == a || true)) || true)",
    ] {
        let expression = compile(source);
        let started = std::time::Instant::now();
        assert_eq!(expression.evaluate(&variables, now()), Err(EvaluationError::Budget), "{source}");
        assert!(started.elapsed().as_secs() < 5, "{source}: {:?}", started.elapsed());
    }
    let fine = compile("body.items.exists(a, body.items.exists(b, a == 100 && b == 150))");
    assert_eq!(fine.evaluate(&variables, now()), Ok(json!(true)));
}

#[test]
fn a_loop_over_many_items_is_affordable() {
    let items: Vec<Json> =
        (0..2000).map(|index| json!({"name": format!("item {index}"), "open": index == 1999})).collect();
    let expression = compile("body.items.exists(item, item.open && item.name.startsWith('item'))");
    assert_eq!(expression.evaluate(&json!({"body": {"items": items}}), now()), Ok(json!(true)));
}

#[test]
fn text_and_lists_that_double_end_at_the_budget() {
    let doubling = format!("['xxxxxxxxxxxxxxxx']{}.size() > 0", ".map(a, a + a)".repeat(40));
    let lists = format!("[[1, 2, 3, 4]]{}.size() > 0", ".map(a, a + a)".repeat(40));
    for source in [doubling, lists] {
        match Expression::compile(&source, &environment()) {
            Ok(expression) => {
                assert_eq!(expression.evaluate(&variables(), now()), Err(EvaluationError::Budget), "{source}");
            }
            Err(faults) => assert_eq!(faults[0].code, codes::EXPRESSION_TOO_COMPLEX),
        }
    }
    let variables = json!({"body": {"text": "x".repeat(200_000), "items": (0..5000).collect::<Vec<u32>>()}});
    for source in [
        "body.items.map(i, body.text + body.text)",
        "body.items.map(i, body.text)",
        "body.items.all(i, body.text.matches('y*$'))",
    ] {
        let started = std::time::Instant::now();
        let outcome = compile(source).evaluate(&variables, now());
        assert_eq!(outcome, Err(EvaluationError::Budget), "{source}");
        assert!(started.elapsed().as_secs() < 5, "{source}: {:?}", started.elapsed());
    }
}

#[test]
fn the_internal_functions_can_not_be_called() {
    for source in ["@grow(1)", "@loop([1], 1)", "`@grow`(1)"] {
        assert_eq!(refused(source), codes::EXPRESSION_SYNTAX, "{source}");
    }
}

#[test]
fn a_value_nested_without_end_is_refused() {
    let mut nested = json!(1);
    for _ in 0..100 {
        nested = json!([nested]);
    }
    let outcome = compile("body.x == 1").evaluate(&json!({"body": {"x": nested}}), now());
    assert!(matches!(outcome, Err(EvaluationError::TooDeep { .. })), "{outcome:?}");
}

#[test]
fn no_noise_makes_the_compiler_panic() {
    let words = [
        "alert", ".", "(", ")", "[", "]", "'", "\"", "\\", "?", ":", "ä", "1", "&&", "has", "\n", "{", "}", ",", "//",
        "r'", "`",
    ];
    let mut state = 7_u64;
    for _ in 0..300 {
        let mut source = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            source.push_str(words[usize::try_from(state >> 33).unwrap() % words.len()]);
        }
        if let Err(faults) = Expression::compile(&source, &environment()) {
            assert!(!faults.is_empty(), "{source}");
        }
    }
}

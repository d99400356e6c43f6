//! Tests of suppositions: what is known decides, and what is open is asked once by its form.

use super::*;
use crate::language::{Environment, Type};

/// Knows that `step.state` is something else than "skipped" and `step.decision` is "expired"; gives no to everything
/// else, and keeps what it was asked.
#[derive(Default)]
struct Asked(Vec<(String, Vec<String>)>);

impl Supposition for Asked {
    fn known(&mut self, path: &[&str]) -> Known {
        match path {
            ["step", "state"] => Known::IsNot("skipped"),
            ["step", "decision"] => Known::Is("expired"),
            ["step", _] | ["step"] => Known::IsThere,
            _ => Known::Nothing,
        }
    }

    fn holds(&mut self, part: &str, reads: &[Vec<&str>]) -> bool {
        self.0.push((part.to_owned(), reads.iter().map(|path| path.join(".")).collect()));
        false
    }
}

fn tried(source: &str) -> (bool, Asked) {
    let step = Type::object([("state", Type::String), ("decision", Type::String), ("output", Type::Any)]);
    let agent = Type::object([("known", Type::Bool), ("systems", Type::list_of(Type::String))]);
    let env = Environment::new().with("step", step).with("agent", agent);
    let expression = Expression::compile(source, &env).unwrap_or_else(|faults| panic!("{source}: {faults:#?}"));
    let mut asked = Asked::default();
    (expression.supposed(&mut asked), asked)
}

#[test]
fn what_is_known_decides_and_asks_nothing() {
    for (source, expected) in [
        ("step.decision == 'expired'", true),
        (".step['decision'] != 'expired'", false),
        ("step.decision in ['approved', 'expired']", true),
        ("'approved' == step.decision", false),
        ("step.state == 'skipped'", false),
        ("!(step.state in ['skipped'])", true),
        ("has(step.output) && step.decision == 'expired'", true),
        ("step.state == 'skipped' ? agent.known : step.decision != 'approved'", true),
        ("[]", false),
        ("['a']", true),
    ] {
        let (found, asked) = tried(source);
        assert_eq!((found, asked.0.as_slice()), (expected, [].as_slice()), "{source}");
    }
}

#[test]
fn what_is_open_is_asked_by_its_form_with_what_it_reads() {
    let asked = |source: &str| tried(source).1.0;
    assert_eq!(asked("step.state == 'failed'"), asked("'failed' == step['state']"));
    assert_eq!(asked("step.state != 'failed'"), asked("step.state in ['failed']"));
    assert_ne!(asked("step.state == 'failed'"), asked("step.state == 'succeeded'"));
    assert_eq!(asked("step.decision.startsWith('ex')")[0].1, ["step.decision"]);
    assert_eq!(asked("agent.systems.exists(s, s == step.state)")[0].1[..2], ["agent.systems", "s"]);
    assert_eq!(asked("step.?state.orValue('') == 'x'")[0].1, ["step"], "what is not written out is read whole");
    assert_eq!(asked("size(agent.systems) > 1 || agent.known").len(), 2);
}

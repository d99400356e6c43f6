use super::super::codes;
use super::*;
use serde_json::{Value as Json, json};

fn environment() -> Environment {
    let agent = Type::object([
        ("id", Type::String),
        ("tier", Type::String),
        ("known", Type::Bool),
        ("systems", Type::list_of(Type::String)),
        ("token", Type::Secret),
        ("reviewed_at", Type::Timestamp),
    ]);
    let alert = Type::object([
        ("rule", Type::String),
        ("severity", Type::Severity),
        ("count", Type::Int),
        ("score", Type::Double),
        ("at", Type::Timestamp),
        ("window", Type::Duration),
        ("fields", Type::map_of(Type::Any)),
        ("titles", Type::list_of(Type::String)),
        ("parts", Type::list_of(Type::object([("name", Type::String), ("severity", Type::Severity)]))),
    ]);
    Environment::new().with("alert", alert).with("agent", agent).with("body", Type::Any)
}

fn variables() -> Json {
    json!({
        "alert": {
            "rule": "token_anomalous_use", "severity": "HIGH", "count": 5, "score": 7,
            "at": "2026-03-01T12:30:00Z", "window": "10m", "titles": ["a", "b"],
            "fields": {"ip": "10.1.2.3", "n": 5, "large": 18_446_744_073_709_551_615_u64, "nothing": null},
            "parts": [{"name": "x", "severity": "LOW"}, {"name": "y", "severity": "CRITICAL"}]
        },
        "agent": {
            "id": "billing-bot", "tier": "autonomous", "known": true, "systems": ["erp", "crm"],
            "token": {"secret": "vault:x"}, "reviewed_at": null
        },
        "body": {"level": "crit", "items": [1, 2, 3], "user-agent": "curl", "größe": 3}
    })
}

fn now() -> jiff::Timestamp {
    "2026-03-01T13:00:00Z".parse().unwrap()
}

fn compile(source: &str) -> Expression {
    Expression::compile(source, &environment()).unwrap_or_else(|faults| panic!("{source}: {faults:#?}"))
}

fn evaluate(source: &str) -> Result<Json, EvaluationError> {
    compile(source).evaluate(&variables(), now())
}

fn value(source: &str) -> Json {
    evaluate(source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn faults(source: &str) -> Vec<Fault> {
    Expression::compile(source, &environment()).expect_err(source)
}

/// The code and the text that the first fault points at.
fn fault(source: &str) -> (&'static str, String, String) {
    let fault = faults(source).remove(0);
    let text = source.chars().skip(fault.offset).take(fault.length).collect();
    (fault.code, text, fault.hint.unwrap_or_default())
}

#[test]
fn conditions_on_alerts_and_agents_are_decided() {
    for source in [
        "alert.rule == 'token_anomalous_use' && alert.severity >= HIGH && agent.tier == 'autonomous'",
        "alert.severity > LOW && alert.severity < CRITICAL && alert.severity == HIGH",
        "alert.severity in [HIGH, CRITICAL]",
        "alert.parts.exists(part, part.severity == CRITICAL)",
        "alert.parts.filter(part, part.severity >= HIGH).size() == 1",
        "alert.count + 1 == 6 && alert.score > 6.5 && alert.score == 7.0",
        "alert.fields.n + 1 == 6",
        "now - alert.at == duration('30m') && alert.window <= duration('600s')",
        "'erp' in agent.systems && !('hr' in agent.systems)",
        "'ip' in alert.fields && has(alert.fields.ip) && !has(alert.fields.port)",
        "agent.reviewed_at == null",
        "alert.fields.?port.orValue(443) == 443",
        "alert.fields['ip'].startsWith('10.')",
        "alert.rule.matches('^token_[a-z]+') && matches(alert.rule, 'use$')",
        "in_network(alert.fields.ip, '10.0.0.0/8') && !in_network(alert.fields.ip, '192.168.0.0/16')",
        "hour(now, 'Europe/Berlin') == 14 && weekday(now, 'UTC') == 'sunday'",
        "severity(body.level == 'crit' ? 'critical' : 'low') == CRITICAL",
        "body.`user-agent` == 'curl'",
        "lower('ÄB') == 'äb' && upper('a') == 'A' && domain('x@Example.com') == 'example.com'",
        "type(alert.count) == int && size(alert.titles) == 2",
        "agent.systems.all(s, s.size() == 3) && agent.systems.map(s, s + '!') == ['erp!', 'crm!']",
    ] {
        assert_eq!(value(source), json!(true), "{source}");
    }
}

#[test]
fn results_come_back_as_json_with_severities_and_times_as_text() {
    assert_eq!(value("alert.severity"), json!("HIGH"));
    assert_eq!(value("body.level == 'crit' ? CRITICAL : MEDIUM"), json!("CRITICAL"));
    assert_eq!(value("alert.parts"), variables()["alert"]["parts"]);
    assert_eq!(value("alert.parts.map(p, p.severity)"), json!(["LOW", "CRITICAL"]));
    assert_eq!(value("alert.at + duration('1h')"), json!("2026-03-01T13:30:00Z"));
    assert_eq!(value("now - alert.at"), json!("30m"));
    assert_eq!(value("alert.fields.large"), json!(18_446_744_073_709_551_615_u64));
    assert_eq!(value("{'a': 1, 'b': [alert.score, null]}"), json!({"a": 1, "b": [7.0, null]}));
    assert_eq!(value("alert.fields.?port"), json!(null));
}

#[test]
fn a_secret_never_becomes_a_value() {
    assert_eq!(fault("agent.token == 'x'").0, codes::EXPRESSION_SECRET);
    assert_eq!(fault("agent.?token.orValue('x') == 'x'").0, codes::EXPRESSION_SECRET);
    assert_eq!(fault("agent['token'] == 'x'").0, codes::EXPRESSION_SECRET);
    assert_eq!(value("has(agent.token)"), json!(true));
    assert_eq!(value("agent")["token"], json!(null));
}

#[test]
fn unknown_names_are_faults_with_a_place_and_what_was_meant() {
    let cases = [
        ("alrt.rule == 'x'", codes::EXPRESSION_UNKNOWN_VARIABLE, "alrt", "did you mean `alert`?"),
        ("alert.severty >= HIGH", codes::EXPRESSION_UNKNOWN_FIELD, "severty", "did you mean `severity`?"),
        ("has(alert.severty)", codes::EXPRESSION_UNKNOWN_FIELD, "severty", "did you mean `severity`?"),
        ("alert.?severty.orValue('x') == 'y'", codes::EXPRESSION_UNKNOWN_FIELD, "severty", "did you mean `severity`?"),
        ("alert.severity >= HIHG", codes::EXPRESSION_UNKNOWN_VARIABLE, "HIHG", "did you mean `HIGH`?"),
        (
            "agent.tier == autonomous",
            codes::EXPRESSION_UNKNOWN_VARIABLE,
            "autonomous",
            "text is written in quotes: 'autonomous'",
        ),
        ("alert.rule.startswith('a')", codes::EXPRESSION_UNKNOWN_FUNCTION, "startswith", "did you mean `startsWith`?"),
        ("len(alert.rule) > 3", codes::EXPRESSION_UNKNOWN_FUNCTION, "len", "did you mean `size`?"),
        ("'ä' == alert.rule && agent.nmae == 'ü'", codes::EXPRESSION_UNKNOWN_FIELD, "nmae", ""),
        ("alert.parts.exists(p, p.nam == 'x')", codes::EXPRESSION_UNKNOWN_FIELD, "nam", "did you mean `name`?"),
        ("agent.systems.any(s, s == 'x')", codes::EXPRESSION_UNKNOWN_FUNCTION, "any", "did you mean `exists`?"),
        ("contains(alert.rule, 'x')", codes::EXPRESSION_UNKNOWN_FUNCTION, "contains", "write x.contains(...)"),
    ];
    for (source, code, text, hint) in cases {
        let found = fault(source);
        assert_eq!((found.0, found.1.as_str()), (code, text), "{source}: {found:?}");
        assert!(found.2.contains(hint), "{source}: {found:?}");
    }
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_text() {
    assert_eq!(faults("agent.systems.any(s, s == 'x')").len(), 1);
    let found = faults("alert.rul == 'x' && agnt.tier == 'y' && len(agent.id) > 1");
    let codes: Vec<_> = found.iter().map(|fault| fault.code).collect();
    let wanted =
        [codes::EXPRESSION_UNKNOWN_FIELD, codes::EXPRESSION_UNKNOWN_VARIABLE, codes::EXPRESSION_UNKNOWN_FUNCTION];
    assert_eq!(codes, wanted);
}

#[test]
fn a_severity_is_compared_with_severities_only() {
    for (source, hint) in [
        ("alert.severity >= 'HIGH'", "write HIGH without quotes"),
        ("'high' == alert.severity", "write HIGH without quotes"),
        ("alert.severity == 'severe'", "write INFO, LOW, MEDIUM, HIGH or CRITICAL"),
        ("alert.severity > 3", "write INFO, LOW, MEDIUM, HIGH or CRITICAL"),
        ("alert.severity in ['HIGH']", ""),
        ("body.level >= HIGH", "severity(x)"),
        ("(alert.count > 1 ? HIGH : 'LOW') == HIGH", ""),
        ("string(alert.severity) == 'HIGH'", "compare severities"),
    ] {
        let found = fault(source);
        assert_eq!(found.0, codes::EXPRESSION_SEVERITY, "{source}: {found:?}");
        assert!(found.2.contains(hint), "{source}: {found:?}");
    }
}

#[test]
fn types_that_do_not_go_together_are_faults() {
    for source in [
        "alert.count == '5'",
        "alert.rule > 5",
        "alert.count + 1.5 > 2.0",
        "alert.rule + 1 == 'x'",
        "alert.rule && true",
        "!alert.rule",
        "alert.count ? 1 : 2",
        "alert.at > '2026-01-01T00:00:00Z'",
        "now - alert.at > 600",
        "1 in agent.systems",
        "'x' in alert.rule",
        "agent.systems['x'] == 'y'",
        "agent.systems.contains('erp')",
        "alert.rule.contains(5)",
        "alert.count.all(x, x > 1)",
        "agent.systems.filter(s, s)",
        "-alert.rule == 'x'",
        "alert.titles < agent.systems",
        "agent.known == 'true'",
        "alert.parts.map(p, p.name + 1)",
    ] {
        let found = fault(source);
        assert_eq!(found.0, codes::EXPRESSION_TYPE, "{source}: {found:?}");
    }
}

#[test]
fn constants_that_will_fail_are_faults_now() {
    for source in [
        "alert.rule.matches('(')",
        "alert.rule.matches('((a{900}){900}){900}')",
        "in_network(alert.rule, '10.0.0.0/99')",
        "hour(now, 'Europe/Berln') > 8",
        "duration('1d') > alert.window",
        "timestamp('yesterday') < now",
    ] {
        assert_eq!(fault(source).0, codes::EXPRESSION_LITERAL, "{source}");
    }
    for source in
        ["now.getHours('Europe/Berlin') > 8", "hour(now) > 8", "has(alert.rule, 'x')", "agent.systems.exists(x)"]
    {
        assert_eq!(fault(source).0, codes::EXPRESSION_ARGUMENTS, "{source}");
    }
}

#[test]
fn slips_of_syntax_are_named() {
    let cases = [
        ("alert.rule = 'x'", "=", "write `==` to compare"),
        ("agent.known and true", "and", "write `&&`"),
        ("not agent.known", "not", "write `!`"),
        ("agent.known & true", "&", "write `&&`"),
        ("alert.rule == 'x", "'", "end it with `'`"),
        ("(agent.known", "(", ""),
        ("agent.known)", ")", ""),
        ("[1, 2)", ")", ""),
        ("", "", ""),
        ("   ", "   ", ""),
        ("alert.rule ==", "=", ""),
        ("alert..rule", ".r", ""),
        ("alert.rule 'x'", "'x'", ""),
        ("a $ b", "$", ""),
    ];
    for (source, text, hint) in cases {
        let found = fault(source);
        assert_eq!((found.0, found.1.as_str()), (codes::EXPRESSION_SYNTAX, text), "{source}: {found:?}");
        assert!(found.2.contains(hint), "{source}: {found:?}");
    }
}

#[test]
fn a_condition_must_be_true_or_false() {
    let env = environment();
    assert_eq!(Expression::compile_bool("alert.rule", &env).unwrap_err()[0].code, codes::EXPRESSION_NOT_BOOL);
    let condition = Expression::compile_bool("body.flag", &env).unwrap();
    let answer = |flag: Json| condition.evaluate_bool(&json!({"body": {"flag": flag}}), now());
    assert_eq!(answer(json!(true)), Ok(true));
    assert_eq!(answer(json!("yes")), Err(EvaluationError::NotBool { found: "text" }));
}

#[test]
fn errors_of_an_evaluation_are_typed_and_show_no_values() {
    let missing = |name: &str| Err(EvaluationError::Missing { name: name.to_owned() });
    assert_eq!(evaluate("alert.fields.port == 1"), missing("port"));
    assert_eq!(compile("alert.rule").evaluate(&json!({}), now()), missing("alert"));
    assert!(matches!(evaluate("1 / (alert.count - 5) == 1"), Err(EvaluationError::Arithmetic { .. })));
    assert!(matches!(evaluate("agent.systems[7] == 'x'"), Err(EvaluationError::Arithmetic { .. })));
    assert!(matches!(evaluate("9223372036854775807 + alert.count == 1"), Err(EvaluationError::Arithmetic { .. })));
    assert!(matches!(evaluate("int(agent.id) == 1"), Err(EvaluationError::Function { .. })));
    assert!(matches!(evaluate("body.level + 1 == 2"), Err(EvaluationError::Types { .. })));
    for source in
        ["body.level + 1 == 2", "int(agent.id) == 1", "body.level.size() > body.items", "timestamp(agent.id) < now"]
    {
        let text = evaluate(source).unwrap_err().to_string();
        assert!(!text.contains("crit") && !text.contains("billing"), "{source}: {text}");
    }
    let bad = json!({"alert": {"severity": "high"}});
    let error = compile("alert.severity == HIGH").evaluate(&bad, now()).unwrap_err();
    assert_eq!(error, EvaluationError::InvalidValue { path: "alert.severity".into(), expected: "a severity".into() });
}

#[test]
fn only_what_is_read_is_looked_at() {
    let broken_elsewhere = json!({"alert": {"rule": "x", "severity": "nonsense", "at": 5}});
    assert_eq!(compile("alert.rule").evaluate(&broken_elsewhere, now()), Ok(json!("x")));
}

#[test]
fn expressions_are_equal_by_source_and_can_be_sent_between_threads() {
    fn sendable<T: Send + Sync + Clone>(value: T) -> T {
        value
    }
    let one = sendable(compile("alert.count > 1"));
    assert_eq!(one, compile("alert.count > 1"));
    assert_ne!(one, compile("alert.count > 2"));
    assert_eq!(format!("{one:?}"), "Expression(\"alert.count > 1\")");
}

mod hostile;

//! Approvals of the configuration: filled in, judged like others, and said to come from there.

use serde_json::{Value, json};

use super::*;
use crate::domain::{Assurance, Digest, Principal};
use crate::playbook::compile::{Node, Report, approvals};
use crate::playbook::{Approvals, Catalogue};

/// What a configuration says, and what was wrong with it.
fn configured(text: &str) -> (Approvals, Vec<Diagnostic>) {
    let (document, places) = crate::language::parse::<Value>(&source(text)).unwrap();
    let mut report = Report::new(places);
    let of = |name: &str| document.get(name).map(|value| Node { value, pointer: format!("/{name}") });
    let found = approvals(&mut report, of("approvals").as_ref(), of("default_approval").as_ref());
    (found, report.finish().0)
}

const CONFIGURATION: &str = "
approvals:
  owner-release:
    ask: Is it mended?
    approvers: [user:ana, user:bo]
    thresholds: [{ approve: 2, reject: 1 }]
    timeout: 4h
    escalate_to: [group:leads]
  wipe: { ask: Wipe it?, timeout: 1h, identity: link, on_timeout: act }
default_approval: { valid_for: 5m, reason: { mode: optional }, timeout: 2h }
";

fn configuration(text: &str) -> Catalogue {
    let (approvals, found) = configured(text);
    assert_eq!(found, [], "{text}");
    catalogue().with_approvals(approvals)
}

fn compiled(text: &str, catalogue: &Catalogue) -> Playbook {
    match compile(&source(text), catalogue) {
        Ok((playbook, warnings)) => {
            assert_eq!(spoken(warnings), [], "{text}");
            playbook
        }
        Err(found) => panic!("{}\n{text}", crate::language::render_human(&found, &[source(text)], false)),
    }
}

fn ask(keys: &str) -> String {
    with_steps(&format!("      - {{ step: ask, approval: {keys} }}\n"))
}

#[test]
fn what_an_approval_leaves_out_comes_from_the_one_it_names_and_then_from_the_default() {
    let catalogue = configuration(CONFIGURATION);
    let whole = compiled(&ask("owner-release"), &catalogue);
    let spec = approval(&whole, "ask");
    assert_eq!(spec.thresholds[0].approve, 2);
    assert_eq!(spec.approvers.len(), 2);
    assert_eq!((spec.timeout.as_secs(), spec.valid_for.unwrap().as_secs()), (4 * 3600, 300));
    assert!(!spec.reason_required);
    let own =
        compiled(&ask("{ use: owner-release, ask: Own?, thresholds: [{ approve: 1 }], timeout: 1h }"), &catalogue);
    let spec = approval(&own, "ask");
    assert_eq!((spec.thresholds[0].approve, spec.timeout.as_secs()), (1, 3600));
    assert_eq!(spec.ask.source(), "Own?");
    let inline = compiled(&ask("{ ask: Own? }"), &catalogue);
    let spec = approval(&inline, "ask");
    assert_eq!((spec.timeout.as_secs(), spec.approvers.as_slice()), (2 * 3600, [Principal::Owner].as_slice()));
    assert_eq!(spec.identity, Assurance::Link);
}

#[test]
fn a_guard_may_be_named_as_well() {
    let text = with_steps("      - { step: pause, action: agent.pause, approval: owner-release }\n");
    let playbook = compiled(&text, &configuration(CONFIGURATION));
    assert_eq!(approval(&playbook, "pause").thresholds[0].approve, 2);
}

#[test]
fn a_fault_of_what_was_lent_stands_in_the_playbook_and_says_where_it_came_from() {
    let catalogue = configuration(CONFIGURATION);
    let guard = |approval: &str| {
        with_steps(&format!(
            "      - {{ step: a, action: vault.destroy_entity, with: {{ entity: x }}, approval: {approval} }}\n"
        ))
    };
    let cases = [
        (
            ask("{ use: owner-release, approvers: [user:ana] }"),
            codes::QUORUM,
            "approvals.owner-release",
            "only 1 person",
        ),
        (guard("{ use: wipe, identity: api }"), codes::SILENCE, "approvals.wipe", "destroy"),
        (guard("{ use: wipe, on_timeout: reject }"), codes::IDENTITY, "approvals.wipe", "forwarded"),
    ];
    for (text, code, origin, message) in cases {
        let found = compile(&source(&text), &catalogue).expect_err(&text);
        let errors: Vec<&Diagnostic> = found.iter().filter(|fault| fault.level == Level::Error).collect();
        let [only] = errors.as_slice() else { panic!("{found:#?}") };
        assert_eq!(only.code, code);
        assert!(only.message.contains(&format!("comes from `{origin}` of the configuration")), "{only:?}");
        assert!(only.message.contains(message), "{only:?}");
        assert_eq!(only.span.map(|span| span.line), Some(6), "{only:?}");
    }
}

#[test]
fn an_unknown_name_gets_a_guess_and_without_a_configuration_the_way_to_give_one() {
    let given = |text: &str, catalogue: &Catalogue| {
        let [only] = compile(&source(&ask(text)), catalogue).expect_err(text).try_into().expect("one fault");
        let only: Diagnostic = only;
        assert_eq!(only.code, codes::UNKNOWN_APPROVAL);
        (only.message, only.hint.unwrap(), only.span.unwrap())
    };
    let (message, hint, place) = given("owner-relaese", &configuration(CONFIGURATION));
    assert!(
        message.contains("has no approval `owner-relaese`") && hint.contains("`owner-release`"),
        "{message} {hint}"
    );
    assert_eq!((place.line, place.length), (6, 13));
    let (_, hint, _) = given("{ use: zzz, ask: Sure? }", &configuration(CONFIGURATION));
    assert!(hint.contains("owner-release, wipe"), "{hint}");
    let (message, hint, _) = given("owner-release", &configuration("{}"));
    assert!(message.contains("has none") && hint.contains("`approvals:`"), "{message} {hint}");
    let (message, hint, _) = given("owner-release", &catalogue());
    assert!(message.contains("none was given") && hint.contains("--config FILE"), "{message} {hint}");
}

#[test]
fn the_version_covers_what_was_used_and_nothing_else() {
    let other = CONFIGURATION.replace("timeout: 4h", "timeout: 5h");
    let (before, after) = (configuration(CONFIGURATION), configuration(&other));
    let digest = |text: &str, catalogue: &Catalogue| compiled(text, catalogue).digest;
    assert_ne!(digest(&ask("owner-release"), &before), digest(&ask("owner-release"), &after));
    assert_eq!(digest(&ask("{ ask: Own? }"), &before), digest(&ask("{ ask: Own? }"), &after));
    let own = ask("{ ask: Own?, timeout: 1h, valid_for: 1m, reason: { mode: optional } }");
    assert_eq!(digest(&own, &before), Digest::of(own.as_bytes()));
    assert_eq!(compiled(&own, &before).approvals, None);
}

#[test]
fn a_version_compiles_to_itself_from_what_it_kept() {
    let text = ask("owner-release");
    let first = compiled(&text, &configuration(CONFIGURATION));
    assert_eq!(first.approvals.as_ref().unwrap()["approvals"].as_object().unwrap().len(), 1);
    let again = catalogue().with_approvals(Approvals::pinned(first.approvals.as_ref()));
    let again = compiled(&text, &again);
    assert_eq!((again.digest, &again.approvals), (first.digest, &first.approvals));
    assert_eq!(approval(&again, "ask").timeout, approval(&first, "ask").timeout);
    let lost = catalogue().with_approvals(Approvals::pinned(Some(&json!("damaged"))));
    assert_eq!(compile(&source(&text), &lost).expect_err("it is lost")[0].code, codes::UNKNOWN_APPROVAL);
}

#[test]
fn a_version_that_overrides_every_key_of_the_approval_it_names_compiles_again_too() {
    let text = ask("{ use: release, ask: Own?, timeout: 1h }");
    let first = compiled(&text, &configuration("approvals: { release: { timeout: 4h } }"));
    let again = catalogue().with_approvals(Approvals::pinned(first.approvals.as_ref()));
    let again = compiled(&text, &again);
    assert_eq!((again.digest, &again.approvals), (first.digest, &first.approvals));
}

#[test]
fn what_is_wrong_with_an_approval_on_its_own_is_said_in_the_configuration() {
    use crate::language::codes as language;
    let cases = [
        ("approvals: { a: { «timeuot»: 4h } }", language::YAML_UNKNOWN_FIELD, "`timeout`"),
        ("approvals: { a: { timeout: «4 hours» } }", codes::DURATION, "units"),
        ("approvals: { a: { «releases»: [x] } }", codes::MISPLACED, "in the playbook"),
        ("approvals: { a: { «use»: b } }", codes::MISPLACED, "default_approval"),
        ("approvals: { a: { «reminders»: [1h] } }", codes::NOT_AVAILABLE, ""),
        ("approvals: { a: { ask: «\"{{alert.title}}\"» } }", codes::APPROVAL_WORDS, "words of your own"),
        ("approvals: { a: { approvers: [user:ana], thresholds: [{ approve: «2» }] } }", codes::QUORUM, "lower"),
        ("approvals: { «a b»: { timeout: 4h } }", codes::NAME, "letters"),
        ("approvals: { a: «4h» }", language::YAML_WRONG_TYPE, ""),
        ("approvals: «[]", language::YAML_WRONG_TYPE, ""),
        ("approvals: { release: { timeout: 4h } }\ndefault_approval: «relaese»", codes::UNKNOWN_APPROVAL, "`release`"),
        ("default_approval: { identity: «login» }", codes::NOT_AVAILABLE, "`api`"),
    ];
    for (text, code, hint) in cases {
        let before = text.split_once('«').unwrap().0;
        let clean = text.replace(['«', '»'], "");
        let (_, found) = configured(&clean);
        let [only] = found.as_slice() else { panic!("{found:#?}\n{text}") };
        assert_eq!(only.code, code, "{only:?}");
        assert!(only.hint.as_deref().unwrap_or_default().contains(hint), "{only:?}");
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        let place = only.span.unwrap();
        assert_eq!((place.line as usize, place.column as usize), (line, column), "{only:?}");
    }
}

#[test]
fn silence_that_acts_is_judged_where_the_steps_are_known() {
    let (_, found) = configured("approvals: { stop: { ask: Stop it?, timeout: 1h, on_timeout: act } }");
    assert_eq!(found, []);
}

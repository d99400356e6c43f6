//! What a further alert of an incident comes to in a rehearsal: the same as in the daemon.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::family::{CHILD, PARENT, assert_good};
use super::replayed::{PAUSES, alert, of, playbook, replayed};
use crate::domain::Alert;
use crate::playbook::Playbook;

const RESTS: &str = "stages:\n  - { stage: only, steps: [{ step: rest, wait: 1h }] }\n";
const TELLS: &str = "stages:\n  - { stage: only, steps: [{ step: tell, action: notify, with: { to: owner, subject: Odd, text: Look. } }] }\n";

fn one_incident(head: &str, stages: &str) -> Arc<Playbook> {
    playbook(&format!(
        "playbook: odd\nmode: enforce\nmatch: {{ when: \"alert.source == 'siem'\" }}\nincident: {{ key: alert.labels.session }}\n{head}{stages}"
    ))
}

fn of_session(agent: &str, minute: i64) -> Arc<Alert> {
    let labels = BTreeMap::from([("session".to_owned(), "one".to_owned())]);
    Arc::new(Alert { labels, ..Alert::clone(&alert("siem", agent, minute)) })
}

#[test]
fn a_run_under_way_is_joined_though_one_about_another_agent_of_its_incident_began_later() {
    let alerts = [of_session("a-bot", 0), of_session("b-bot", 5), of_session("a-bot", 10)];
    let report = replayed(&[one_incident("", RESTS)], &alerts, None);
    let odd = of(&report, "odd");
    assert_eq!((odd.runs, odd.joined), (2, 1), "{odd:?}");
}

#[test]
fn the_last_run_about_another_agent_of_an_incident_is_not_asked_whether_to_start_again() {
    let alerts = [of_session("a-bot", 0), of_session("b-bot", 5), of_session("a-bot", 10)];
    let report = replayed(&[one_incident("rerun_when: \"false\"\n", TELLS)], &alerts, None);
    let odd = of(&report, "odd");
    assert_eq!((odd.runs, odd.joined), (2, 0), "one for each agent: {odd:?}");
}

#[test]
fn the_last_run_of_a_playbook_is_asked_also_if_a_step_started_it() {
    let parent = "playbook: parent\nmode: enforce\nmatch: { when: \"alert.source == 'siem'\" }\nstages:\n  \
                  - { stage: one, steps: [{ step: other, action: run_playbook, with: { playbook: child } }] }\n";
    let child = |again: bool| {
        format!(
            "playbook: child\nmode: enforce\nmatch: {{ when: \"alert.source == 'edr'\" }}\nrerun_when: \"{again}\"\n{TELLS}"
        )
    };
    for again in [false, true] {
        let books = [playbook(parent), playbook(&child(again))];
        let report = replayed(&books, &[alert("siem", "a-bot", 0), alert("edr", "a-bot", 30)], None);
        let child = of(&report, "child");
        assert_eq!((child.runs, child.started_by_runs), (1 + u64::from(again), 1), "{child:?}");
    }
}

#[test]
fn an_alert_that_joins_a_run_joins_those_that_it_started_as_well() {
    let parent = "playbook: parent\nmode: enforce\nmatch: { when: \"alert.source != 'system'\" }\nstages:\n  \
                  - { stage: one, steps: [{ step: other, action: run_playbook, with: { playbook: child } }] }\n";
    let child = format!(
        "playbook: child\nmode: enforce\nmatch:\n  when: \"alert.source == 'nobody'\"\n  corroborate: {{ sources: 2, within: 10m }}\n{PAUSES}"
    );
    let contained = |source: &str, minute: i64| {
        let alerts = [alert("siem", "a-bot", 0), alert(source, "a-bot", minute)];
        let report = replayed(&[playbook(parent), playbook(&child)], &alerts, None);
        (of(&report, "parent").joined, of(&report, "child").agents_contained)
    };
    assert_eq!(contained("edr", 5), (1, 1), "the second source is what it waits for");
    assert_eq!(contained("siem", 5), (1, 0), "one source is one source");
}

#[test]
fn an_alert_that_joins_a_run_of_a_case_joins_those_that_it_started_as_well() {
    let child = CHILD.replace("match: {", "match: { corroborate: { sources: 2, within: 10m },");
    let cases = r"
  - case: a second source says the same
    then:
      - { expect: { standings: { mail-bot: active }, steps: { other/pause: waiting } } }
      - { after: 5m, alert: { source: edr } }
    expect: { runs: 1, standings: { mail-bot: paused }, steps: { other/pause: succeeded } }
";
    assert_good(&[("parent", PARENT), ("child", &child)], "parent", cases);
}

#[test]
fn an_alert_of_a_case_that_was_not_heard_of_for_a_day_is_a_new_one() {
    let cases = r"
  - case: the same alert again
    alert: { id: same }
    then:
      - { after: 23h, alert: { id: same }, expect: { runs: 1 } }
      - { after: 23h, alert: { id: same }, expect: { runs: 1 } }
      - { after: 25h, alert: { id: same }, expect: { runs: 2 } }
      - { after: 1h, alert: { id: same, status: resolved }, expect: { runs: 2 } }
      - { alert: { id: same }, expect: { runs: 3 } }
";
    let odd = format!("playbook: parent\nowner: user:ana\nmode: enforce\nmatch: {{ when: \"true\" }}\n{TELLS}");
    assert_good(&[("parent", &odd)], "parent", cases);
}

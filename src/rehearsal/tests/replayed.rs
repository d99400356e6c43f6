//! Replays: schedules tick in them, silences are counted, and what holds over time holds in them as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::action::Registry;
use crate::domain::alert::{Authentication, Claimed};
use crate::domain::*;
use crate::engine::Inventory;
use crate::language::Source;
use crate::playbook::{Playbook, compile};
use crate::rehearsal::family::Library;
use crate::rehearsal::place::Place;
use crate::rehearsal::replay::{Difference, OfPlaybook, Report, Setting, replay, replay_with};
use crate::rehearsal::script::{Calls, Look, Script};

pub(super) const PAUSES: &str = r"
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
";

pub(super) fn playbook(text: &str) -> Arc<Playbook> {
    let source = Source { name: "test.yaml".into(), text: text.into() };
    match compile(&source, &Registry::catalogue_without_connections()) {
        Ok((playbook, _)) => Arc::new(playbook),
        Err(faults) => panic!("{}", crate::language::render_human(&faults, &[source], false)),
    }
}

fn start() -> Timestamp {
    "2026-11-23T03:00:00Z".parse().unwrap()
}

/// An alert some minutes after the beginning.
pub(super) fn alert(source: &str, agent: &str, minute: i64) -> Arc<Alert> {
    let at = start() + SignedDuration::from_mins(minute);
    let text = format!("{source} {agent} {minute}");
    Arc::new(Alert {
        id: AlertId::generate(at),
        source: SourceId::parse(source).unwrap(),
        trust: Trust::Contain,
        delivery_id: None,
        event_id: None,
        dedup_key: Digest::of(text.as_bytes()),
        group_key: None,
        rule: Some("odd".into()),
        title: text,
        status: AlertStatus::Firing,
        severity: Severity::High,
        severity_raw: None,
        occurred_at: at,
        occurred_at_assumed: false,
        ended_at: None,
        received_at: at,
        agent: Claimed { id: Some(agent.into()), ..Claimed::default() },
        principal: None,
        credential: None,
        owner: None,
        resources: Vec::new(),
        labels: BTreeMap::new(),
        fields: serde_json::Map::new(),
        is_test: false,
        notes: Vec::new(),
        truncated: false,
        auth: Authentication { scheme: "test".into(), key_id: None },
    })
}

fn inventory() -> Arc<Inventory> {
    let agent = |id: &str, tier: Tier| Agent {
        known: true,
        gated: true,
        tier,
        owner: Some("user:ana".parse().unwrap()),
        ..Agent::unknown(AgentId::parse(id).unwrap())
    };
    let agents =
        vec![agent("a-bot", Tier::Autonomous), agent("b-bot", Tier::Autonomous), agent("c-bot", Tier::Supervised)];
    let ana = PersonId::parse("ana").unwrap();
    let person = Person { id: ana.clone(), name: "Ana".into(), email: None, webhook: None };
    let directory = Directory {
        people: [(ana.clone(), person)].into(),
        groups: BTreeMap::new(),
        fallback: vec![Principal::User(ana)],
    };
    Arc::new(Inventory::new(agents, directory))
}

pub(super) fn replayed(playbooks: &[Arc<Playbook>], alerts: &[Arc<Alert>], hours: Option<i64>) -> Report {
    replayed_with(playbooks, alerts, hours, &Script::default())
}

fn replayed_with(playbooks: &[Arc<Playbook>], alerts: &[Arc<Alert>], hours: Option<i64>, script: &Script) -> Report {
    let library: Library = playbooks.iter().map(|it| (it.name.clone(), Arc::clone(it))).collect();
    let setting = Setting {
        playbooks,
        family: &Arc::new(library),
        inventory: &inventory(),
        contained_per_hour: 100,
        span: hours.map(|hours| (start(), start() + SignedDuration::from_hours(hours))),
    };
    let report = replay_with(&setting, alerts, script.clone());
    if *script == Script::default() {
        assert_eq!(report, replay(&setting, alerts));
    }
    report
}

pub(super) fn of<'r>(report: &'r Report, name: &str) -> &'r OfPlaybook {
    report.playbooks.iter().find(|of| of.name.as_str() == name).unwrap()
}

fn scheduled(more: &str) -> Arc<Playbook> {
    playbook(&format!(
        "playbook: sweep\nmode: observe\nschedule: {{ cron: \"30 * * * *\", timezone: UTC }}\n\
         for_each_agent: agent.tier == 'autonomous'\n{more}{PAUSES}"
    ))
}

#[test]
fn a_schedule_ticks_in_the_time_that_is_replayed_once_for_each_agent_that_it_names() {
    let report = replayed(&[scheduled("")], &[], Some(24));
    let sweep = of(&report, "sweep");
    assert_eq!((sweep.ticks, sweep.matched, sweep.agents_contained), (24, 48, 2), "{sweep:?}");
    assert_eq!(sweep.runs, 48, "{sweep:?}");
    assert_eq!((report.alerts, report.unmatched), (0, 0), "a tick is no alert that somebody sent");
    // Without a span, only what lies between the first alert and the last is known.
    let between = replayed(&[scheduled("")], &[alert("siem", "a-bot", 31), alert("siem", "a-bot", 150)], None);
    assert_eq!(of(&between, "sweep").ticks, 2, "04:30 and 05:30");
    assert_eq!(replayed(&[scheduled("")], &[], None).playbooks.len(), 1, "without alerts there is no time");
}

#[test]
fn ticks_that_a_daemon_has_kept_are_replaced_and_not_done_twice() {
    let sweep = scheduled("");
    let agent = inventory().agent(&AgentId::parse("a-bot").unwrap()).unwrap();
    let source = SourceId::parse("schedule").unwrap();
    let at = start() + SignedDuration::from_mins(30);
    let tick = crate::intake::schedules::Tick { at, missed: 0 };
    let kept = Arc::new(crate::intake::schedules::scheduled_alert(&source, &sweep, &agent, &tick, at));
    let report = replayed(&[sweep], &[kept], Some(1));
    assert_eq!((report.recorded_ticks, of(&report, "sweep").matched), (1, 2), "{report:?}");
}

#[test]
fn what_comes_while_a_playbook_is_silent_is_counted_for_it_and_compared() {
    let silence = "silence: { from: 2026-11-23T04:00:00Z, to: 2026-11-23T06:00:00Z, because: maintenance }\n";
    let odd = |silence: &str| {
        playbook(&format!(
            "playbook: odd\nmode: observe\nmatch: {{ when: \"alert.source != 'system'\" }}\n{silence}{PAUSES}"
        ))
    };
    let alerts: Vec<_> = (0..6).map(|hour| alert("siem", "c-bot", hour * 60)).collect();
    let before = replayed(&[odd(""), scheduled("")], &alerts, Some(6));
    let now = replayed(&[odd(silence), scheduled(silence)], &alerts, Some(6));
    assert_eq!((of(&now, "odd").silenced, of(&now, "odd").matched), (2, 4));
    assert_eq!((of(&now, "sweep").silenced, of(&now, "sweep").matched, of(&now, "sweep").ticks), (4, 8, 6));
    assert_eq!(now.unmatched, 0, "an alert that met a silence was matched");
    let changes = Difference::between(&before, &now).changes;
    let silenced: Vec<_> = changes.iter().filter(|it| it.what == "silenced").map(|it| (it.before, it.now)).collect();
    assert_eq!(silenced, [(0, 2), (0, 4)], "{changes:?}");
}

#[test]
fn a_second_source_counts_only_within_the_time_that_corroboration_allows() {
    let text = format!(
        "playbook: odd\nmode: enforce\nmatch:\n  when: \"alert.source != 'system'\"\n  corroborate: {{ sources: 2, within: 10m }}\n{PAUSES}"
    );
    let contained = |minute: i64| {
        let report = replayed(&[playbook(&text)], &[alert("siem", "a-bot", 0), alert("edr", "a-bot", minute)], None);
        (of(&report, "odd").runs, report.contained.len())
    };
    assert_eq!(contained(9), (1, 1), "the second source joins the run and lets it act");
    assert_eq!(contained(11), (2, 0), "the first run was over: the second source stands alone");
    let same = replayed(&[playbook(&text)], &[alert("siem", "a-bot", 0), alert("siem", "a-bot", 5)], None);
    assert_eq!(same.contained.len(), 0, "a source that repeats itself corroborates nothing");
}

#[test]
fn a_budget_holds_over_the_time_of_the_replay() {
    let text = format!(
        "playbook: odd\nmode: enforce\nmatch: {{ when: \"true\" }}\nbudget: {{ contain: 1, per: 1h, over: approve }}\n{PAUSES}"
    );
    let hits = |minute: i64| {
        let report = replayed(&[playbook(&text)], &[alert("siem", "a-bot", 0), alert("siem", "b-bot", minute)], None);
        (of(&report, "odd").budget_hits > 0, report.contained.len())
    };
    assert_eq!(hits(59), (true, 1));
    assert_eq!(hits(61), (false, 2));
}

#[test]
fn people_are_asked_once_a_window_about_all_agents_above_a_budget() {
    let text = format!(
        "playbook: odd\nmode: enforce\nmatch: {{ when: \"true\" }}\nbudget: {{ contain: 1, per: 1h, over: approve }}\n{PAUSES}"
    );
    let asked = |minute: i64| {
        let (first, second) = (alert("siem", "b-bot", 1), alert("siem", "c-bot", minute));
        let report = replayed(&[playbook(&text)], &[alert("siem", "a-bot", 0), first, second], None);
        (of(&report, "odd").budget_hits, of(&report, "odd").budget_requests)
    };
    assert_eq!(asked(20), (4, 2), "each of two runs waits, then more people are asked, each time about both");
    assert_eq!(asked(59), (4, 2));
}

#[test]
fn a_run_that_a_step_starts_is_counted_for_its_own_playbook_and_joined_by_alerts_about_its_agent() {
    let parent = "playbook: parent\nmode: enforce\nmatch: { when: \"alert.source == 'siem'\" }\nstages:\n  \
                  - { stage: one, steps: [{ step: other, action: run_playbook, with: { playbook: child } }] }\n";
    let child = "playbook: child\nmode: enforce\nmatch: { when: \"alert.source == 'edr'\" }\nstages:\n  \
                 - stage: one\n    mode: sequential\n    steps:\n      \
                 - { step: pause, action: agent.pause, hold: 8h }\n      - { step: rest, wait: 1h }\n";
    let alerts = [alert("siem", "a-bot", 0), alert("edr", "a-bot", 30), alert("edr", "a-bot", 90)];
    let report = replayed(&[playbook(parent), playbook(child)], &alerts, None);
    let (parent, child) = (of(&report, "parent"), of(&report, "child"));
    assert_eq!((parent.runs, parent.agents_contained), (1, 0), "{parent:?}");
    assert_eq!((child.runs, child.started_by_runs, child.joined), (2, 1, 1), "{child:?}");
    assert_eq!((report.contained.len(), report.contained[0].runs), (1, 2), "{:?}", report.contained);
}

fn held(agent: &AgentId, until: Timestamp) -> Hold {
    Hold {
        id: HoldId::generate(start()),
        agent: agent.clone(),
        level: HoldLevel::Paused,
        cause: HoldCause::Person,
        reason: "a test".into(),
        until: Some(until),
        ask_at_end: true,
        by: Actor::System,
        placed_at: start(),
    }
}

/// A playbook that acts on alerts of our own of one rule.
fn follows(rule: &str, stages: &str) -> Arc<Playbook> {
    playbook(&format!(
        "playbook: follows\nmode: enforce\nmatch: {{ when: \"alert.source == 'system' && alert.rule == '{rule}'\" }}\n{stages}"
    ))
}

const RETIRES: &str = "stages:\n  - { stage: only, steps: [{ step: retire, action: agent.retire }] }\n";

fn odd(stages: &str) -> Arc<Playbook> {
    playbook(&format!("playbook: odd\nmode: enforce\nmatch: {{ when: \"alert.source == 'siem'\" }}\n{stages}"))
}

#[test]
fn the_end_of_a_hold_comes_in_again_as_the_alert_that_the_daemon_would_make_of_it() {
    let books = [odd(PAUSES), follows("hold_ended", RETIRES)];
    let report = replayed(&books, &[alert("siem", "a-bot", 0), alert("siem", "b-bot", 5)], None);
    let (odd, follows) = (of(&report, "odd"), of(&report, "follows"));
    assert_eq!((odd.own_alerts, odd.messages, report.own_alerts["hold_ended"]), (2, 2, 2), "{report:?}");
    assert_eq!((follows.matched, follows.runs, follows.agents_contained), (2, 2, 2), "{follows:?}");
    assert_eq!((report.alerts, report.unmatched), (2, 0), "nobody sent them");
}

#[test]
fn a_hold_that_ends_while_people_are_asked_to_lift_it_comes_in_once_they_were_silent() {
    let asks = "stages:\n  - stage: contain\n    steps:\n      - { step: pause, action: agent.pause, hold: 1h }\n  \
                - stage: ask\n    steps:\n      - { step: q, approval: { ask: Free it?, releases: [free], approvers: [owner], timeout: 4h, on_timeout: reject } }\n  \
                - stage: restore\n    when: steps.q.decision == 'approved'\n    steps:\n      \
                - { step: free, action: undo, with: { steps: [pause] } }\n";
    let marks = "stages:\n  - stage: only\n    when: now < timestamp('2026-11-23T07:00:00Z')\n    steps: [{ step: retire, action: agent.retire }]\n";
    let early = replayed(&[odd(asks), follows("hold_ended", marks)], &[alert("siem", "a-bot", 0)], Some(12));
    assert_eq!(early.own_alerts["hold_ended"], 1, "{early:?}");
    assert_eq!(of(&early, "follows").agents_contained, 0, "it comes after four hours, and not after one");
    let report = replayed(&[odd(asks), follows("hold_ended", RETIRES)], &[alert("siem", "a-bot", 0)], Some(12));
    assert_eq!(of(&report, "follows").agents_contained, 1, "{report:?}");
}

#[test]
fn what_is_found_undone_comes_in_again_too() {
    let revokes = "stages:\n  - stage: contain\n    steps:\n      - step: revoke\n        action: oauth.revoke_token\n        \
                   with: { connection: idp, token: { secret: \"env:TOKEN\" } }\n        verify: { within: 30s, recheck: [10m] }\n";
    let books = [odd(revokes), follows("regressed", PAUSES)];
    let place = Place { above: Vec::new(), path: "revoke".parse().unwrap() };
    let calls = Calls { rechecks: vec![Look::NotSeen], ..Calls::default() };
    let script = Script::new([(place, calls)].into());
    let report = replayed_with(&books, &[alert("siem", "a-bot", 0)], None, &script);
    assert_eq!((of(&report, "odd").own_alerts, report.own_alerts["regressed"]), (1, 1), "{report:?}");
    assert_eq!(of(&report, "follows").agents_contained, 1, "{report:?}");
    let works = replayed(&books, &[alert("siem", "a-bot", 0)], None);
    assert_eq!((works.own_alerts.len(), of(&works, "follows").runs), (0, 0), "{works:?}");
}

#[test]
fn what_leads_to_itself_ends_with_the_time_that_is_replayed() {
    let again = "stages:\n  - { stage: only, steps: [{ step: pause, action: agent.pause, hold: 1h }] }\n";
    let books = [odd(again), follows("hold_ended", again)];
    let report = replayed(&books, &[alert("siem", "a-bot", 0)], Some(24));
    // Hour after hour: the last one in the time is that after 24 hours, and its run leads to one that is left out.
    let follows = of(&report, "follows");
    assert_eq!((report.own_alerts["hold_ended"], report.own_alerts_left_out), (25, 1), "{report:?}");
    assert_eq!((follows.runs, follows.own_alerts), (25, 24), "{follows:?}");
}

#[test]
fn what_a_daemon_has_kept_of_its_own_is_replaced_where_the_replay_holds_the_agent_and_taken_where_it_does_not() {
    let kept = |agent: &str| {
        let id = AgentId::parse(agent).unwrap();
        let at = start() + SignedDuration::from_hours(8);
        let own = crate::engine::SystemAlert::hold_ended(&held(&id, at), at);
        Arc::new(crate::intake::system::system_alert(&SourceId::parse("system").unwrap(), &own, at))
    };
    let books = [odd(PAUSES), follows("hold_ended", RETIRES)];
    let alerts = [alert("siem", "a-bot", 0), kept("a-bot"), kept("b-bot")];
    let report = replayed(&books, &alerts, None);
    assert_eq!((report.recorded_own_alerts, report.own_alerts["hold_ended"]), (1, 1), "{report:?}");
    assert_eq!(of(&report, "follows").matched, 2, "a-bot's own, and b-bot's of then");
}

//! Schedules and windows of silence.

use super::*;
use crate::language::codes as language;
use crate::playbook::codes;

const STAGES: &str = "stages:\n  - { stage: one, steps: [{ step: a, wait: 1s }] }\n";

fn scheduled(head: &str) -> String {
    format!("playbook: p\n{head}\n{STAGES}")
}

#[test]
fn a_playbook_may_start_by_a_schedule_alone() {
    let text =
        scheduled("schedule: { cron: \"0 6 * * *\", timezone: UTC }\nfor_each_agent: agent.tier == 'autonomous'");
    let compiled = playbook(&text);
    let timetable = compiled.timetable.unwrap();
    assert_eq!(timetable.schedule.source(), "0 6 * * * UTC");
    assert_eq!(compiled.when.source(), "false", "no alert from outside starts it");
}

#[test]
fn faults_of_schedules_are_found_at_their_place() {
    let of = |schedule: &str, agents: &str| scheduled(&format!("schedule: {schedule}\nfor_each_agent: {agents}"));
    let cases = [
        (of("{ cron: «\"0 6 * *\"», timezone: UTC }", "\"true\""), codes::SCHEDULE, "has 4", "day of the week"),
        (of("{ cron: «\"0 6 * * 1-5\"», timezone: UTC }", "\"true\""), codes::SCHEDULE, "as a number", "MON"),
        (of("{ cron: \"0 6 * * *\", timezone: «Zurich» }", "\"true\""), codes::SCHEDULE, "`Zurich`", "Europe/Zurich"),
        (of("«{ cron: \"0 6 * * *\" }", "\"true\""), language::YAML_MISSING_FIELD, "`timezone`", ""),
        (
            of("{ cron: \"0 6 * * *\", timezone: UTC }", "«alert».rule == 'x'"),
            language::EXPRESSION_UNKNOWN_VARIABLE,
            "alert",
            "",
        ),
        (
            scheduled("«schedule»: { cron: \"0 6 * * *\", timezone: UTC }"),
            codes::SCHEDULE,
            "which agents",
            "for_each_agent",
        ),
        (
            scheduled("match: { when: \"true\" }\n«for_each_agent»: \"true\""),
            codes::MISPLACED,
            "without a schedule",
            "schedule",
        ),
    ];
    for (text, code, message, hint) in cases {
        assert_fault(&text, code, message, hint);
    }
}

#[test]
fn faults_of_windows_are_found_at_their_place() {
    let of = |silence: &str| scheduled(&format!("match: {{ when: \"true\" }}\nsilence: {silence}"));
    let cases = [
        (
            "«{ from: \"2026-12-24T18:00:00Z\", to: \"2026-12-25T18:00:00Z\" }",
            language::YAML_MISSING_FIELD,
            "`because`",
            "",
        ),
        (
            "{ from: \"2026-12-25T18:00:00Z\", to: «\"2026-12-24T18:00:00Z\"», because: x }",
            codes::SCHEDULE,
            "before it begins",
            "",
        ),
        ("{ from: «\"tomorrow\"», to: \"2026-12-24T18:00:00Z\", because: x }", codes::SCHEDULE, "is no time", "offset"),
        ("«{ cron: \"0 6 * * *\", timezone: UTC, because: x }", language::YAML_MISSING_FIELD, "`for`", ""),
        (
            "{ cron: \"0 6 * * *\", timezone: UTC, for: 1h, «from»: x, because: x }",
            codes::MISPLACED,
            "beside `cron`",
            "",
        ),
        (
            "{ cron: \"0 6 * * *\", timezone: UTC, for: 1h, because: x, when: «steps».a.state == 'x' }",
            language::EXPRESSION_UNKNOWN_VARIABLE,
            "steps",
            "",
        ),
    ];
    for (silence, code, message, hint) in cases {
        assert_fault(&of(silence), code, message, hint);
    }
}

#[test]
fn a_wrong_zone_is_said_beside_wrong_fields() {
    let text = "playbook: p\nschedule: { cron: 61 3 * * *, timezone: Zurich }\nfor_each_agent: \"true\"\nstages:\n  - { stage: one, steps: [{ step: a, wait: 1s }] }\n";
    let said: Vec<String> = refused(text).into_iter().map(|one| one.message).collect();
    assert_eq!(said, ["`61 3 * * *` can't be read as a schedule", "there is no time zone `Zurich`"]);
}

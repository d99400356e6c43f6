//! What the command line takes and how it is read.

use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn the_command_line_is_consistent_in_itself() {
    Cli::command().debug_assert();
}

#[test]
fn what_the_help_and_the_answers_tell_people_to_type_is_taken() {
    let run = "run_00000000000000000000000000";
    let approval = "apv_00000000000000000000000000";
    let hash = "0".repeat(64);
    for line in [
        "standdown serve --config a.yaml".to_owned(),
        "standdown check playbooks --format github".to_owned(),
        "standdown demo --yes".to_owned(),
        "standdown incidents list --open --json".to_owned(),
        format!("standdown incidents close {} --reason x", run.replace("run_", "inc_")),
        format!("standdown runs show {run} --follow"),
        format!("standdown runs cancel {run} --reason x"),
        format!("standdown runs release {run} --reason x"),
        format!("standdown runs resolve {run} pause[1] --not-applied --reason x"),
        format!("standdown approvals decide {approval} --approve --reason x --plan-hash {hash}"),
        format!("standdown approvals escalate {approval}"),
        "standdown run contain --agent spiffe://prod/bot --reason x --observe".to_owned(),
        "standdown agents pause billing-bot --reason x --until 4h".to_owned(),
        "standdown agents resume billing-bot --reason x".to_owned(),
        "standdown freeze --reason x --socket s.sock".to_owned(),
        "standdown thaw --reason x --url https://standdown.example.com".to_owned(),
        "standdown playbooks reload".to_owned(),
        "standdown config --defaults".to_owned(),
        "standdown schema".to_owned(),
        "standdown help".to_owned(),
        "standdown help SD0301".to_owned(),
        "standdown help runs show".to_owned(),
        "standdown status".to_owned(),
        "standdown dead-letters --limit 5".to_owned(),
        "standdown fsck --json".to_owned(),
        "standdown backup monday.db --force".to_owned(),
        "standdown restore monday.db --go-on".to_owned(),
        "standdown restore --settle".to_owned(),
        "standdown migrate --check".to_owned(),
    ] {
        assert!(parse(&line).is_ok(), "{line}: {}", parse(&line).unwrap_err());
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_called() {
    let approval = "apv_00000000000000000000000000";
    let hash = "0".repeat(64);
    for line in [
        "standdown".to_owned(),
        "standdown runs show inc_00000000000000000000000000".to_owned(),
        "standdown freeze".to_owned(),
        "standdown agents pause billing-bot --reason x --until soon".to_owned(),
        format!("standdown approvals decide {approval} --plan-hash {hash}"),
        format!("standdown approvals decide {approval} --approve --reject --plan-hash {hash}"),
        format!("standdown approvals decide {approval} --approve"),
        "standdown runs resolve run_00000000000000000000000000 pause --applied --retry --reason x".to_owned(),
        "standdown runs resolve run_00000000000000000000000000 pause --reason x".to_owned(),
        "standdown runs list --limit 0".to_owned(),
        "standdown status --socket a --url https://b".to_owned(),
    ] {
        assert!(parse(&line).is_err(), "{line}");
    }
}

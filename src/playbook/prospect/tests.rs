//! Each lack is told once, at the step that needs it, with who lacks it; where nothing lacks, nothing is said.

use super::*;
use crate::domain::agent::{Credential, Handle};
use crate::domain::{AgentId, PersonId, Tier};
use crate::playbook::compile;
use crate::playbook::fixture::catalogue;

const PLAYBOOK: &str = "playbook: p
match: { when: alert.rule == 'x' && agent.tier == 'autonomous' }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
      - { step: revoke, action: oauth.revoke_token, with: { connection: idp, token: '{{agent.credentials.idp}}' } }
      - { step: label, action: http.call, with: { method: GET, url: 'https://x/{{agent.handles.okta.app}}' } }
      - { step: tell, action: notify, with: { to: [owner, 'group:soc'], template: contained } }
  - stage: decide
    steps:
      - step: ask
        approval: { ask: Sure?, timeout: 1h, approvers: ['group:soc'], escalate_to: ['user:ben'], on_timeout: escalate, thresholds: [{ approve: 2 }] }
";

struct Place {
    agents: Vec<Agent>,
    directory: Directory,
    connections: BTreeMap<ConnectionName, String>,
}

fn place() -> Place {
    let mut agent = Agent::unknown(AgentId::parse("good-bot").unwrap());
    (agent.known, agent.tier, agent.gated) = (true, Tier::Autonomous, true);
    let reference = Credential { reference: Some("env:T".to_owned()), hash: None };
    agent.credentials.insert("idp".to_owned(), reference);
    let connection = ConnectionName::parse("okta").unwrap();
    let references = [("app".to_owned(), "0oa1".to_owned())].into();
    agent.handles.insert("okta".to_owned(), Handle { connection, references });
    let mut directory = Directory::default();
    for id in ["ana", "ben"] {
        let id = PersonId::parse(id).unwrap();
        let email = Some(format!("{id}@example.test"));
        directory.people.insert(id.clone(), Person { id: id.clone(), name: id.to_string(), email, webhook: None });
    }
    let soc = directory.people.keys().cloned().collect();
    directory.groups.insert("soc".parse().unwrap(), soc);
    let connections = [(ConnectionName::parse("idp").unwrap(), "oauth".to_owned())].into();
    Place { agents: vec![agent], directory, connections }
}

fn told(place: &Place) -> Vec<(&'static str, u32, String)> {
    told_of(PLAYBOOK, place)
}

fn told_of(text: &str, place: &Place) -> Vec<(&'static str, u32, String)> {
    let source = Source { name: "p.yaml".to_owned(), text: text.to_owned() };
    let (playbook, _) = compile(&source, &catalogue()).unwrap_or_else(|found| panic!("{found:#?}"));
    let reaches = |person: &Person| person.email.is_some();
    let surroundings = Surroundings {
        agents: &place.agents,
        directory: &place.directory,
        connections: &place.connections,
        reaches: &reaches,
    };
    let found = prospects(&playbook, &surroundings);
    assert!(found.iter().all(|one| one.hint.is_some() && one.level == crate::language::Level::Warning), "{found:#?}");
    found.into_iter().map(|one| (one.code, one.span.unwrap().line, one.message)).collect()
}

#[test]
fn where_everything_is_there_nothing_is_said() {
    assert_eq!(told(&place()), []);
}

#[test]
fn an_agent_that_lacks_what_a_step_needs_is_named_at_that_step() {
    let mut place = place();
    let mut other = place.agents[0].clone();
    other.id = AgentId::parse("other-bot").unwrap();
    (other.gated, other.credentials, other.handles) = (false, BTreeMap::new(), BTreeMap::new());
    place.agents.push(other);
    let found = told(&place);
    let places: Vec<_> = found.iter().map(|(code, line, _)| (*code, *line)).collect();
    assert_eq!(places, [(codes::UNGATED, 6), (codes::NO_CREDENTIAL, 7), (codes::NO_HANDLE, 8)], "{found:#?}");
    assert!(
        found.iter().all(|(_, _, words)| words.contains("1 of the 2") && words.ends_with("other-bot")),
        "{found:#?}"
    );
}

#[test]
fn an_agent_that_can_not_match_lacks_nothing() {
    let mut place = place();
    let mut other = Agent::unknown(AgentId::parse("reader").unwrap());
    (other.known, other.tier) = (true, Tier::ReadOnly);
    place.agents.push(other);
    assert_eq!(told(&place), []);
}

#[test]
fn a_connection_that_is_not_there_or_of_another_kind_is_told() {
    let mut place = place();
    place.connections = [(ConnectionName::parse("idq").unwrap(), "oauth".to_owned())].into();
    assert_eq!(told(&place), [(codes::UNKNOWN_CONNECTION, 7, "there is no connection `idp`".to_owned())]);
    place.connections = [(ConnectionName::parse("idp").unwrap(), "http".to_owned())].into();
    let found = told(&place);
    assert!(found.len() == 1 && found[0].2.contains("one of `http`, not of `oauth`"), "{found:#?}");
}

#[test]
fn people_who_are_not_there_or_can_not_be_reached_are_told() {
    let mut place = place();
    let soc = place.directory.groups.remove("soc").unwrap();
    let found = told(&place);
    let codes_of =
        |found: &[(&'static str, u32, String)]| found.iter().map(|(code, line, _)| (*code, *line)).collect::<Vec<_>>();
    assert_eq!(codes_of(&found), [(codes::NOBODY, 9), (codes::NOBODY, 13), (codes::TOO_FEW, 13)], "{found:#?}");
    place.directory.groups.insert("soc".parse().unwrap(), soc.into_iter().take(1).collect());
    assert_eq!(codes_of(&told(&place)), [(codes::TOO_FEW, 13)]);
    for person in place.directory.people.values_mut() {
        person.email = None;
    }
    let found = told(&place);
    assert!(found.iter().any(|(_, _, words)| words == "no message reaches anybody of `user:ben`"), "{found:#?}");
}

#[test]
fn an_agent_that_a_condition_leaves_out_lacks_nothing() {
    let mut place = place();
    let mut other = place.agents[0].clone();
    other.id = AgentId::parse("other-bot").unwrap();
    other.credentials = BTreeMap::new();
    place.agents.push(other);
    assert_eq!(told(&place).len(), 1);
    let of_step = PLAYBOOK.replace(
        "token: '{{agent.credentials.idp}}' } }",
        "token: '{{agent.credentials.idp}}' }, when: has(agent.credentials.idp) }",
    );
    assert_eq!(told_of(&of_step, &place), []);
    let of_stage = PLAYBOOK.replace("- stage: contain", "- stage: contain\n    when: agent.id == 'good-bot'");
    assert_eq!(told_of(&of_stage, &place), []);
    let unlike =
        PLAYBOOK.replace("agent.tier == 'autonomous' }", "agent.tier == 'autonomous' && has(agent.credentials.idp) }");
    assert_eq!(told_of(&unlike, &place), []);
}

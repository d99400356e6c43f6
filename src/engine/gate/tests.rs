//! Who is held by which name, what a sighting counts for, and what is answered while nobody can say who is held.

use super::*;
use crate::domain::{Actor, HoldCause, HoldId, HoldLevel};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn id(text: &str) -> AgentId {
    AgentId::parse(text).unwrap()
}

fn agent(name: &str, aliases: &[&str]) -> Arc<Agent> {
    let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    Arc::new(Agent { known: true, aliases, ..Agent::unknown(id(name)) })
}

fn hold(name: &str, level: HoldLevel) -> Hold {
    Hold {
        id: HoldId::generate(NOW),
        agent: id(name),
        level,
        cause: HoldCause::Person,
        reason: "odd".to_owned(),
        until: None,
        ask_at_end: false,
        by: Actor::System,
        placed_at: NOW,
    }
}

fn gate(allow_unknown: bool) -> Gate {
    let gate = Gate::new(allow_unknown);
    let agents = [agent("billing-bot", &["billing", "bot"]), agent("mail-bot", &["bot"])];
    let holds = [hold("billing-bot", HoldLevel::Paused), hold("stray", HoldLevel::Paused)];
    gate.swap(Known::of(agents.iter()), holds.iter());
    gate
}

#[test]
fn a_held_agent_is_refused_by_every_name_that_it_has() {
    for allow_unknown in [false, true] {
        let gate = gate(allow_unknown);
        for name in ["billing-bot", "billing-bot/", "/billing-bot", "billing", "billing//", "bot", "stray", "stray/"] {
            let answer = gate.check(&id(name), NOW);
            assert_eq!((answer.allowed, answer.standing), (false, Standing::Paused), "{name}");
        }
        assert!(gate.check(&id("mail-bot/"), NOW).allowed);
        assert_eq!(gate.check(&id("stranger"), NOW).allowed, allow_unknown);
    }
}

#[test]
fn nobody_passes_while_it_is_not_known_who_is_held_unless_that_is_allowed() {
    let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
    for allow in [false, true] {
        let gate = gate(false).allow_stale(allow);
        gate.was_read(ago(3));
        assert!(gate.check(&id("mail-bot"), NOW).allowed, "holds that nobody else writes do not grow old");
        gate.grows_old_from(ago(1));
        assert!(gate.check(&id("mail-bot"), NOW).allowed);
        gate.was_read(ago(3));
        let answer = gate.check(&id("mail-bot"), NOW);
        assert_eq!((answer.allowed, answer.reason.contains("unavailable")), (allow, !allow));
        assert!(gate.check(&id("billing-bot"), NOW).reason.contains("odd"), "who is held stays held");
        gate.was_read(ago(0));
        assert!(gate.check(&id("mail-bot"), NOW).allowed);
    }
}

#[test]
fn a_sighting_counts_for_the_agent_that_is_meant_and_for_nobody_invented() {
    let gate = gate(true);
    for name in ["billing/", "stray", "bot", "stranger", "stranger/2"] {
        drop(gate.check(&id(name), NOW));
    }
    let seen: Vec<AgentId> = gate.unstored_sightings().into_iter().map(|sighting| sighting.agent).collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.contains(&id("billing-bot")) && seen.contains(&id("stray")), "{seen:?}");
    assert_eq!(gate.refused_at(&id("billing-bot")), Some(NOW));
}

#[test]
fn what_another_replica_saw_counts_here_unless_more_was_seen_here() {
    let gate = gate(false);
    let later = NOW + jiff::SignedDuration::from_mins(1);
    let sighting = |seen_at, refused_at| GateSighting { agent: id("billing-bot"), seen_at, refused_at };
    gate.learn(vec![sighting(NOW, Some(NOW))]);
    assert_eq!((gate.seen_at(&id("billing-bot")), gate.refused_at(&id("billing-bot"))), (Some(NOW), Some(NOW)));
    assert!(gate.unstored_sightings().is_empty(), "whoever saw it has written it down");
    drop(gate.check(&id("billing-bot"), later));
    gate.learn(vec![sighting(NOW, None)]);
    assert_eq!((gate.seen_at(&id("billing-bot")), gate.refused_at(&id("billing-bot"))), (Some(later), Some(later)));
    assert_eq!(gate.unstored_sightings(), [sighting(later, Some(later))]);
}

#[test]
fn a_name_that_two_agents_share_is_no_proof_and_no_pass() {
    let gate = gate(false);
    gate.swap(Known::of([agent("a", &["x"]), agent("b", &["x"])].iter()), [].iter());
    assert!(!gate.check(&id("x"), NOW).allowed);
    assert!(gate.check(&id("a"), NOW).allowed);
    assert_eq!(gate.unstored_sightings().len(), 1);
}

//! What may happen in a history.

use proptest::prelude::*;

use crate::engine::tests::fate::CrashPoint;
use crate::engine::tests::target::{Reply, Silence};
use crate::machine::Direction;

/// Steps that call the target, with their actions.
pub const CALLS: [(&str, &str); 5] = [
    ("safe", "try.contain"),
    ("keyed", "try.keyed"),
    ("asked", "try.verifiable"),
    ("once", "try.none"),
    ("seen_once", "try.contain_once"),
];

/// One thing that happens. Numbers name runs and deliveries in the order of their beginning; a number that names nothing
/// means that nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A sender delivers an alert about an agent.
    Deliver { agent: usize, alert: usize },
    /// A sender delivers once more what was taken.
    DeliverAgain { delivery: usize },
    /// The next call of an action is answered so.
    Reply { call: usize, reply: Reply },
    /// Calls of an action get no answer from now on.
    Hang { call: usize, silence: Silence },
    /// What waits for an answer gets it.
    Release,
    /// A person decides.
    Vote { run: usize, approve: bool },
    /// A person says what happened to the calls that only people can judge, or orders them anew.
    Resolve { run: usize, anew: bool },
    /// A person ends a run.
    Cancel { run: usize },
    /// Time passes.
    Wait { minutes: u64 },
    /// The process dies when a call comes to this point, or its caller hears an error there.
    EndAt { point: CrashPoint, call: usize, direction: Direction },
    /// The process dies now.
    Crash,
    /// The replica is taken for dead while it lives, and another takes over.
    LoseClaims,
    /// The replica hands over in good order.
    Restart,
}

/// Any act, about so many agents.
pub fn act(agents: usize) -> impl Strategy<Value = Act> {
    let replies = [Reply::LostBefore, Reply::LostAfter, Reply::Refused, Reply::NotSent];
    let call = 0..CALLS.len();
    prop_oneof![
        5 => (0..agents, 0..3_usize).prop_map(|(agent, alert)| Act::Deliver { agent, alert }),
        1 => (0..8_usize).prop_map(|delivery| Act::DeliverAgain { delivery }),
        4 => (call.clone(), prop::sample::select(replies.to_vec())).prop_map(|(call, reply)| Act::Reply { call, reply }),
        2 => (call.clone(), any::<bool>()).prop_map(|(call, after)| {
            Act::Hang { call, silence: if after { Silence::After } else { Silence::Before } }
        }),
        1 => Just(Act::Release),
        3 => (0..4_usize, any::<bool>()).prop_map(|(run, approve)| Act::Vote { run, approve }),
        3 => (0..4_usize, any::<bool>()).prop_map(|(run, anew)| Act::Resolve { run, anew }),
        1 => (0..4_usize).prop_map(|run| Act::Cancel { run }),
        3 => (0..90_u64).prop_map(|minutes| Act::Wait { minutes }),
        4 => (call, prop::sample::select(CrashPoint::ALL.to_vec()), any::<bool>()).prop_map(|(call, point, undo)| {
            Act::EndAt { point, call, direction: if undo { Direction::Undo } else { Direction::Do } }
        }),
        1 => Just(Act::Crash),
        2 => Just(Act::LoseClaims),
        1 => Just(Act::Restart),
    ]
}

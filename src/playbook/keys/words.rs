//! The words that keys take: what each means to the program, and to people.
//!
//! The compiler reads with the meaning for the program, schema and reference show the one for people; both stand in one
//! line here.

use crate::domain::approval::OnTimeout;
use crate::domain::{Assurance, Impact, Mode, Protection};
use crate::playbook::{HoldEnd, OnAlert, OnFailure, Order, UntilThen};

/// A word, what it means to the program, and what it means to people.
pub type Word<T> = (&'static str, T, &'static str);

/// `mode` of a playbook.
pub const MODES: [Word<Mode>; 2] = [
    ("observe", Mode::Observe, "match, plan and record, but perform nothing"),
    ("enforce", Mode::Enforce, "perform the steps"),
];
/// `on_new_alert`.
pub const ON_NEW_ALERT: [Word<OnAlert>; 3] = [
    ("join", OnAlert::Join, "it becomes evidence of the run under way"),
    ("restart", OnAlert::Restart, "the run is superseded by a new one"),
    ("ignore", OnAlert::Ignore, "nothing"),
];
/// `until_then` of a corroboration.
pub const UNTIL_THEN: [Word<UntilThen>; 3] = [
    ("observe", UntilThen::Observe, "nothing is done"),
    ("notify", UntilThen::Notify, "people are told"),
    ("contain", UntilThen::Contain, "what can be taken back is done as well"),
];
/// `over` of a budget.
pub const OVER: [Word<()>; 1] = [(
    "approve",
    (),
    "people are asked once a window, about all further agents in one list; nothing is done until they decide",
)];
/// `mode` of a stage.
pub const ORDERS: [Word<Order>; 2] = [
    ("parallel", Order::Parallel, "its steps start together"),
    ("sequential", Order::Sequential, "each step starts when the one above has settled"),
];
/// `on_failure`.
pub const ON_FAILURE: [Word<OnFailure>; 3] = [
    ("continue", OnFailure::Continue, "the run goes on: people must still be told"),
    ("stop", OnFailure::Stop, "the run ends as failed once the steps under way have settled"),
    ("undo", OnFailure::Undo, "the run undoes what it did, in reverse; it never lifts a hold that contains"),
];
/// `on_hold_end`.
pub const ON_HOLD_END: [Word<HoldEnd>; 2] = [
    ("ask", HoldEnd::Ask, "a person is asked; until then the hold stays"),
    ("keep", HoldEnd::Keep, "the hold stays, and nobody is asked"),
];
/// `backoff`; whether the pause doubles.
pub const BACKOFF: [Word<bool>; 2] =
    [("exponential", true, "the pause doubles each time"), ("constant", false, "the pause stays the same")];
/// `impact`.
pub const IMPACTS: [Word<Impact>; 4] = [
    ("notify", Impact::Notify, "it tells people or systems, or only reads"),
    ("contain", Impact::Contain, "it stops the agent in a way that can be restored"),
    ("destroy", Impact::Destroy, "it removes what can't be restored"),
    ("release", Impact::Release, "it gives the agent back what was taken"),
];
/// `protection`.
pub const PROTECTIONS: [Word<Protection>; 4] = [
    ("read", Protection::Read, "it changes nothing: send again"),
    ("idempotent", Protection::Idempotent, "the same call twice has the effect of one: send again"),
    ("keyed", Protection::Keyed, "the target honours `Idempotency-Key`: send again with the same key"),
    ("none", Protection::None, "nothing helps: a person must look"),
];
/// `identity` of an approval.
pub const IDENTITIES: [Word<Assurance>; 4] = [
    ("link", Assurance::Link, "the link in the message is enough"),
    ("api", Assurance::Api, "an API token or the local socket"),
    ("login", Assurance::Login, "not available in this version"),
    ("step_up", Assurance::StepUp, "not available in this version"),
];
/// `on_timeout` of an approval.
pub const ON_TIMEOUT: [Word<OnTimeout>; 3] = [
    ("reject", OnTimeout::Reject, "silence counts as refused"),
    ("escalate", OnTimeout::Escalate, "others are asked once; if they are silent too, it counts as refused"),
    ("act", OnTimeout::Act, "the steps go ahead; only for steps that contain"),
];
/// `mode` of a reason; whether one must be given.
pub const REASON_MODES: [Word<bool>; 2] =
    [("required", true, "a decision needs a reason"), ("optional", false, "a reason may be given")];

/// The words with their meaning for people, for a table of keys.
#[must_use]
pub const fn shown<T: Copy, const N: usize>(words: &[Word<T>; N]) -> [(&'static str, &'static str); N] {
    let mut shown = [("", ""); N];
    let mut index = 0;
    while index < N {
        #[expect(clippy::indexing_slicing, reason = "the index is below the length of both")]
        {
            shown[index] = (words[index].0, words[index].2);
        }
        index += 1;
    }
    shown
}

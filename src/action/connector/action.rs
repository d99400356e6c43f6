//! An action of a connector, performed as its file declares.

use std::sync::Arc;

use serde_json::{Value, json};

use super::declaration::{Declaration, Undo};
use super::probe;
use super::values::variables;
use crate::action::connection::Connection;
use crate::action::exchange::make_change;
use crate::action::port::{Action, Pending, Prepared, Rhythm, Sight, Task, not_sent, refused};
use crate::action::registry::Connections;
use crate::domain::Protection;
use crate::domain::event::CallOutcome;
use crate::domain::step::Baseline;
use crate::playbook::ActionSpec;

/// A declared action with the connections that it may use.
pub struct ConnectorAction {
    declaration: Arc<Declaration>,
    connections: Arc<Connections>,
}

impl ConnectorAction {
    /// The action.
    pub fn new(declaration: Arc<Declaration>, connections: Arc<Connections>) -> Self {
        Self { declaration, connections }
    }

    /// The connection that the call names, and the values for its templates.
    fn context(&self, task: &Task<'_>) -> Result<(&Connection, Value), String> {
        let name = task.parameter("connection").and_then(Value::as_str).unwrap_or_default();
        let connection = self.connections.get(&self.declaration.connector, name)?;
        Ok((connection, variables(&self.declaration, connection, task)?))
    }

    async fn prepared(&self, task: &Task<'_>) -> Result<Prepared, String> {
        let (connection, mut variables) = self.context(task)?;
        let mut prepared = Prepared::default();
        if let Some(snapshot) = &self.declaration.snapshot {
            let state = probe::state(snapshot, connection, &variables, task).await?;
            if let Some(values) = variables.as_object_mut() {
                values.insert("snapshot".to_owned(), state.clone());
            }
            prepared.snapshot = Some(state);
        }
        // Rendered now, so that a change that could never be sent is not begun.
        self.declaration.request.render(connection, &variables, true)?;
        if let Some(verify) = &self.declaration.verify {
            let sight = probe::look(verify, &verify.before, None, connection, &variables, task).await;
            let live = sight.effect == Some(true);
            prepared.baseline = Some(Baseline { live, detail: sight.detail, at: task.now() });
        }
        Ok(prepared)
    }

    async fn done(&self, task: &Task<'_>) -> CallOutcome {
        let declaration = &self.declaration;
        let rendered = self.context(task).and_then(|(connection, variables)| {
            Ok((connection, declaration.request.render(connection, &variables, true)?))
        });
        match rendered {
            Ok((connection, mut message)) => {
                let reads = declaration.spec.protection == Protection::Read;
                message.key = (!reads).then(|| task.call.key.clone());
                declaration.rules.outcome(make_change(connection, message, task).await, task.now())
            }
            Err(reason) => not_sent(reason),
        }
    }

    async fn undone(&self, undo: &Undo, task: &Task<'_>) -> CallOutcome {
        let (connection, variables) = match self.context(task) {
            Ok(context) => context,
            Err(reason) => return not_sent(reason),
        };
        if let Err(outcome) = self.restorable(connection, &variables, task).await {
            return outcome;
        }
        match undo.request.render(connection, &variables, true) {
            Ok(mut message) => {
                message.key = Some(task.call.key.clone());
                undo.rules.outcome(make_change(connection, message, task).await, task.now())
            }
            Err(reason) => not_sent(reason),
        }
    }

    /// Whether the state is still the one that the action left behind.
    ///
    /// If it is already the one of the snapshot there is nothing to do. If it is a third one, somebody has changed it since;
    /// restoring the snapshot would take back their change.
    async fn restorable(&self, connection: &Connection, variables: &Value, task: &Task<'_>) -> Result<(), CallOutcome> {
        let Some(snapshot) = &self.declaration.snapshot else { return Ok(()) };
        let Some(before) = &task.call.snapshot else {
            return Err(refused("no snapshot was kept, so it is unknown what to restore; restore it by hand"));
        };
        let current = probe::state(snapshot, connection, variables, task).await.map_err(not_sent)?;
        if current == *before {
            return Err(CallOutcome::AlreadyDone { output: json!({ "restored": current }) });
        }
        let Some(left) = &snapshot.left else { return Ok(()) };
        let left = left.render(variables).map_err(|error| not_sent(error.to_string()))?;
        if current == left {
            Ok(())
        } else {
            Err(refused("the state was changed since the step; look at it and restore it by hand"))
        }
    }

    async fn seen(&self, task: &Task<'_>) -> Sight {
        let Some(verify) = &self.declaration.verify else {
            return Sight::blind(format!("`{}` has no probe; nothing shows its effect", self.declaration.spec.name));
        };
        let (effect, opposite) =
            if task.is_do() { (&verify.after, &verify.before) } else { (&verify.before, &verify.after) };
        match self.context(task) {
            Ok((connection, variables)) => {
                probe::look(verify, effect, Some(opposite), connection, &variables, task).await
            }
            Err(reason) => Sight::blind(reason),
        }
    }
}

impl Action for ConnectorAction {
    fn spec(&self) -> &ActionSpec {
        &self.declaration.spec
    }

    fn prepare<'a>(&'a self, task: Task<'a>) -> Pending<'a, Result<Prepared, String>> {
        Box::pin(async move { self.prepared(&task).await })
    }

    fn send<'a>(&'a self, task: Task<'a>) -> Pending<'a, CallOutcome> {
        Box::pin(async move {
            match (&self.declaration.undo, task.is_do()) {
                (_, true) => self.done(&task).await,
                (Some(undo), false) => self.undone(undo, &task).await,
                (None, false) => refused(format!("`{}` can't be undone", self.declaration.spec.name)),
            }
        })
    }

    fn look<'a>(&'a self, task: Task<'a>) -> Pending<'a, Sight> {
        Box::pin(async move { self.seen(&task).await })
    }

    fn rhythm(&self) -> Rhythm {
        let verify = self.declaration.verify.as_ref();
        verify.map_or(Rhythm { every: std::time::Duration::from_millis(500), consecutive: 1 }, |verify| Rhythm {
            every: verify.every,
            consecutive: verify.consecutive,
        })
    }
}

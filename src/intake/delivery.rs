//! One delivery: from bytes to the commit, and again if somebody else was faster.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::domain::digest::canonical_json;
use crate::domain::{AlertId, Digest, SourceId};
use crate::source::{Authenticated, Mapped, Refusal, Source};
use crate::store::{Commit, CommitError, DeadLetter, Guard, Inbox, RUN_STATE_BYTES_MAX, Row, Writer};

use super::answer::{Receipt, Refused, with_notes};
use super::plan::Batch;
use super::planned::Planned;
use super::subject::{self, Subject};
use super::turn::Turn;
use super::{Intake, codes};

/// How often a lost race is decided again.
const CONFLICTS_MAX: u32 = 3;

/// The most that is kept of a body that can't be decoded, in bytes.
const UNDECODABLE_BYTES_MAX: usize = 16 * 1024;

/// The alerts of a delivery, and whom they are about.
struct Whole<'a> {
    mapped: Cow<'a, [Mapped]>,
    subjects: Vec<Subject>,
}

impl Whole<'_> {
    fn part(&self, from: usize) -> Part<'_> {
        Part {
            mapped: self.mapped.get(from..).unwrap_or_default(),
            subjects: self.subjects.get(from..).unwrap_or_default(),
        }
    }

    /// Leaves out the alerts from there on that are too large to be kept, so that they don't take the others with them, and
    /// says which; none if nothing would be left of the delivery.
    fn leave_out(&mut self, from: usize) -> Vec<Mapped> {
        let fits: Vec<bool> = self.mapped.iter().map(|mapped| bytes(mapped) <= RUN_STATE_BYTES_MAX).collect();
        let left_out: Vec<Mapped> =
            self.mapped.iter().zip(&fits).filter(|(_, fits)| !**fits).map(|(mapped, _)| mapped.clone()).collect();
        if from == 0 && left_out.len() == self.mapped.len() {
            return Vec::new();
        }
        let mut stays = fits.iter().copied();
        self.mapped.to_mut().retain(|_| stays.next().unwrap_or(true));
        let mut stays = fits.iter().copied();
        self.subjects.retain(|_| stays.next().unwrap_or(true));
        left_out
    }
}

/// The size of an alert as it is kept.
fn bytes(mapped: &Mapped) -> usize {
    serde_json::to_string(&mapped.alert).map_or(usize::MAX, |text| text.len())
}

/// What is left of a delivery.
struct Part<'a> {
    mapped: &'a [Mapped],
    subjects: &'a [Subject],
}

/// What one commit took of it.
enum Taken {
    /// Nothing: the delivery was taken before, with this answer.
    Known(Value),
    /// Everything that was left; the whole answer.
    All(Value),
    /// So many alerts, with their answers.
    Some { count: usize, answers: Vec<Value> },
}

impl Intake {
    /// Takes a delivery. When this returns `Ok`, everything in it is on disk, and so are the runs that it started.
    /// `headers` have lower-case names.
    pub async fn receive(&self, source: &str, headers: &[(String, String)], body: &[u8]) -> Result<Receipt, Refused> {
        let sources = self.sources.load_full();
        let source = sources.get(source).ok_or_else(|| Refused::unknown_source(source))?;
        if body.len() > source.body_bytes_max() {
            return Err(Refused::too_large(source.body_bytes_max()));
        }
        let now = self.engine.clock().now();
        let mut authenticated = source.authenticate(headers, body, now)?;
        let id = authenticated.delivery_id.clone();
        let value = match source.decode(body) {
            Ok(value) => value,
            Err(refusal) => return self.refuse(source, id, refusal, undecodable(source, body)).await,
        };
        let items = match source.map_each(&value, headers, &authenticated, now) {
            Ok(items) => items,
            Err(refusal) => return self.refuse(source, id, refusal, source.redact(&value).to_string()).await,
        };
        let (mut mapped, mut refused) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Ok(item) => mapped.push(item),
                Err(item) => refused.push(item),
            }
        }
        // One item that can't be used must not hide the others: senders take a refusal as final.
        if mapped.is_empty()
            && let Some(first) = refused.first()
        {
            return self.refuse(source, id, first.refusal.clone(), source.redact(&value).to_string()).await;
        }
        if authenticated.delivery_id.is_none() {
            authenticated.delivery_id = common_delivery_id(&mapped);
        }
        let letters = refused.into_iter().map(|item| {
            let Refusal { code, reason, .. } = &item.refusal;
            self.dead_letter(source.id(), code, reason, item.raw.to_string())
        });
        let taken = self.take(source.id(), source.answer(), &authenticated, &mapped, letters.collect()).await;
        // Its sender takes this for final, so somebody else must be able to look at it.
        if let Err(refused) = &taken
            && refused.code == codes::ROW_TOO_LARGE
        {
            self.keep_dead_letter(source, refused.code, &refused.reason, source.redact(&value).to_string()).await;
        }
        taken
    }

    /// Refuses what can't be used, unless it was taken before: then it could be, and its answer stays.
    async fn refuse(
        &self,
        source: &Source,
        delivery: Option<String>,
        refusal: Refusal,
        body: String,
    ) -> Result<Receipt, Refused> {
        if let Some(delivery) = delivery
            && let Some(answer) = self.engine.store().delivery(source.id(), &delivery).await?
        {
            return Ok(Receipt { status: source.answer(), answer });
        }
        self.keep_dead_letter(source, refusal.code, &refusal.reason, body).await;
        Err(refusal.into())
    }

    /// Takes alerts that were mapped, whoever sent them; `letters` are the items beside them that could not be.
    pub(super) async fn take(
        &self,
        source: &SourceId,
        status: u16,
        authenticated: &Authenticated,
        mapped: &[Mapped],
        letters: Vec<Row>,
    ) -> Result<Receipt, Refused> {
        let inventory = self.engine.inventory();
        let subjects = mapped.iter().map(|mapped| subject::of(&inventory, &mapped.alert)).collect();
        let mut whole = Whole { mapped: Cow::Borrowed(mapped), subjects };
        let mut letters = letters;
        let mut turn = Turn::at(&self.engine, whole.subjects.iter().map(|subject| subject.key.clone()).collect()).await;
        let mut answers = Vec::new();
        let mut from = 0;
        // Almost always one commit. What would start more runs than one commit takes goes on in a further one, before
        // the sender is answered: nothing of an accepted delivery is left out.
        loop {
            let taken = self.take_part(source, authenticated, &whole.part(from), &answers, &letters, &mut turn).await;
            match taken {
                Ok(Taken::Known(answer) | Taken::All(answer)) => return Ok(Receipt { status, answer }),
                Ok(Taken::Some { count, answers: more }) => {
                    answers.extend(more);
                    from += count;
                }
                Err(refused) => {
                    let left_out =
                        if refused.code == codes::ROW_TOO_LARGE { whole.leave_out(from) } else { Vec::new() };
                    if left_out.is_empty() {
                        return Err(refused.after(from));
                    }
                    letters.extend(
                        left_out.iter().map(|mapped| {
                            self.dead_letter(source, refused.code, &refused.reason, mapped.raw.to_string())
                        }),
                    );
                }
            }
        }
    }

    /// Takes as much of the rest of a delivery as one commit takes.
    async fn take_part(
        &self,
        source: &SourceId,
        authenticated: &Authenticated,
        part: &Part<'_>,
        before: &[Value],
        letters: &[Row],
        turn: &mut Turn<'_>,
    ) -> Result<Taken, Refused> {
        // The first plan is made from memory, and says in its guards what it takes for granted: that the delivery is new,
        // too. After a conflict everything is read.
        let (mut conflicts, mut measures, mut waited) = (0, false, false);
        loop {
            if conflicts > 0
                && let Some(delivery) = &authenticated.delivery_id
                && let Some(answer) = self.engine.store().delivery(source, delivery).await?
            {
                return Ok(Taken::Known(answer));
            }
            let mut batch = Batch::new(self, self.engine.clock().now(), conflicts == 0).measured(measures);
            let mut count = 0;
            for (mapped, subject) in part.mapped.iter().zip(part.subjects) {
                if batch.is_full() {
                    break;
                }
                batch.add(mapped, subject).await?;
                count += 1;
            }
            let all = count == part.mapped.len();
            let Planned { mut commit, started, told, answers, lesson } = batch.finish();
            if !waited && !turn.covers(lesson.keys()) {
                turn.wait_for(lesson.keys()).await;
                waited = true;
                continue;
            }
            let answers = with_notes(answers, part.mapped);
            let answer = json!({ "alerts": before.iter().chain(&answers).collect::<Vec<_>>() });
            // Only what can be delivered again is kept, and must be answered the same then.
            let answer = if authenticated.delivery_id.is_some() { in_order(answer) } else { answer };
            if let Some(delivery) = &authenticated.delivery_id {
                commit.guards.push(Guard::NewDelivery { source: source.clone(), delivery: delivery.clone() });
            }
            if all {
                commit.rows.extend(letters.iter().cloned());
                commit.rows.extend(self.answered(source, authenticated, &answer));
            }
            match self.engine.commit_telling(commit, started, told, measures).await {
                Ok(_) => {
                    lesson.learn(&self.memory);
                    return Ok(if all { Taken::All(answer) } else { Taken::Some { count, answers } });
                }
                Err(CommitError::Conflict(guard)) if conflicts <= CONFLICTS_MAX => {
                    tracing::debug!(?guard, "an intake was refused by a guard and decides again");
                    lesson.unlearn(&self.memory);
                    turn.wait_for(lesson.keys()).await;
                    conflicts += 1;
                }
                // One run too many must not cost the alert, nor the runs of other playbooks.
                Err(CommitError::TooLarge { .. }) if !measures => {
                    lesson.unlearn(&self.memory);
                    measures = true;
                }
                Err(error) => {
                    lesson.unlearn(&self.memory);
                    return Err(error.into());
                }
            }
        }
    }

    /// The row that says what a delivery was answered, if it can come again.
    fn answered(&self, source: &SourceId, authenticated: &Authenticated, answer: &Value) -> Option<Row> {
        let (source, delivery) = (source.clone(), authenticated.delivery_id.clone()?);
        Some(Row::Delivery { source, delivery, at: self.engine.clock().now(), answer: answer.clone() })
    }

    /// Keeps a delivery that was authenticated and could not be used, for operators.
    async fn keep_dead_letter(&self, source: &Source, code: &str, reason: &str, body: String) {
        let commit = Commit { guards: Vec::new(), rows: vec![self.dead_letter(source.id(), code, reason, body)] };
        if let Err(error) = self.engine.store().commit(commit).await {
            tracing::error!(source.id = %source.id(), %error, "a refused delivery could not be kept");
        }
    }

    fn dead_letter(&self, source: &SourceId, code: &str, reason: &str, body: String) -> Row {
        tracing::warn!(source.id = %source, code, reason, "a delivery was refused");
        let at = self.engine.clock().now();
        Row::DeadLetter(Box::new(DeadLetter {
            id: AlertId::generate(at),
            source: source.clone(),
            at,
            code: code.to_owned(),
            reason: reason.to_owned(),
            body,
        }))
    }
}

/// The delivery id that the mapping found, if it found the same in every item.
fn common_delivery_id(mapped: &[Mapped]) -> Option<String> {
    let first = mapped.first()?.alert.delivery_id.clone()?;
    mapped.iter().all(|mapped| mapped.alert.delivery_id.as_ref() == Some(&first)).then_some(first)
}

/// What is kept of a body that can't be decoded. Where the source declares secrets, nobody can say where they stand in
/// it: then its size and digest are kept, and no byte of it.
fn undecodable(source: &Source, body: &[u8]) -> String {
    if source.declares_secrets() {
        return format!("({} bytes, SHA-256 {})", body.len(), Digest::of(body));
    }
    String::from_utf8_lossy(body.get(..UNDECODABLE_BYTES_MAX).unwrap_or(body)).into_owned()
}

/// The answer with its names in the order in which the store keeps them: a delivery that comes again is answered the same
/// byte for byte.
fn in_order(answer: Value) -> Value {
    serde_json::from_str(&canonical_json(&answer)).unwrap_or(answer)
}

//! A source as it is used: compiled from its options, with every fault told at once.

use super::authentication::{self, Authenticated, Authenticator};
use super::fault::{Faults, PlacedFault};
use super::mapping::{self, Delivery, Mapped, Mapping, RefusedItem};
use super::options::{MapOptions, SourceOptions};
use super::refusal::Refusal;
use super::{codes, decode, preset};
use crate::client::Secrets;
use crate::domain::{SourceId, Trust};
use crate::language::{Fault, suggest};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The largest body when a source does not say, in bytes.
pub const BODY_BYTES_MAX_DEFAULT: usize = 1024 * 1024;
const BODY_BYTES_LIMIT: usize = 16 * 1024 * 1024;
/// The status codes that senders take for success.
const ANSWERS: [u16; 4] = [200, 201, 202, 204];
/// Headers that carry credentials, whatever the scheme.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// A configured sender of alerts.
#[derive(Debug)]
pub struct Source {
    id: SourceId,
    trust: Trust,
    body_bytes_max: usize,
    answer: u16,
    require_delivery_id: bool,
    authenticator: Authenticator,
    mapping: Mapping,
}

impl Source {
    /// Compiles the options of a source, or tells every fault in them.
    pub fn compile(id: &SourceId, options: &SourceOptions, secrets: &dyn Secrets) -> Result<Self, Vec<PlacedFault>> {
        let mut faults = Faults::default();
        let authenticator = authentication::compile(&options.auth, secrets, &mut faults);
        let mapping = compile_mapping(options, &mut faults);
        check_values(options, &mut faults);
        let faults = faults.into_vec();
        match (authenticator, mapping) {
            (Some(authenticator), Some(mapping)) if faults.is_empty() => Ok(Self {
                id: id.clone(),
                trust: options.trust,
                body_bytes_max: options.body_bytes_max.unwrap_or(BODY_BYTES_MAX_DEFAULT),
                answer: options.answer.unwrap_or(202),
                require_delivery_id: options.require_delivery_id,
                authenticator,
                mapping,
            }),
            _ => Err(faults),
        }
    }

    /// A source that maps bodies and lets nobody in, for rehearsals: they have no deliveries and no secrets.
    pub fn for_rehearsal(id: &SourceId, options: &SourceOptions) -> Result<Self, Vec<PlacedFault>> {
        let mut faults = Faults::default();
        let mapping = compile_mapping(options, &mut faults);
        let faults = faults.into_vec();
        let (Some(mapping), true) = (mapping, faults.is_empty()) else { return Err(faults) };
        Ok(Self {
            id: id.clone(),
            trust: options.trust,
            body_bytes_max: options.body_bytes_max.unwrap_or(BODY_BYTES_MAX_DEFAULT),
            answer: 202,
            require_delivery_id: false,
            authenticator: Authenticator::Nobody,
            mapping,
        })
    }

    /// Every fault that can be found without the secrets, for a check where they are not at hand.
    #[must_use]
    pub fn check(options: &SourceOptions) -> Vec<PlacedFault> {
        let mut faults = Faults::default();
        authentication::check(&options.auth, &mut faults);
        compile_mapping(options, &mut faults);
        check_values(options, &mut faults);
        faults.into_vec()
    }

    /// The source's id: the end of its address, and never from a body.
    #[must_use]
    pub const fn id(&self) -> &SourceId {
        &self.id
    }

    /// The strongest thing that its alerts may cause without a person.
    #[must_use]
    pub const fn trust(&self) -> Trust {
        self.trust
    }

    /// The largest body that is read, in bytes.
    #[must_use]
    pub const fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    /// The status code that the sender takes for success.
    #[must_use]
    pub const fn answer(&self) -> u16 {
        self.answer
    }

    /// Finds out who sent a delivery, from its raw bytes. `headers` are names in lower case and values.
    pub fn authenticate(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        self.authenticator.authenticate(headers, body, now)
    }

    /// Decodes the body strictly, as one JSON object or list.
    pub fn decode(&self, body: &[u8]) -> Result<Value, Refusal> {
        if body.len() > self.body_bytes_max {
            let reason = format!("the body has {} bytes, more than {}", body.len(), self.body_bytes_max);
            let refusal = Refusal::not_decodable(codes::TOO_LARGE, reason);
            return Err(refusal.hint("have the sender send smaller batches, or raise `body_bytes_max`"));
        }
        decode::decode(body)
    }

    /// The alerts of a decoded body; one item that can't be mapped refuses the whole delivery.
    ///
    /// [`Self::map_each`] keeps the other items.
    pub fn map(
        &self,
        body: &Value,
        headers: &[(String, String)],
        authenticated: &Authenticated,
        received_at: Timestamp,
    ) -> Result<Vec<Mapped>, Refusal> {
        let items = self.map_each(body, headers, authenticated, received_at)?;
        items.into_iter().map(|item| item.map_err(|refused| refused.refusal)).collect()
    }

    /// The alerts of a decoded body, item by item: one item that can't be mapped does not hide the others.
    pub fn map_each(
        &self,
        body: &Value,
        headers: &[(String, String)],
        authenticated: &Authenticated,
        received_at: Timestamp,
    ) -> Result<Vec<Result<Mapped, RefusedItem>>, Refusal> {
        let headers = self.shown_headers(headers);
        let delivery = Delivery {
            source: &self.id,
            trust: self.trust,
            authenticated,
            headers: &headers,
            received_at,
            require_delivery_id: self.require_delivery_id,
        };
        self.mapping.map(body, delivery)
    }

    /// A decoded body without what the source declares secret, for the list of refused deliveries.
    #[must_use]
    pub fn redact(&self, body: &Value) -> Value {
        self.mapping.redact(body)
    }

    /// Whether the source says that its bodies hold secrets.
    #[must_use]
    pub fn declares_secrets(&self) -> bool {
        self.mapping.declares_secrets()
    }

    fn shown_headers(&self, headers: &[(String, String)]) -> Value {
        let hidden = |name: &str| SECRET_HEADERS.contains(&name) || name == self.authenticator.secret_header();
        let shown = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), Value::from(value.as_str())));
        Value::Object(shown.filter(|(name, _)| !hidden(name)).collect::<Map<_, _>>())
    }
}

fn compile_mapping(options: &SourceOptions, faults: &mut Faults) -> Option<Mapping> {
    let under = match &options.preset {
        Some(name) => Some(preset::mapping(name).or_else(|| {
            let message = format!("no preset is named `{name}`");
            let fault = Fault::new(codes::UNKNOWN_PRESET, message, 0, name.chars().count());
            let known: Vec<&str> = preset::presets().collect();
            let fault = match suggest(name, known.iter().copied()) {
                Some(near) => fault.did_you_mean(Some(near)),
                None => fault.hint(format!("the presets are {}; any other sender takes a `map`", known.join(", "))),
            };
            faults.push("/preset", fault);
            None
        })?),
        None => None,
    };
    let Some(mapping) = merge(options.map.clone(), under) else {
        let hint = "write `preset: generic`, or a `map` that says what a body means";
        faults.add("", codes::NO_MAPPING, "the source has neither a `preset` nor a `map`", hint);
        return None;
    };
    mapping::compile(&mapping, faults)
}

fn merge(over: Option<MapOptions>, under: Option<MapOptions>) -> Option<MapOptions> {
    match (over, under) {
        (Some(over), Some(under)) => Some(over.over(under)),
        (over, under) => over.or(under),
    }
}

fn check_values(options: &SourceOptions, faults: &mut Faults) {
    if options.body_bytes_max.is_some_and(|bytes| !(1..=BODY_BYTES_LIMIT).contains(&bytes)) {
        let message = "a body has 1 byte to 16 MiB";
        faults.add("/body_bytes_max", codes::BAD_VALUE, message, "leave it out for 1 MiB");
    }
    if options.answer.is_some_and(|answer| !ANSWERS.contains(&answer)) {
        let message = "a delivery that was taken is answered with 200, 201, 202 or 204";
        faults.add("/answer", codes::BAD_VALUE, message, "leave it out for 202");
    }
}

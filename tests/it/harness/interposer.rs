//! A proxy between the daemon and the OpenID provider: it passes everything on, except that it can hold a call.
//!
//! Everything else stays the real provider's doing. A caller that dies while it is held drops the request, as a network
//! would. What came is remembered with its headers, so that a test can compare two sends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::patience::poll;
use super::servers::OidcProvider;

/// What is done with a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// It is passed on.
    Pass,
    /// It never reaches the provider, and is never answered.
    HoldBefore,
    /// It reaches the provider and is done, but the answer never comes.
    HoldAfter,
    /// It is asked as the provider's public client, to whom the default policy answers 200 and does nothing.
    AsPublicClient,
}

struct Shared {
    upstream: String,
    rule: Mutex<Rule>,
    /// How many more calls of any kind are passed on before all are held; no limit if nothing.
    left: Mutex<Option<usize>>,
    revocations: Mutex<Vec<HeaderMap>>,
    held: Mutex<usize>,
    client: reqwest::Client,
}

/// The proxy; it ends when this is dropped.
pub struct Interposer {
    url: String,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

impl Interposer {
    pub async fn start(upstream: &str, rule: Rule) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            rule: Mutex::new(rule),
            left: Mutex::default(),
            revocations: Mutex::default(),
            held: Mutex::default(),
            client: reqwest::Client::new(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, _serving: serving }
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, does this with revocations, and holds nothing else.
    pub fn set(&self, rule: Rule) {
        *self.shared.rule.lock().unwrap() = rule;
        *self.shared.left.lock().unwrap() = None;
        *self.shared.held.lock().unwrap() = 0;
    }

    /// From now on, lets so many calls of any kind happen, and holds every further one before the provider hears of it.
    pub fn hold_after(&self, calls: usize) {
        *self.shared.left.lock().unwrap() = Some(calls);
        *self.shared.held.lock().unwrap() = 0;
    }

    /// The headers of every revocation that came, in order.
    pub fn revocations(&self) -> Vec<HeaderMap> {
        self.shared.revocations.lock().unwrap().clone()
    }

    /// Waits until a call is held; fails the test when none is in time.
    pub async fn wait_until_held(&self, limit: Duration) {
        let held = poll(limit, || async { (*self.shared.held.lock().unwrap() > 0).then_some(()) }).await;
        held.unwrap_or_else(|| panic!("no call was held within {limit:?}; what came: {:?}", self.revocations()));
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let revokes = uri.path() == "/token/revocation";
    if revokes {
        shared.revocations.lock().unwrap().push(headers.clone());
    }
    if !shared.may_pass() {
        return shared.hold().await;
    }
    if !revokes {
        return shared.forward(method, &uri, headers, body).await;
    }
    let rule = *shared.rule.lock().unwrap();
    match rule {
        Rule::Pass => shared.forward(method, &uri, headers, body).await,
        Rule::HoldBefore => shared.hold().await,
        Rule::HoldAfter => {
            shared.forward(method, &uri, headers, body).await;
            shared.hold().await
        }
        Rule::AsPublicClient => shared.revoke_as_public(&uri, &body).await,
    }
}

impl Shared {
    fn may_pass(&self) -> bool {
        match &mut *self.left.lock().unwrap() {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    async fn forward(&self, method: Method, uri: &Uri, mut headers: HeaderMap, body: Bytes) -> Response {
        headers.remove(header::HOST);
        let request = self.client.request(method, format!("{}{uri}", self.upstream)).headers(headers).body(body);
        answered(request.send().await).await
    }

    async fn revoke_as_public(&self, uri: &Uri, body: &Bytes) -> Response {
        let mut form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        form.insert("client_id".to_owned(), OidcProvider::PUBLIC_ORCHESTRATOR.to_owned());
        answered(self.client.post(format!("{}{uri}", self.upstream)).form(&form).send().await).await
    }

    /// Never answers; ends when the caller is gone.
    async fn hold(&self) -> Response {
        *self.held.lock().unwrap() += 1;
        std::future::pending().await
    }
}

async fn answered(answer: reqwest::Result<reqwest::Response>) -> Response {
    let Ok(answer) = answer else { return StatusCode::BAD_GATEWAY.into_response() };
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let mut response = (status, answer.bytes().await.unwrap_or_default()).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

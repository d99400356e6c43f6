//! The client against real sockets: what it sends, what it refuses, and whether it tells the truth about a failure.

mod kept;

use super::*;
use crate::client::{SecretReference, StaticSecrets, secret_value};
use std::io::{Read, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};

fn options() -> ClientOptions {
    ClientOptions {
        networks: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        timeout: Duration::from_secs(10),
        ..ClientOptions::default()
    }
}

fn client(options: &ClientOptions) -> GuardedClient {
    GuardedClient::build(options).unwrap()
}

fn get(url: &str) -> Request {
    Request { method: "GET".to_owned(), url: Url::parse(url).unwrap(), headers: Vec::new(), body: None, timeout: None }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/path?key=hunter2", listener.local_addr().unwrap());
    (listener, url)
}

/// Reads until the request's head and, if it says how long it is, its body have come.
async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut received = Vec::new();
    loop {
        let mut part = [0; 1024];
        let length = stream.read(&mut part).await.unwrap();
        received.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&received).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let expected = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= expected.map_or(0, |length| length.parse().unwrap()) {
                return String::from_utf8(received).unwrap();
            }
        }
        assert!(length > 0, "the request broke off: {text}");
    }
}

/// Answers one request with `answer` and returns what was received, with the connection still open.
async fn serve(listener: &TcpListener, answer: &[u8]) -> (String, TcpStream) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read_request(&mut stream).await;
    stream.write_all(answer).await.unwrap();
    (request, stream)
}

#[track_caller]
fn assert_not_sent(outcome: Result<Response, SendError>, reason: &str) {
    match outcome {
        Err(SendError::NotSent(text)) => assert!(text.contains(reason), "{text}"),
        other => panic!("expected NotSent because of {reason}, got {other:?}"),
    }
}

#[track_caller]
fn assert_ambiguous(outcome: Result<Response, SendError>, reason: &str) {
    match outcome {
        Err(SendError::Ambiguous(text)) => {
            assert!(text.contains(reason), "{text}");
            assert!(!text.contains("hunter2"), "the query is repeated: {text}");
        }
        other => panic!("expected Ambiguous because of {reason}, got {other:?}"),
    }
}

#[tokio::test]
async fn an_answer_comes_back_with_status_headers_and_body() {
    let (listener, url) = listen().await;
    let answer = b"HTTP/1.1 503 Busy\r\nX-Reason: full\r\nContent-Length: 8\r\n\r\n{\"a\": 1}";
    let client = client(&options());
    let (outcome, (request, _stream)) = tokio::join!(client.send(get(&url)), serve(&listener, answer));
    let response = outcome.unwrap();
    assert_eq!(response.status, 503);
    assert_eq!(response.headers["x-reason"], "full");
    assert_eq!(response.json(), Some(serde_json::json!({"a": 1})));
    assert!(!response.truncated);
    assert!(request.starts_with("GET /path?key=hunter2 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("user-agent: standdown/"), "{request}");
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let (listener, url) = listen().await;
    drop(listener);
    assert_not_sent(client(&options()).send(get(&url)).await, "refused");
}

#[tokio::test]
async fn a_connection_closed_after_accepting_is_ambiguous() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let accept_and_close = async { drop(listener.accept().await.unwrap()) };
    let (outcome, ()) = tokio::join!(client.send(get(&url)), accept_and_close);
    assert_ambiguous(outcome, "127.0.0.1");
}

#[tokio::test]
async fn a_connection_closed_after_the_request_is_ambiguous_and_not_tried_again() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let read_and_close = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
    };
    let (outcome, ()) = tokio::join!(client.send(get(&url)), read_and_close);
    assert_ambiguous(outcome, "127.0.0.1");
    let again = std::future::poll_fn(|context| std::task::Poll::Ready(listener.poll_accept(context).is_ready())).await;
    assert!(!again, "the client connected a second time");
}

#[tokio::test]
async fn each_request_has_a_connection_of_its_own() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let answer = b"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let exchange = async { tokio::join!(client.send(get(&url)), serve(&listener, answer)) };
        let (outcome, (_, stream)) =
            tokio::time::timeout(Duration::from_secs(2), exchange).await.expect("no new connection");
        assert_eq!(outcome.unwrap().status, 204);
        open.push(stream);
    }
}

#[tokio::test]
async fn silence_until_the_deadline_is_ambiguous() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let request = Request { timeout: Some(Duration::from_millis(200)), ..get(&url) };
    let (outcome, accepted) = tokio::join!(client.send(request), listener.accept());
    assert_ambiguous(outcome, "no answer within 200 ms");
    drop(accepted);
}

#[tokio::test]
async fn an_answer_that_breaks_off_after_its_headers_is_ambiguous() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let serve_and_close = async { drop(serve(&listener, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await) };
    let (outcome, ()) = tokio::join!(client.send(get(&url)), serve_and_close);
    assert_ambiguous(outcome, "status 200, but the answer broke off");
}

#[tokio::test]
async fn an_answer_that_stalls_after_its_headers_is_ambiguous() {
    let (listener, url) = listen().await;
    let client = client(&ClientOptions { timeout: Duration::from_millis(300), ..options() });
    let (outcome, _open) =
        tokio::join!(client.send(get(&url)), serve(&listener, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"));
    assert_ambiguous(outcome, "no answer within 300 ms");
}

#[tokio::test]
async fn a_body_is_kept_up_to_the_limit_and_its_rest_is_not_awaited() {
    let (listener, url) = listen().await;
    let client = client(&ClientOptions { body_bytes_max: 4, ..options() });
    // The promised rest never comes: the client must not wait for it.
    let (outcome, _open) =
        tokio::join!(client.send(get(&url)), serve(&listener, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabcdef"));
    let response = outcome.unwrap();
    assert_eq!(response.text(), "abcd");
    assert!(response.truncated);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_complete_and_a_compressed_one_counts_unpacked() {
    let packed: &[u8] = &GZIP_HELLO_THRICE;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let answer = [head.as_bytes(), packed].concat();
    for (limit, text, truncated) in [(18, "hello hello hello ", false), (7, "hello h", true)] {
        let (listener, url) = listen().await;
        let client = client(&ClientOptions { body_bytes_max: limit, ..options() });
        let (outcome, _open) = tokio::join!(client.send(get(&url)), serve(&listener, &answer));
        let response = outcome.unwrap();
        assert_eq!((response.text().as_str(), response.truncated), (text, truncated));
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n";
    let (outcome, _open) = tokio::join!(client.send(get(&url)), serve(&listener, answer));
    let response = outcome.unwrap();
    assert_eq!(response.status, 302);
    assert_eq!(response.headers["location"], "http://169.254.169.254/latest");
}

#[tokio::test]
async fn addresses_are_refused_in_every_spelling_before_anything_is_sent() {
    let client = client(&ClientOptions::default());
    for host in ["127.0.0.1", "0x7f.1", "2130706433", "127.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"]
    {
        assert_not_sent(client.send(get(&format!("https://{host}/"))).await, "private address");
    }
    for host in ["169.254.169.254", "[::ffff:169.254.169.254]", "0xa9fea9fe", "[fd00:ec2::254]", "0.0.0.0", "[fe80::1]"]
    {
        assert_not_sent(client.send(get(&format!("https://{host}/"))).await, "always refused");
    }
    assert_not_sent(client.send(get("http://8.8.8.8/")).await, "plain HTTP");
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_unless_the_connection_names_it() {
    let (listener, url) = listen().await;
    let port = Url::parse(&url).unwrap().port().unwrap();
    let url = format!("http://localhost:{port}/");
    assert_not_sent(client(&ClientOptions::default()).send(get(&url)).await, "localhost was refused");
    let client = client(&options());
    let (outcome, _open) =
        tokio::join!(client.send(get(&url)), serve(&listener, b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(outcome.unwrap().status, 204);
}

#[tokio::test]
async fn a_malformed_request_is_not_sent() {
    let client = client(&options());
    assert_not_sent(client.send(get("ftp://127.0.0.1/")).await, "scheme");
    assert_not_sent(client.send(get("http://user:hunter2@127.0.0.1/")).await, "user name or password");
    let connect = Request { method: "CONNECT".to_owned(), ..get("http://127.0.0.1/") };
    assert_not_sent(client.send(connect).await, "method");
    let split = vec![("X-A".to_owned(), SecretString::from("1\r\nX-B: 2"))];
    assert_not_sent(client.send(Request { headers: split, ..get("http://127.0.0.1/") }).await, "X-A");
}

#[tokio::test]
async fn headers_of_the_connection_are_resolved_for_each_request_and_give_way_to_its_own() {
    let reference = SecretReference::parse("env:TOKEN").unwrap();
    let options = ClientOptions {
        headers: vec![
            ("X-Vault-Token".to_owned(), secret_value(&reference)),
            ("X-Team".to_owned(), Value::from("red")),
        ],
        ..options()
    };
    assert!(matches!(GuardedClient::build(&options), Err(BuildError::Header { .. })));
    let secrets = Arc::new(StaticSecrets::parse([("env:TOKEN", "t-123")]).unwrap());
    let client = GuardedClient::build_with(&options, secrets).unwrap();
    let (listener, url) = listen().await;
    let request = Request {
        method: "POST".to_owned(),
        headers: vec![("x-team".to_owned(), SecretString::from("blue"))],
        body: Some(Body::Json(serde_json::json!({"a": 1}))),
        ..get(&url)
    };
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    let (outcome, (received, _open)) = tokio::join!(client.send(request), serve(&listener, answer));
    assert_eq!(outcome.unwrap().status, 204);
    assert!(received.contains("x-vault-token: t-123\r\n"), "{received}");
    assert!(received.contains("x-team: blue\r\n") && !received.contains("red"), "{received}");
    assert!(received.contains("content-type: application/json\r\n") && received.ends_with("{\"a\":1}"), "{received}");
}

#[tokio::test]
async fn a_secret_header_that_cannot_be_resolved_sends_nothing() {
    let header = ("X-Token".to_owned(), secret_value(&SecretReference::parse("env:GONE").unwrap()));
    let options = ClientOptions { headers: vec![header], ..options() };
    let client = GuardedClient::build_with(&options, Arc::new(StaticSecrets::default())).unwrap();
    assert_not_sent(client.send(get("http://127.0.0.1:1/")).await, "env:GONE");
}

#[tokio::test]
async fn a_unix_socket_is_spoken_to_whatever_the_host_of_the_url() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let client =
        client(&ClientOptions { unix_socket: Some(path.clone()), networks: Vec::new(), ..ClientOptions::default() });
    assert_not_sent(client.send(get("http://docker/containers")).await, "No such file");
    let listener = UnixListener::bind(&path).unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        request
    };
    let (outcome, request) = tokio::join!(client.send(get("http://docker/containers")), serve);
    assert_eq!(outcome.unwrap().status, 204);
    assert!(request.starts_with("GET /containers "), "{request}");
}

/// A TLS server that answers one request, on a thread of its own; it returns the address and its certificate.
fn serve_tls() -> (u16, String, std::thread::JoinHandle<()>) {
    tls::install_provider();
    let identity = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(identity.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![identity.cert.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let mut buffer = [0; 1024];
        // A client that does not trust the certificate ends the handshake here.
        if stream.read(&mut buffer).is_ok() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            stream.flush().unwrap();
        }
    });
    (port, identity.cert.pem(), thread)
}

#[tokio::test]
async fn a_given_authority_is_trusted_and_an_unknown_one_ends_the_call_before_anything_is_sent() {
    let (port, pem, thread) = serve_tls();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    let trusting = client(&ClientOptions { ca: Some(ca.clone()), ..options() });
    let response = trusting.send(get(&format!("https://localhost:{port}/"))).await.unwrap();
    assert_eq!(response.text(), "ok");
    thread.join().unwrap();

    let (port, _, thread) = serve_tls();
    assert_not_sent(trusting.send(get(&format!("https://localhost:{port}/"))).await, "certificate");
    thread.join().unwrap();

    let (port, _, thread) = serve_tls();
    assert_not_sent(client(&options()).send(get(&format!("https://localhost:{port}/"))).await, "certificate");
    thread.join().unwrap();
}

#[tokio::test]
async fn a_handshake_that_never_ends_sent_nothing() {
    let (listener, url) = listen().await;
    let url = url.replace("http://", "https://");
    for options in [
        ClientOptions { connect_timeout: Duration::from_millis(200), ..options() },
        ClientOptions { timeout: Duration::from_millis(200), ..options() },
    ] {
        let client = client(&options);
        let (outcome, accepted) = tokio::join!(client.send(get(&url)), listener.accept());
        assert_not_sent(outcome, "127.0.0.1");
        drop(accepted);
    }
}

/// `hello ` three times, compressed by gzip.
const GZIP_HELLO_THRICE: [u8; 28] =
    [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 87, 200, 64, 34, 1, 237, 181, 49, 4, 18, 0, 0, 0];

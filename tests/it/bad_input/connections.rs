//! Connections that break off, and bodies without an end.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::scene::Scene;

async fn connect(scene: &Scene) -> TcpStream {
    TcpStream::connect(scene.daemon.url().trim_start_matches("http://")).await.unwrap()
}

/// What the daemon answers, read until it closes the connection or a moment has passed.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 64 * 1024];
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut bytes)).await;
    let length = read.expect("the daemon answers").unwrap_or(0);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test]
async fn a_sender_that_hangs_up_in_the_middle_leaves_nothing() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.everything().await;
    for part in
        ["POST /hooks/detector HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"id\":", "POST /hooks/det", ""]
    {
        let mut stream = connect(&scene).await;
        stream.write_all(part.as_bytes()).await.unwrap();
        drop(stream);
    }
    scene.assert_serves().await;
    let after = scene.everything().await;
    for path in ["/runs", "/approvals", "/dead-letters"] {
        assert_eq!(after[path], before[path], "{path}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_measured_as_it_comes() {
    let scene = Scene::start(|setup| setup).await;
    let mut stream = connect(&scene).await;
    let head = "POST /hooks/detector HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..24 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("SD5006"), "{answer}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_headers_without_an_end_too() {
    let scene = Scene::start(|setup| setup).await;
    let cases = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"POST /hooks/detector HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{".to_vec(),
        b"POST /hooks/detector HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(),
        [b"GET / HTTP/1.1\r\n".to_vec(), b"x: y\r\n".repeat(5_000)].concat(),
        [b"GET /".to_vec(), vec![b'a'; 600_000]].concat(),
    ];
    for bytes in cases {
        let mut stream = connect(&scene).await;
        // It may be cut off before everything was written.
        let written = stream.write_all(&bytes).await;
        let answer = read(&mut stream).await;
        let refused = answer.is_empty() || ["400", "414", "431"].contains(&&answer[9..12]);
        assert!(refused, "{:?}: {answer} ({written:?})", &bytes[..bytes.len().min(60)]);
    }
    scene.assert_serves().await;
}

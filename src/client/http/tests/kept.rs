//! Requests that may be sent again: which connection they take, and what their failures mean.

use super::*;

#[tokio::test]
async fn requests_that_may_be_sent_again_share_a_connection() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let serve_two = async {
        let (_, mut stream) = serve(&listener, b"HTTP/1.1 204 No Content\r\n\r\n").await;
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        stream
    };
    let send_two = async {
        for _ in 0..2 {
            assert_eq!(client.send_repeatable(get(&url)).await.unwrap().status, 204);
        }
    };
    let both = async { tokio::join!(serve_two, send_two) };
    tokio::time::timeout(Duration::from_secs(5), both).await.expect("the second request opened a connection");
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_replaced_by_a_new_one() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let serve_and_close = async {
        loop {
            drop(serve(&listener, b"HTTP/1.1 204 No Content\r\n\r\n").await);
        }
    };
    let send_until_two_are_answered = async {
        let mut answered = 0;
        while answered < 2 {
            // Before the client has noticed that the connection is closed, a request may be lost on it.
            match client.send_repeatable(get(&url)).await {
                Ok(response) => answered += usize::from(response.status == 204),
                outcome => assert_ambiguous(outcome, "127.0.0.1"),
            }
        }
    };
    let both = async {
        tokio::select! {
            () = serve_and_close => {}
            () = send_until_two_are_answered => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("the connection was never replaced");
}

#[tokio::test]
async fn a_repeatable_request_that_found_nobody_was_not_sent_and_one_that_was_cut_off_is_ambiguous() {
    let (listener, url) = listen().await;
    let client = client(&options());
    let read_and_close = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
    };
    let (outcome, ()) = tokio::join!(client.send_repeatable(get(&url)), read_and_close);
    assert_ambiguous(outcome, "127.0.0.1");
    drop(listener);
    assert_not_sent(client.send_repeatable(get(&url)).await, "127.0.0.1");
    assert_not_sent(client.send_repeatable(get("http://192.0.2.1/")).await, "address was refused");
}

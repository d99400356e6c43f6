//! The target that runs call: it answers at once, and writes down who called when and with which key.
//!
//! It has a thread of its own and answers `POST /call/STEP/NUMBER`, with keep-alive or without, as the caller wishes.

use std::hash::{DefaultHasher, Hasher as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::book::Book;
use super::connection::{content_length, end_of_head, header};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":true}";

/// The books of the measure under way.
type Books = Arc<Mutex<Arc<Book>>>;

/// The running target. It ends with the process.
#[derive(Clone)]
pub struct Stub {
    pub address: SocketAddr,
    book: Books,
    held: Arc<AtomicU64>,
}

impl Stub {
    pub fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stub = Self { address, book: Arc::new(Mutex::new(Arc::new(Book::new(0)))), held: Arc::default() };
        let (book, held) = (Arc::clone(&stub.book), Arc::clone(&stub.held));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("target".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&book), Arc::clone(&held)));
                }
            });
        })?;
        Ok(stub)
    }

    /// How many calls to `/hold` came so far; none of them is ever answered.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Opens new books for a new measure.
    pub fn open(&self, alerts: usize) -> Arc<Book> {
        let book = Arc::new(Book::new(alerts));
        *self.book.lock().unwrap() = Arc::clone(&book);
        book
    }
}

async fn serve(mut stream: TcpStream, book: Books, held: Arc<AtomicU64>) {
    let mut bytes = Vec::with_capacity(2048);
    loop {
        let end = loop {
            if let Some(end) = end_of_head(&bytes)
                && let Ok(head) = std::str::from_utf8(&bytes[..end])
                && bytes.len() >= end + content_length(head)
            {
                if head.starts_with("POST /hold ") {
                    held.fetch_add(1, Ordering::Relaxed);
                    std::future::pending::<()>().await;
                }
                // A connection may outlive a measure: the books are looked up for every call.
                note(head, &book.lock().unwrap());
                break end + content_length(head);
            }
            match stream.read_buf(&mut bytes).await {
                Ok(count) if count > 0 => {}
                // The caller has gone; so does this.
                _ => return,
            }
        };
        bytes.drain(..end);
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

fn note(head: &str, book: &Book) {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let mut parts = path.split('/').skip(2);
    let step = parts.next().and_then(|step| step.parse::<usize>().ok()).unwrap_or(0);
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX);
    let mut hasher = DefaultHasher::new();
    hasher.write(header(head, "idempotency-key").unwrap_or_default().as_bytes());
    book.call(number, step.wrapping_sub(1), hasher.finish());
}

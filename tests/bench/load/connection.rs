//! One keep-alive connection of HTTP/1.1, as small as it can be: what the load generator spends, its subject lacks.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the daemon's sender shows; the rivals ignore it.
pub const BEARER: &str = "token-of-the-benchmark-0123456789";

pub struct Connection {
    stream: TcpStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

/// An answer; its body lives until the next request.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, incoming: Vec::with_capacity(8192), outgoing: Vec::with_capacity(4096) })
    }

    pub async fn get(&mut self, path: &str) -> std::io::Result<Answer<'_>> {
        self.exchange("GET", path, "").await
    }

    pub async fn post(&mut self, path: &str, body: &str) -> std::io::Result<Answer<'_>> {
        self.exchange("POST", path, body).await
    }

    async fn exchange(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Answer<'_>> {
        use std::io::Write as _;
        self.outgoing.clear();
        write!(
            self.outgoing,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {BEARER}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream.write_all(&self.outgoing).await?;
        self.incoming.clear();
        let (mut head, mut status, mut wanted) = (0, 0, usize::MAX);
        while self.incoming.len() < wanted {
            if self.stream.read_buf(&mut self.incoming).await? == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the answer broke off"));
            }
            if head == 0
                && let Some(end) = end_of_head(&self.incoming)
            {
                head = end;
                let text = std::str::from_utf8(&self.incoming[..end]).map_err(Error::other)?;
                status = text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
                wanted = end + content_length(text);
            }
        }
        Ok(Answer { status, body: &self.incoming[head..] })
    }
}

/// Where the body begins, once the empty line has come.
pub fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// The length of the body that a head announces; 0 if it announces none.
pub fn content_length(head: &str) -> usize {
    header(head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// The value of a header.
pub fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

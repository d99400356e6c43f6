//! A wire between the store and PostgreSQL that can be cut at the one moment that matters: around a `COMMIT`.
//!
//! It reads along for the word only, so it needs a connection without TLS.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What happens to the next `COMMIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Everything passes.
    Never,
    /// It never reaches the server; what comes later passes.
    Before,
    /// It reaches the server, whose answer is lost; what comes later passes.
    After,
    /// It reaches the server, whose answer is lost; from then on there is no way to the server.
    AfterAndForGood,
    /// There is no way to the server.
    Severed,
}

pub struct Wire {
    port: u16,
    cut: Arc<Mutex<Cut>>,
    _tasks: JoinSet<()>,
}

impl Wire {
    /// A wire to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let cut = Arc::new(Mutex::new(Cut::Never));
        let shared = Arc::clone(&cut);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if *shared.lock().unwrap() == Cut::Severed {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                connections.spawn(pass(client, server, Arc::clone(&shared)));
            }
        });
        Self { port: own_port, cut, _tasks: tasks }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn set(&self, cut: Cut) {
        *self.cut.lock().unwrap() = cut;
    }

    pub fn cut(&self) -> Cut {
        *self.cut.lock().unwrap()
    }
}

/// Passes what both say until one ends or the wire is cut; then both see the connection end.
async fn pass(mut client: TcpStream, mut server: TcpStream, cut: Arc<Mutex<Cut>>) {
    let (mut said, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let Ok(length @ 1..) = read else { return };
                let commits = said[..length].windows(7).any(|word| word == b"COMMIT\0");
                let now = *cut.lock().unwrap();
                match now {
                    Cut::Severed => return,
                    Cut::Before if commits => {
                        *cut.lock().unwrap() = Cut::Never;
                        return;
                    }
                    Cut::After | Cut::AfterAndForGood if commits => {
                        server.write_all(&said[..length]).await.unwrap();
                        assert!(server.read(&mut answered).await.unwrap() > 0, "the server took the commit");
                        *cut.lock().unwrap() = if now == Cut::After { Cut::Never } else { Cut::Severed };
                        return;
                    }
                    _ => if server.write_all(&said[..length]).await.is_err() { return },
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() { return }
            }
        }
    }
}

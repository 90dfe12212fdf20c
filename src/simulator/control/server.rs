//! The simulator's side of the control socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, Semaphore, mpsc};

use super::protocol::{Line, Request, WireFailure};
use crate::failure::{Failure, Kind};
use crate::net::UnixSocket;

/// The longest request; a message of 256 KB in base64 fits.
const MAX_REQUEST: u64 = 1 << 20;
/// How long a client may take to say what it wants.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// Bytes that wait for a slow client before it is dropped; what `monitor --since start` replays fits.
const MAX_WAITING: usize = 512 << 20;
/// Clients at a time; more wait until one of them goes.
const CLIENTS: usize = 256;

/// A request with the way to answer it.
#[derive(Debug)]
pub struct ControlCall {
    /// What is asked.
    pub request: Request,
    /// Where the answers go.
    pub answers: Answers,
}

/// The way to one client: records, then an end. Never blocks; a client that reads too slowly is dropped.
#[derive(Debug, Clone)]
pub struct Answers {
    lines: mpsc::UnboundedSender<Written>,
    backlog: Arc<Backlog>,
}

/// One line as it is sent.
#[derive(Debug)]
struct Written {
    text: String,
    is_last: bool,
}

/// What a client has not taken yet.
#[derive(Debug, Default)]
struct Backlog {
    bytes: AtomicUsize,
    is_too_long: Notify,
}

impl Answers {
    /// Answers a record; says whether the client is still there.
    pub fn record(&self, record: &impl Serialize) -> bool {
        match serde_json::to_value(record) {
            Ok(value) => self.put(Line::Record(value)),
            Err(error) => self.put(Line::Failed(WireFailure::from(&Failure::new(Kind::Bug, error)))),
        }
    }

    /// Ends the answer well.
    pub fn done(&self) {
        self.put(Line::Done);
    }

    /// Ends the answer well, and returns when that is written or the client is gone.
    pub async fn done_and_written(&self) {
        self.done();
        self.lines.closed().await;
    }

    /// Ends the answer with a failure.
    pub fn fail(&self, failure: &Failure) {
        self.put(Line::Failed(WireFailure::from(failure)));
    }

    /// Says whether the client went away.
    pub fn is_gone(&self) -> bool {
        self.lines.is_closed()
    }

    fn put(&self, line: Line) -> bool {
        let is_last = !matches!(line, Line::Record(_));
        // A line is made of values that came from JSON: it can be written as JSON.
        let text = serde_json::to_string(&line).unwrap_or_default() + "\n";
        let length = text.len();
        if self.backlog.bytes.fetch_add(length, Ordering::Relaxed) + length > MAX_WAITING {
            self.backlog.is_too_long.notify_one();
            return false;
        }
        self.lines.send(Written { text, is_last }).is_ok()
    }
}

/// Accepts clients for ever and hands each request to `handle`.
///
/// Only the user who runs the simulation, and root, may ask for anything: the socket is in a private folder and has a
/// private mode, and who knocks is looked at all the same.
pub async fn serve(socket: UnixSocket, handle: impl Fn(ControlCall) + Clone + Send + 'static) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match socket.accept().await {
            Ok(stream) if is_ours(&stream) => {
                let served = serve_client(stream, handle.clone());
                tokio::spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Ok(_) => {}
            // Out of file descriptors: others may close some.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn is_ours(stream: &UnixStream) -> bool {
    let uid = stream.peer_cred().map(|peer| peer.uid());
    uid.is_ok_and(|uid| uid == rustix::process::getuid().as_raw() || uid == 0)
}

async fn serve_client(stream: UnixStream, handle: impl Fn(ControlCall)) {
    let (mut reader, writer) = stream.into_split();
    let (lines, received) = mpsc::unbounded_channel();
    let answers = Answers { lines, backlog: Arc::default() };
    let backlog = Arc::clone(&answers.backlog);
    match read_request(&mut reader).await {
        Ok(request) => handle(ControlCall { request, answers }),
        Err(failure) => answers.fail(&failure),
    }
    tokio::select! {
        () = write_answers(reader, writer, received, &backlog) => {}
        () = backlog.is_too_long.notified() => {}
    }
}

async fn read_request(reader: &mut OwnedReadHalf) -> Result<Request, Failure> {
    let mut line = String::new();
    let mut limited = BufReader::new(reader.take(MAX_REQUEST));
    let read = tokio::time::timeout(REQUEST_WITHIN, limited.read_line(&mut line)).await;
    match read {
        Ok(Ok(_)) if line.ends_with('\n') => serde_json::from_str(&line).map_err(|error| {
            Failure::request("the simulation does not understand this command")
                .cause(error)
                .hint("use the same version of edgectl that runs the simulation")
        }),
        Ok(Ok(_)) if line.len() as u64 == MAX_REQUEST => Err(Failure::request("the command is too long")
            .cause(format!("the simulation takes {MAX_REQUEST} bytes, with the manifest or the message in them"))
            .hint("take out what no module needs")),
        _ => Err(Failure::request("the simulation got no whole command").hint("run the command again")),
    }
}

/// Writes answers until the end of them, or of the client.
async fn write_answers(
    mut reader: OwnedReadHalf,
    mut writer: OwnedWriteHalf,
    mut received: mpsc::UnboundedReceiver<Written>,
    backlog: &Backlog,
) {
    let mut nothing = [0; 1];
    let mut lines = Vec::new();
    loop {
        tokio::select! {
            // Answers first: one to a request that was too long goes out before the rest of that is met below.
            biased;
            count = received.recv_many(&mut lines, 256) => if count == 0 { return },
            // A client says nothing after its request: any read is its end.
            _ = reader.read(&mut nothing) => return,
        }
        let is_last = lines.iter().any(|line| line.is_last);
        let text: String = lines.drain(..).map(|line| line.text).collect();
        if writer.write_all(text.as_bytes()).await.is_err() || is_last {
            return;
        }
        backlog.bytes.fetch_sub(text.len(), Ordering::Relaxed);
    }
}

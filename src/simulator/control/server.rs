//! The simulator's side of the control socket.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, mpsc};

use super::protocol::{Line, Request, WireFailure};
use crate::failure::{Failure, Kind};

/// The longest request; a message of 256 KB in base64 fits.
const MAX_REQUEST: u64 = 1 << 20;
/// How long a client may take to say what it wants.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// Lines that wait for a slow client before it is dropped.
const MAX_WAITING: usize = 100_000;

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
    lines: mpsc::UnboundedSender<Line>,
    gone: Arc<Gone>,
}

#[derive(Debug, Default)]
struct Gone {
    waiting: std::sync::atomic::AtomicUsize,
    dropped: Notify,
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
        use std::sync::atomic::Ordering::Relaxed;
        if self.gone.waiting.fetch_add(1, Relaxed) >= MAX_WAITING {
            self.gone.dropped.notify_one();
            return false;
        }
        self.lines.send(line).is_ok()
    }
}

/// Accepts clients for ever and hands each request to `handle`.
pub async fn serve(listener: UnixListener, handle: impl Fn(ControlCall) + Clone + Send + 'static) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_client(stream, handle.clone()));
            }
            // Out of file descriptors: others may close some.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve_client(stream: UnixStream, handle: impl Fn(ControlCall)) {
    let (mut reader, writer) = stream.into_split();
    let (lines, received) = mpsc::unbounded_channel();
    let answers = Answers { lines, gone: Arc::default() };
    let gone = Arc::clone(&answers.gone);
    match read_request(&mut reader).await {
        Ok(request) => handle(ControlCall { request, answers }),
        Err(failure) => answers.fail(&failure),
    }
    write_answers(reader, writer, received, &gone).await;
}

async fn read_request(reader: &mut OwnedReadHalf) -> Result<Request, Failure> {
    let mut line = String::new();
    let mut limited = BufReader::new(reader.take(MAX_REQUEST));
    let read = tokio::time::timeout(REQUEST_WITHIN, limited.read_line(&mut line)).await;
    match read {
        Ok(Ok(length)) if length > 0 && line.ends_with('\n') => serde_json::from_str(&line).map_err(|error| {
            Failure::request("the simulation does not understand this command")
                .cause(error)
                .hint("use the same version of edgectl that runs the simulation")
        }),
        _ => Err(Failure::request("the simulation got no whole command")),
    }
}

/// Writes answers until the end of them, or of the client.
async fn write_answers(
    mut reader: OwnedReadHalf,
    mut writer: OwnedWriteHalf,
    mut received: mpsc::UnboundedReceiver<Line>,
    gone: &Gone,
) {
    let mut nothing = [0; 1];
    let mut text = Vec::new();
    let mut lines = Vec::new();
    loop {
        tokio::select! {
            // A client says nothing after its request: any read is its end.
            _ = reader.read(&mut nothing) => return,
            () = gone.dropped.notified() => return,
            count = received.recv_many(&mut lines, 256) => if count == 0 { return },
        }
        gone.waiting.fetch_sub(lines.len(), std::sync::atomic::Ordering::Relaxed);
        let last = lines.iter().any(|line| !matches!(line, Line::Record(_)));
        text.clear();
        for line in lines.drain(..) {
            // A line is made of values that came from JSON: it can be written as JSON.
            text.extend_from_slice(serde_json::to_string(&line).unwrap_or_default().as_bytes());
            text.push(b'\n');
        }
        if writer.write_all(&text).await.is_err() || last {
            return;
        }
    }
}

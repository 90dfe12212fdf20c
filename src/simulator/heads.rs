//! The tasks of clients' connections: bytes to and from a protocol session, its words to and from the dispatcher.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::dispatcher::Clock;
use super::event::{Event, FromHead, ToHead};
use super::to_heads::HeadSender;
use crate::edgehub::{ConnectionId, HttpCall, Request, answer_invocation, parse_invocation};
use crate::identity::{DeviceId, Thumbprints};
use crate::mqtt::{Closed, Limits, Output, Session};
use crate::net::{self, HttpLimits, Seat};

/// Bytes read at once.
const READ: usize = 16 * 1024;
/// Bytes of requests that are not done with: in the dispatcher's channel, in its turn, or on their way to the disk.
/// Whoever brings more waits, so that a flood is as fast as the disk and costs no memory.
const ROOM: u32 = 8 << 20;
/// What a request takes beside its bytes.
const REQUEST: usize = 128;
/// Room for the first packet, which is all that a connection costs until it says something; a CONNECT fits.
const FIRST_READ: usize = 1024;
/// How long a client may take no bytes before its connection is given up.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// How long the end of a connection may take to be told.
const GOODBYE: Duration = Duration::from_secs(1);

/// What every head needs: the way to the dispatcher, the clock, numbers for connections.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    events: mpsc::Sender<Event>,
    clock: Clock,
    device: DeviceId,
    connections: Arc<AtomicU64>,
    room: Arc<Semaphore>,
}

impl Heads {
    pub(super) fn new(events: mpsc::Sender<Event>, clock: Clock, device: DeviceId) -> Self {
        let room = Arc::new(Semaphore::new(ROOM as usize));
        Self { events, clock, device, connections: Arc::default(), room }
    }

    /// Serves one MQTT client, which showed this certificate or none, until its connection ends.
    pub(super) async fn serve_mqtt(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        certificate: Option<Thumbprints>,
        seat: Seat,
    ) {
        let connection = ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed) + 1);
        let (to_head, from_dispatcher) = mpsc::unbounded_channel();
        let session = Session::new(self.clock.now(), Limits::default());
        let mut head = MqttHead { heads: self, connection, certificate, session, seat, to_head: Some(to_head) };
        head.run(stream, from_dispatcher).await;
    }

    /// Takes a connection's requests to the dispatcher, once there is room for them.
    async fn request(&self, connection: ConnectionId, requests: Vec<Request>) {
        let bytes = requests.iter().map(weight).sum::<usize>();
        let bytes = u32::try_from(bytes).unwrap_or(ROOM).min(ROOM);
        // The semaphore is never closed.
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(bytes).await else { return };
        self.tell(connection, FromHead::Requests { requests, room }).await;
    }

    async fn tell(&self, connection: ConnectionId, event: FromHead) {
        // A dispatcher that has ended closes the channel to this head, which ends it.
        let _ = self.events.send(Event::Head { connection, event }).await;
    }

    /// Serves HTTPS: direct methods from module to module.
    pub(super) async fn serve_https(self, stream: impl AsyncRead + AsyncWrite + Unpin, seat: Seat) {
        let handler = |request: net::Request| self.clone().answer_http(request, &seat);
        seat.hold(net::serve_http(stream, HttpLimits::default(), handler)).await;
    }

    async fn answer_http(self, request: net::Request, seat: &Seat) -> net::Response {
        let call = HttpCall {
            method: &request.method,
            target: &request.target,
            headers: &request.headers,
            body: &request.body,
        };
        let answer = match parse_invocation(&self.device, &call) {
            Err(answer) => {
                if answer.status == 401 {
                    let reason = format!("call refused: {}", String::from_utf8_lossy(&answer.body));
                    let _ = self.events.send(Event::Refused { reason }).await;
                }
                answer
            }
            Ok(invocation) => {
                // If its credential is no good the connection ends with the answer.
                seat.leave();
                let target = invocation.target.clone();
                let (reply, result) = oneshot::channel();
                // A dispatcher that has ended drops the reply, which is an answer too.
                let _ = self.events.send(Event::Invoke { invocation, reply }).await;
                let gone = Err(crate::edgehub::InvokeError::NoAnswer);
                answer_invocation(&target, result.await.unwrap_or(gone))
            }
        };
        net::Response { status: answer.status, content_type: "application/json", body: answer.body.into() }
    }
}

struct MqttHead {
    heads: Heads,
    connection: ConnectionId,
    certificate: Option<Thumbprints>,
    session: Session,
    seat: Seat,
    /// The dispatcher's way to this head, until the dispatcher has it: its end is then the end of the head.
    to_head: Option<HeadSender>,
}

impl MqttHead {
    async fn run(
        &mut self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        mut from_dispatcher: mpsc::UnboundedReceiver<Vec<ToHead>>,
    ) {
        let mut said = Vec::new();
        let mut input = BytesMut::with_capacity(FIRST_READ);
        while self.flush(&mut stream).await {
            let deadline = self.session.deadline().map(|at| self.heads.clock.instant(at));
            tokio::select! {
                read = stream.read_buf(&mut input), if self.session.wants_read() => match read {
                    Ok(0) | Err(_) => self.session.handle_end(),
                    Ok(_) => {
                        self.session.handle_bytes(self.heads.clock.now(), input.split());
                        input.reserve(READ);
                    }
                },
                count = from_dispatcher.recv_many(&mut said, 256) => {
                    let now = self.heads.clock.now();
                    said.drain(..).flatten().for_each(|said| self.hear(now, said));
                    if count == 0 {
                        self.session.close(Closed::Stopped);
                    }
                }
                () = self.seat.needed() => self.session.close(Closed::Stopped),
                () = sleep_until(deadline) => self.session.handle_timeout(self.heads.clock.now()),
            }
        }
        // The client is told the end of a refused or superseded connection; it may be gone already.
        let _ = timeout(GOODBYE, stream.shutdown()).await;
    }

    fn hear(&mut self, now: crate::clock::Now, said: ToHead) {
        match said {
            ToHead::Connected { remembered } => self.session.connected(now, remembered.as_deref()),
            ToHead::Refused(refusal) => self.session.refused(&refusal),
            ToHead::Event(event) => self.session.handle_event(now, event),
            ToHead::Close(reason) => self.session.close(Closed::Refused(reason.to_owned())),
        }
    }

    /// Does what the session wants done; says whether the connection goes on.
    async fn flush(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> bool {
        let mut goes_on = true;
        let mut requests = Vec::new();
        loop {
            match self.session.poll() {
                Some(Output::Request(request)) => requests.push(request),
                Some(output) => {
                    self.request(std::mem::take(&mut requests)).await;
                    goes_on &= self.act(output, stream).await;
                }
                None => break,
            }
        }
        self.request(requests).await;
        goes_on
    }

    /// Does one thing; says whether the connection goes on.
    async fn act(&mut self, output: Output, stream: &mut (impl AsyncWrite + Unpin)) -> bool {
        match output {
            Output::Send(bytes) => {
                if !write(stream, &bytes).await {
                    self.session.handle_end();
                }
            }
            Output::Connect(login) => {
                let Some(head) = self.to_head.take() else { return true };
                // The hub answers soon, and closes the connection if it does not let the client in.
                self.seat.leave();
                let (identity, session) = (login.identity, login.session);
                let credential = login.credential.or_certificate(self.certificate.take());
                self.tell(FromHead::Connect { identity, credential, session, head }).await;
            }
            Output::Misfit(error) => {
                let Some(head) = self.to_head.take() else { return true };
                self.tell(FromHead::Misfit { reason: error.to_string(), head }).await;
            }
            Output::Request(request) => self.request(vec![request]).await,
            Output::Notice(notice) => self.tell(FromHead::Notice(notice.to_string())).await,
            Output::Close(why) => {
                // Without it nobody asked for anything: a probe of the port, or garbage.
                if self.to_head.is_none() {
                    self.tell(FromHead::Closed(why.to_string())).await;
                }
                return false;
            }
        }
        true
    }

    async fn request(&self, requests: Vec<Request>) {
        if !requests.is_empty() {
            self.heads.request(self.connection, requests).await;
        }
    }

    async fn tell(&self, event: FromHead) {
        self.heads.tell(self.connection, event).await;
    }
}

/// Returns about how many bytes of memory a request takes.
fn weight(request: &Request) -> usize {
    REQUEST
        + match request {
            Request::Publish { message, .. } => message.size(),
            Request::PatchReported { patch, .. } => patch.len(),
            Request::AnswerMethod { payload, .. } => payload.len(),
            Request::Subscribe { .. }
            | Request::Unsubscribe { .. }
            | Request::GetTwin { .. }
            | Request::Acknowledge { .. } => 0,
        }
}

/// Writes to the peer, now and not when a TLS stream likes; says whether the peer took it.
async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    matches!(timeout(WRITE_WITHIN, written).await, Ok(Ok(())))
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

//! The tasks of clients' connections: bytes to and from a protocol's core, its words to and from the dispatcher.

mod amqp;
mod https;
mod mqtt;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::alarm::Alarm;
use super::clocks::Clock;
use super::event::{EdgeEvent, EdgeEvents, FromHead, ToHead};
use super::to_heads::{HeadSender, Turn, Words};
use crate::clock::Now;
use crate::edgehub::{ConnectionId, Request};
use crate::identity::{DeviceId, Thumbprints};
use crate::net::Seat;

/// Bytes read at once from a client that says much.
const READ: usize = 16 * 1024;
/// Bytes of requests that are not done with: in the dispatcher's channel, in its turn, or on their way to the disk.
/// Whoever brings more waits, so that a flood is as fast as the disk and costs no memory.
const ROOM: u32 = 8 << 20;
/// What a request takes beside its bytes.
const REQUEST: usize = 128;
/// Bytes read at once from one that says little: a CONNECT fits, and a thousand idle clients are no burden.
const SHORT_READ: usize = 1024;
/// How long a client may take no bytes before its connection is given up.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// How long the end of a connection may take to be told.
const GOODBYE: Duration = Duration::from_secs(1);

/// What every head needs: the way to the dispatcher, the clock, numbers for connections.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    events: EdgeEvents,
    clock: Clock,
    device: DeviceId,
    /// How many connections there have been to all devices.
    connections: Arc<AtomicU64>,
    room: Arc<Semaphore>,
}

/// What is known of a client before it has said a word, and where it waits until it has proved who it is.
pub(super) struct Proof {
    /// The certificate that it showed.
    pub(super) certificate: Option<Thumbprints>,
    pub(super) seat: Seat,
}

/// A protocol's side of one connection.
trait Protocol {
    fn handle_bytes(&mut self, now: Now, bytes: BytesMut);
    /// The socket was closed or broke.
    fn handle_end(&mut self);
    fn handle_timeout(&mut self, now: Now);
    /// The dispatcher says something to a client.
    fn handle_said(&mut self, now: Now, client: ConnectionId, said: ToHead);
    /// The connection must end, for this reason.
    fn handle_stop(&mut self, reason: &str);
    fn wants_read(&self) -> bool;
    fn deadline(&self) -> Option<Duration>;
    fn poll(&mut self) -> Option<Act>;
}

/// What a protocol wants done.
enum Act {
    Send(Bytes),
    Request(ConnectionId, Request),
    Tell(ConnectionId, FromHead),
    /// Somebody was not let in, for this reason, and has its answer already.
    Refuse(String),
    /// The connection is over.
    End,
}

impl Heads {
    pub(super) fn new(events: EdgeEvents, clock: Clock, device: DeviceId, connections: Arc<AtomicU64>) -> Self {
        let room = Arc::new(Semaphore::new(ROOM as usize));
        Self { events, clock, device, connections, room }
    }

    fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Serves one connection until its end; `begin` makes its protocol, which hands the sender on to the dispatcher.
    ///
    /// The seat is left when somebody on the connection is let in.
    async fn serve<P: Protocol>(
        self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        seat: Seat,
        begin: impl FnOnce(&Self, HeadSender) -> P,
    ) {
        let (to_head, from_dispatcher) = mpsc::unbounded_channel();
        let mut protocol = begin(&self, to_head);
        let mut alarm = Alarm::new(self.clock);
        let mut inbox = Inbox::new(from_dispatcher);
        let mut input = BytesMut::with_capacity(SHORT_READ);
        // Both at most once, and asked for all the time: they are not made anew for each packet.
        let mut stopped = pin!(self.events.closed().fuse());
        let mut pushed_out = pin!(seat.needed().fuse());
        while inbox.hear_during(self.flush(&mut protocol, &mut stream)).await {
            let deadline = protocol.deadline();
            tokio::select! {
                read = stream.read_buf(&mut input), if protocol.wants_read() => match read {
                    Ok(0) | Err(_) => protocol.handle_end(),
                    Ok(length) => {
                        protocol.handle_bytes(self.clock.now(), input.split());
                        make_room(&mut input, length);
                    }
                },
                () = inbox.hear() => {
                    let now = self.clock.now();
                    for (client, said) in inbox.take() {
                        leave_if_let_in(&seat, &said);
                        protocol.handle_said(now, client, said);
                    }
                }
                () = &mut stopped => protocol.handle_stop("the simulation ends"),
                () = &mut pushed_out => protocol.handle_stop("too many connections have not proved who they are"),
                () = alarm.wait(deadline) => protocol.handle_timeout(self.clock.now()),
            }
        }
        drop(inbox);
        // The client is told the end of a refused or superseded connection; it may be gone already.
        let _ = timeout(GOODBYE, stream.shutdown()).await;
    }

    /// Does what the protocol wants done; says whether the connection goes on.
    async fn flush(&self, protocol: &mut impl Protocol, stream: &mut (impl AsyncWrite + Unpin)) -> bool {
        let mut requests = Vec::new();
        let mut asker = ConnectionId(0);
        let mut goes_on = true;
        while let Some(act) = protocol.poll() {
            if let Act::Request(client, request) = act {
                if client != asker {
                    self.request(asker, &mut requests).await;
                }
                asker = client;
                requests.push(request);
                continue;
            }
            self.request(asker, &mut requests).await;
            match act {
                Act::Send(bytes) => {
                    if !write(stream, &bytes).await {
                        protocol.handle_end();
                    }
                }
                Act::Tell(client, event) => self.tell(client, event).await,
                Act::Refuse(reason) => self.tell_refused(reason).await,
                Act::Request(..) => {}
                Act::End => goes_on = false,
            }
        }
        self.request(asker, &mut requests).await;
        goes_on
    }

    async fn request(&self, client: ConnectionId, requests: &mut Vec<Request>) {
        if !requests.is_empty() {
            self.ask(client, std::mem::take(requests)).await;
        }
    }

    /// Takes a connection's requests to the dispatcher, once there is room for them.
    async fn ask(&self, client: ConnectionId, requests: Vec<Request>) {
        let bytes = requests.iter().map(weight).sum::<usize>();
        let bytes = u32::try_from(bytes).unwrap_or(ROOM).min(ROOM);
        // The semaphore is never closed.
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(bytes).await else { return };
        self.tell(client, FromHead::Requests { requests, room }).await;
    }

    async fn tell(&self, connection: ConnectionId, event: FromHead) {
        // A dispatcher that has ended is noticed where its words are awaited.
        self.events.send(EdgeEvent::Head { connection, event }).await;
    }

    async fn tell_refused(&self, reason: String) {
        self.events.send(EdgeEvent::Refused { reason }).await;
    }
}

/// What the dispatcher says to one head.
///
/// It is heard at once, even while the head writes: the dispatcher waits for that.
struct Inbox {
    words: mpsc::UnboundedReceiver<Words>,
    heard: Vec<(ConnectionId, Vec<ToHead>)>,
    /// Shares in turns of the dispatcher whose words are not written yet.
    turns: Vec<Turn>,
}

impl Inbox {
    fn new(words: mpsc::UnboundedReceiver<Words>) -> Self {
        Self { words, heard: Vec::new(), turns: Vec::new() }
    }

    /// Returns when something was heard that was not taken yet.
    async fn hear(&mut self) {
        if self.heard.is_empty() {
            // The dispatcher has dropped its end: that is awaited elsewhere.
            let Some(words) = self.words.recv().await else { return std::future::pending().await };
            self.keep(words);
        }
        while let Ok(words) = self.words.try_recv() {
            self.keep(words);
        }
    }

    fn keep(&mut self, Words { connection, said, turn }: Words) {
        self.heard.push((connection, said));
        self.turns.push(turn);
    }

    /// Takes what was heard, in its order.
    fn take(&mut self) -> impl Iterator<Item = (ConnectionId, ToHead)> {
        self.heard.drain(..).flat_map(|(client, words)| words.into_iter().map(move |said| (client, said)))
    }

    /// Lets the head work, and the dispatcher go on as soon as that is done or has to wait.
    async fn hear_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let done = work.as_mut().poll(context);
            while done.is_pending()
                && let Poll::Ready(Some(words)) = self.words.poll_recv(context)
            {
                self.keep(words);
            }
            self.turns.clear();
            done
        })
        .await
    }
}

fn leave_if_let_in(seat: &Seat, said: &ToHead) {
    if let ToHead::Connected { .. } = said {
        seat.leave();
    }
}

/// Makes room for the next read, according to what came with the last one.
fn make_room(input: &mut BytesMut, length: usize) {
    let room = if length < SHORT_READ { SHORT_READ } else { READ };
    if input.capacity() > room {
        *input = BytesMut::new();
    }
    input.reserve(room);
}

/// Returns about how many bytes of memory a request takes.
fn weight(request: &Request) -> usize {
    REQUEST
        + match request {
            Request::Publish { message, .. } => message.size(),
            Request::PatchReported { patch, .. } => patch.len(),
            Request::AnswerMethod { payload, .. } => payload.len(),
            _ => 0,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::to_heads::ToHeads;

    const CLIENT: ConnectionId = ConnectionId(1);

    #[tokio::test]
    async fn a_head_that_has_to_wait_itself_keeps_no_turn_of_the_dispatcher_open() {
        let (sender, words) = mpsc::unbounded_channel();
        let (mut heads, mut inbox) = (ToHeads::default(), Inbox::new(words));
        heads.add(CLIENT, sender);
        let mut turn = |reason| {
            heads.tell(CLIENT, ToHead::Close(reason));
            heads.flush().expect("somebody was told")
        };
        let first = turn("heard before it writes");
        inbox.hear().await;
        let client_takes_nothing = std::future::pending::<()>();
        let work = async {
            first.wait().await;
            turn("heard while it writes").wait().await;
        };
        tokio::select! {
            () = inbox.hear_during(client_takes_nothing) => unreachable!("it never ends"),
            () = work => {}
        }
        let heard = inbox.take().map(|(client, said)| (client, format!("{said:?}"))).collect::<Vec<_>>();
        let expected = ["Close(\"heard before it writes\")", "Close(\"heard while it writes\")"];
        assert_eq!(heard, expected.map(|said| (CLIENT, said.to_owned())));
    }

    #[tokio::test]
    async fn a_turn_lasts_until_its_words_are_written() {
        let (sender, words) = mpsc::unbounded_channel();
        let (mut heads, mut inbox) = (ToHeads::default(), Inbox::new(words));
        heads.add(CLIENT, sender);
        heads.tell(CLIENT, ToHead::Close("bye"));
        let mut end = std::pin::pin!(heads.flush().expect("somebody was told").wait());
        inbox.hear().await;
        assert!(futures_util::poll!(end.as_mut()).is_pending());
        inbox.hear_during(std::future::ready(())).await;
        end.await;
        assert!(heads.flush().is_none(), "nobody was told anything since");
    }
}

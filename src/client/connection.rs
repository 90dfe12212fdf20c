//! One connection of a module's client, from CONNECT to its end.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::ClientError;
use super::dial::{Dialled, KEEP_ALIVE};
use super::events::Event;
use super::exchange::{Command, Exchange, Heard};
use crate::mqtt::codec;
use crate::mqtt::packet::{ConnAck, Packet};

const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// After this silence the hub is asked whether it is there; after twice as much it is taken as gone.
const PING_AFTER: Duration = Duration::from_secs(KEEP_ALIVE as u64 / 2);
const LARGEST_PACKET: usize = 1024 * 1024;

/// The two channels to the module.
#[derive(Debug)]
pub(super) struct Channels {
    pub(super) commands: mpsc::Receiver<Command>,
    /// For what the module answers later; weak, so that this end alone does not keep the client alive.
    pub(super) answers: mpsc::WeakSender<Command>,
    pub(super) events: mpsc::Sender<Event>,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The module let go of its client.
    Left,
    /// The token is old.
    Renew,
    /// Something is wrong.
    Failed(ClientError),
}

/// Says CONNECT and waits for the answer.
pub(super) async fn introduce<S>(dialled: &mut Dialled<S>, input: &mut BytesMut) -> Result<(), ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = BytesMut::new();
    let connect = Packet::Connect(Box::new(dialled.connect.clone()));
    codec::encode(&connect, &mut out).map_err(|_| ClientError::TooLarge)?;
    write(&mut dialled.stream, &out).await?;
    match timeout(ANSWER_PATIENCE, read_packet(&mut dialled.stream, input)).await {
        Err(_) => Err(ClientError::Silent),
        Ok(Ok(Packet::ConnAck(ConnAck::Accepted { .. }))) => Ok(()),
        Ok(Ok(Packet::ConnAck(ConnAck::Refused(refusal)))) => Err(ClientError::Refused(refusal)),
        Ok(Ok(_)) => Err(ClientError::Protocol("the first packet is no CONNACK".to_owned())),
        Ok(Err(error)) => Err(error),
    }
}

async fn read_packet<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> Result<Packet, ClientError> {
    loop {
        if let Some(packet) = codec::decode(input, LARGEST_PACKET)? {
            return Ok(packet);
        }
        read_some(stream, input).await?;
    }
}

async fn read_some<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> Result<(), ClientError> {
    match stream.read_buf(input).await {
        Ok(0) => Err(ClientError::broken("the hub closed it")),
        Ok(_) => Ok(()),
        Err(error) => Err(ClientError::broken(error)),
    }
}

/// Handles every command that is there, so that they leave in one write.
fn handle_commands(
    first: Command,
    exchange: &mut Exchange,
    commands: &mut mpsc::Receiver<Command>,
    out: &mut BytesMut,
) {
    let mut next = Some(first);
    while let Some(command) = next {
        exchange.handle_command(command, out);
        next = commands.try_recv().ok();
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), ClientError> {
    let written = timeout(ANSWER_PATIENCE, async {
        stream.write_all(bytes).await?;
        // TLS keeps what the socket does not take at once.
        stream.flush().await
    });
    written.await.map_err(|_| ClientError::Silent)?.map_err(ClientError::broken)
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection<'a, S> {
    pub(super) stream: S,
    pub(super) input: BytesMut,
    pub(super) exchange: &'a mut Exchange,
    pub(super) channels: &'a mut Channels,
    pub(super) until: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<'_, S> {
    /// Carries everything between module and hub until the connection ends.
    pub(super) async fn run(mut self) -> Ended {
        match self.carry().await {
            Ok(ended) => {
                self.say_goodbye().await;
                ended
            }
            Err(error) => Ended::Failed(error),
        }
    }

    async fn carry(&mut self) -> Result<Ended, ClientError> {
        let mut out = BytesMut::new();
        let mut unread = VecDeque::from([Event::Connected]);
        let mut heard = Instant::now();
        let mut pinged = false;
        self.exchange.connected(&mut out);
        loop {
            self.handle_input(&mut unread, &mut out)?;
            if !out.is_empty() {
                write(&mut self.stream, &out).await?;
                out.clear();
            }
            let patience = if pinged { PING_AFTER * 2 } else { PING_AFTER };
            tokio::select! {
                // Never paused: a module that waits for an acknowledgement takes no event until it has come. What piles
                // up here is bounded by what the hub delivers without being acknowledged.
                read = read_some(&mut self.stream, &mut self.input) => {
                    read?;
                    heard = Instant::now();
                    pinged = false;
                }
                command = self.channels.commands.recv() => match command {
                    Some(command) => handle_commands(command, self.exchange, &mut self.channels.commands, &mut out),
                    None => return Ok(Ended::Left),
                },
                room = self.channels.events.reserve(), if !unread.is_empty() => match (room, unread.pop_front()) {
                    (Ok(room), Some(event)) => room.send(event),
                    _ => return Ok(Ended::Left),
                },
                () = sleep_until(heard + patience) => {
                    if pinged {
                        return Err(ClientError::Silent);
                    }
                    pinged = true;
                    codec::encode(&Packet::PingReq, &mut out).map_err(|_| ClientError::TooLarge)?;
                }
                () = sleep_until(self.until) => return Ok(Ended::Renew),
            }
        }
    }

    /// Handles every packet that is there.
    fn handle_input(&mut self, unread: &mut VecDeque<Event>, out: &mut BytesMut) -> Result<(), ClientError> {
        while let Some(packet) = codec::decode(&mut self.input, LARGEST_PACKET)? {
            if let Some(heard) = self.exchange.handle_packet(packet, out)? {
                unread.extend(self.to_event(heard));
            }
        }
        Ok(())
    }

    /// Makes an event of what was heard; `None` if nobody is left to answer it.
    fn to_event(&self, heard: Heard) -> Option<Event> {
        let answers = self.channels.answers.upgrade()?;
        Some(Event::new(heard, answers))
    }

    /// Leaves as the protocol wants it; that the hub hears it is not waited for.
    async fn say_goodbye(&mut self) {
        let mut out = BytesMut::new();
        if codec::encode(&Packet::Disconnect, &mut out).is_ok() {
            let _ = write(&mut self.stream, &out).await;
            let _ = self.stream.shutdown().await;
        }
    }
}

//! Packets over a stream: framing, and the pings that keep the connection alive.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::mqtt::{self, Packet};

/// How long one attempt to read takes at most; the stream's read timeout.
pub const TICK: Duration = Duration::from_millis(250);
/// The hub gives up on a module that is silent for one and a half times as long.
pub const KEEP_ALIVE: Duration = Duration::from_secs(60);

const PING_EVERY: Duration = Duration::from_secs(30);

/// Packets over a stream.
pub struct Link<S> {
    stream: S,
    unread: Vec<u8>,
    heard_at: Instant,
    pinged_at: Instant,
}

impl<S: Read + Write> Link<S> {
    /// Creates a link over a fresh stream.
    pub fn new(stream: S) -> Self {
        let now = Instant::now();
        Self {
            stream,
            unread: Vec::new(),
            heard_at: now,
            pinged_at: now,
        }
    }

    /// Sends an encoded packet.
    pub fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        self.stream.write_all(packet)?;
        self.stream.flush()
    }

    /// Returns the next packet, or `None` if none came within a [`TICK`].
    pub fn receive(&mut self) -> io::Result<Option<Packet>> {
        if let Some(packet) = mqtt::take_packet(&mut self.unread)? {
            return Ok(Some(packet));
        }
        if self.pinged_at.elapsed() >= PING_EVERY {
            self.pinged_at = Instant::now();
            self.send(mqtt::PING)?;
        }
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "the hub closed the connection",
            )),
            Ok(length) => {
                self.heard_at = Instant::now();
                self.unread.extend(&bytes[..length]);
                mqtt::take_packet(&mut self.unread)
            }
            Err(error) if is_pause(&error) && self.heard_at.elapsed() < KEEP_ALIVE => Ok(None),
            Err(error) if is_pause(&error) => {
                Err(io::Error::new(ErrorKind::TimedOut, "the hub went silent"))
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(closed()),
            Err(error) => Err(error),
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "the hub closed the connection")
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

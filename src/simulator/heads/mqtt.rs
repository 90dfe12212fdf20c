//! MQTT: one client a connection.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Act, Heads, Proof, Protocol};
use crate::clock::Now;
use crate::edgehub::ConnectionId;
use crate::identity::Thumbprints;
use crate::mqtt::{Closed, Limits, Output, Session};
use crate::simulator::event::{FromHead, ToHead};
use crate::simulator::to_heads::HeadSender;

struct Mqtt {
    connection: ConnectionId,
    certificate: Option<Thumbprints>,
    session: Session,
    /// The dispatcher's way to this head, until the dispatcher has it.
    to_head: Option<HeadSender>,
    /// The end is told to the dispatcher and not yet to the task.
    has_ended: bool,
}

impl Heads {
    /// Serves one MQTT client until its connection ends.
    pub(in crate::simulator) async fn serve_mqtt(self, stream: impl AsyncRead + AsyncWrite + Unpin, proof: Proof) {
        let begin = |heads: &Self, to_head| Mqtt {
            connection: heads.next_connection(),
            certificate: proof.certificate,
            session: Session::new(heads.clock.now(), Limits::default()),
            to_head: Some(to_head),
            has_ended: false,
        };
        self.serve(stream, proof.seat, begin).await;
    }
}

impl Protocol for Mqtt {
    fn handle_bytes(&mut self, now: Now, bytes: BytesMut) {
        self.session.handle_bytes(now, bytes);
    }

    fn handle_end(&mut self) {
        self.session.handle_end();
    }

    fn handle_timeout(&mut self, now: Now) {
        self.session.handle_timeout(now);
    }

    fn handle_said(&mut self, now: Now, _: ConnectionId, said: ToHead) {
        match said {
            ToHead::Connected { remembered } => self.session.connected(now, remembered.as_deref()),
            ToHead::Refused(refusal) => self.session.refused(&refusal),
            ToHead::Event(event) => self.session.handle_event(now, event),
            ToHead::Close(reason) => self.session.close(Closed::Refused(reason.to_owned())),
        }
    }

    fn handle_stop(&mut self, _: &str) {
        self.session.close(Closed::Stopped);
    }

    fn wants_read(&self) -> bool {
        self.session.wants_read()
    }

    fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }

    fn poll(&mut self) -> Option<Act> {
        if std::mem::take(&mut self.has_ended) {
            return Some(Act::End);
        }
        let told = match self.session.poll()? {
            Output::Send(bytes) => return Some(Act::Send(bytes)),
            Output::Request(request) => return Some(Act::Request(self.connection, request)),
            Output::Notice(notice) => FromHead::Notice(notice.to_string()),
            Output::Connect(login) => FromHead::Connect {
                identity: login.identity,
                credential: login.credential.or_certificate(self.certificate.take()),
                session: login.session,
                head: self.to_head.take()?,
            },
            Output::Misfit(error) => FromHead::Misfit { reason: error.to_string(), head: self.to_head.take()? },
            Output::Close(why) => {
                // Who still has it asked for nothing: a probe of the port, or garbage.
                if self.to_head.is_some() {
                    return Some(Act::End);
                }
                self.has_ended = true;
                FromHead::Closed(why.to_string())
            }
        };
        Some(Act::Tell(self.connection, told))
    }
}

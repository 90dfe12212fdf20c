//! AMQP: several clients on a connection, each with a number of its own for the dispatcher.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Act, Heads, Proof, Protocol};
use crate::amqp::{Head, Limits, Output, Speaker};
use crate::clock::Now;
use crate::edgehub::{ConnectionId, Session};
use crate::simulator::event::{FromHead, ToHead};
use crate::simulator::to_heads::HeadSender;

struct Amqp {
    heads: Heads,
    head: Head,
    /// The dispatcher's way to this head.
    to_head: HeadSender,
    clients: BTreeMap<Speaker, ConnectionId>,
    acts: VecDeque<Act>,
}

impl Heads {
    /// Serves one AMQP connection until it ends.
    pub(in crate::simulator) async fn serve_amqp(self, stream: impl AsyncRead + AsyncWrite + Unpin, proof: Proof) {
        let begin = |heads: &Self, to_head| Amqp {
            heads: heads.clone(),
            head: Head::new(heads.clock.now(), Limits::default(), proof.certificate),
            to_head,
            clients: BTreeMap::new(),
            acts: VecDeque::new(),
        };
        self.serve(stream, proof.seat, begin).await;
    }
}

impl Amqp {
    fn speaker(&self, client: ConnectionId) -> Option<Speaker> {
        self.clients.iter().find(|(_, known)| **known == client).map(|(speaker, _)| *speaker)
    }

    fn tell(&mut self, speaker: Speaker, event: FromHead) {
        if let Some(client) = self.clients.get(&speaker) {
            self.acts.push_back(Act::Tell(*client, event));
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Send(bytes) => self.acts.push_back(Act::Send(bytes)),
            Output::Connect { speaker, login } => {
                let connection = self.heads.next_connection();
                self.clients.insert(speaker, connection);
                // What AMQP receives is told by its links, which end with the connection.
                let session = Session::Clean;
                let (identity, credential, head) = (login.identity, login.credential, self.to_head.clone());
                self.tell(speaker, FromHead::Connect { identity, credential, session, head });
            }
            Output::Request { speaker, request } => {
                if let Some(client) = self.clients.get(&speaker) {
                    self.acts.push_back(Act::Request(*client, request));
                }
            }
            Output::Notice { speaker, notice } => self.tell(speaker, FromHead::Notice(notice.to_string())),
            Output::Misfit(reason) => self.acts.push_back(Act::Refuse(format!("connection refused: {reason}"))),
            Output::Left { speaker, why } => {
                self.tell(speaker, FromHead::Closed(why));
                self.clients.remove(&speaker);
            }
            Output::Close(why) => {
                for client in std::mem::take(&mut self.clients).into_values() {
                    self.acts.push_back(Act::Tell(client, FromHead::Closed(why.to_string())));
                }
                self.acts.push_back(Act::End);
            }
        }
    }
}

impl Protocol for Amqp {
    fn handle_bytes(&mut self, now: Now, bytes: BytesMut) {
        self.head.handle_bytes(now, bytes);
    }

    fn handle_end(&mut self) {
        self.head.handle_end();
    }

    fn handle_timeout(&mut self, now: Now) {
        self.head.handle_timeout(now);
    }

    fn handle_said(&mut self, now: Now, client: ConnectionId, said: ToHead) {
        let Some(speaker) = self.speaker(client) else { return };
        match said {
            ToHead::Connected { remembered: _ } => self.head.connected(now, speaker),
            ToHead::Refused(refusal) => self.head.refused(now, speaker, &refusal),
            ToHead::Event(event) => self.head.handle_event(now, speaker, event),
            ToHead::Close(reason) => self.head.dismiss(now, speaker, reason),
        }
    }

    fn handle_stop(&mut self, reason: &str) {
        self.head.close(reason);
    }

    fn wants_read(&self) -> bool {
        self.head.wants_read()
    }

    fn deadline(&self) -> Option<Duration> {
        self.head.deadline()
    }

    fn poll(&mut self) -> Option<Act> {
        while self.acts.is_empty() {
            let output = self.head.poll()?;
            self.act(output);
        }
        self.acts.pop_front()
    }
}

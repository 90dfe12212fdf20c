//! A hub for tests: our own session at the other end of a connection in memory, driven by hand.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::dial::{Dial, Dialled};
use super::{ClientError, Events, ModuleClient};
use crate::clock::Now;
use crate::edgehub::{self, Feature, Request};
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::mqtt::packet::Connect;
use crate::mqtt::{Limits, Output, Session};

/// Longer than any test.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// Hands the other end of every connection to the test.
struct Line {
    ends: mpsc::UnboundedSender<DuplexStream>,
    good_for: Duration,
}

impl Dial for Line {
    type Stream = DuplexStream;

    async fn dial(&mut self) -> Result<Dialled<DuplexStream>, ClientError> {
        let (stream, end) = duplex(64 * 1024);
        self.ends.send(end).map_err(ClientError::broken)?;
        let connect = Connect {
            client_id: "d/m".into(),
            clean_session: false,
            keep_alive: 60,
            will: None,
            username: Some("hub.example/d/m/?api-version=2021-04-12".into()),
            password: Some(Bytes::from_static(b"SharedAccessSignature sr=a&sig=AA%3D%3D&se=1")),
        };
        Ok(Dialled { stream, connect, good_for: self.good_for })
    }
}

/// The hub's end of one connection: our own session, driven by hand.
pub(crate) struct Hub<S> {
    stream: S,
    pub(crate) session: Session,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Hub<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, session: Session::new(Now::default(), Limits::default()) }
    }

    /// Returns the next thing that the session wants done, after its bytes are written.
    pub(crate) async fn next(&mut self) -> Output {
        loop {
            match self.session.poll() {
                Some(Output::Send(bytes)) => self.stream.write_all(&bytes).await.expect("the client reads"),
                Some(output) => return output,
                None => {
                    let mut bytes = BytesMut::new();
                    match self.stream.read_buf(&mut bytes).await {
                        Ok(0) | Err(_) => self.session.handle_end(),
                        Ok(_) => self.session.handle_bytes(Now::default(), bytes),
                    }
                }
            }
        }
    }

    pub(crate) async fn next_request(&mut self) -> Request {
        match self.next().await {
            Output::Request(request) => request,
            other => panic!("expected a request, found {other:?}"),
        }
    }

    /// Lets the client in and takes its subscriptions.
    async fn admit(mut self) -> Self {
        let Output::Connect(login) = self.next().await else { panic!("a login comes first") };
        assert_eq!(login.identity.to_string(), "d/m");
        self.session.connected(Now::default(), None);
        let mut features = Vec::new();
        while features.len() < 4 {
            let Request::Subscribe { feature, .. } = self.next_request().await else { panic!("subscriptions follow") };
            features.push(feature);
        }
        features.sort();
        assert_eq!(features, [Feature::Inputs, Feature::Methods, Feature::DesiredUpdates, Feature::TwinAnswers]);
        self
    }

    pub(crate) fn tell(&mut self, event: edgehub::Event) {
        self.session.handle_event(Now::default(), event);
    }
}

/// Starts a client of the module `d/m`; the other ends of its connections come by the receiver.
pub(crate) fn start(good_for: Duration) -> (ModuleClient, Events, mpsc::UnboundedReceiver<DuplexStream>) {
    let (ends, line) = mpsc::unbounded_channel();
    let device = DeviceId::parse("d").expect("an id");
    let identity = Identity::of_module(device, ModuleId::parse("m").expect("an id"));
    let (client, events) = ModuleClient::start_with(Line { ends, good_for }, &identity, LONG);
    (client, events, line)
}

/// Takes the next connection and lets the client in.
pub(crate) async fn answer(line: &mut mpsc::UnboundedReceiver<DuplexStream>) -> Hub<DuplexStream> {
    Hub::new(line.recv().await.expect("the client dials")).admit().await
}

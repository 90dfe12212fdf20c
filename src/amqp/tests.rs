//! Clients against one connection, on a virtual clock: the frames of the SDKs, and what the hub's words become.

mod bytes_of_sdks;
mod cbs;
mod deliveries;
mod endings;
mod limits;
mod links;
mod methods;
mod nested;
mod telemetry;
mod twins;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use fe2o3_amqp_types::definitions::{Handle, ReceiverSettleMode, Role, SenderSettleMode};
use fe2o3_amqp_types::messaging::{Source, Target as LinkTarget, TargetArchetype};
use fe2o3_amqp_types::performatives::{Attach, Begin, ChannelMax, Flow, MaxFrameSize, Open, Performative, Transfer};
use serde_amqp::primitives::Symbol;
use serde_amqp::{Value, from_slice};

use super::frame::{self, Body, Preamble};
use super::message::{Builder, MessageId, Sections, decode};
use super::*;
use crate::clock::Now;
use crate::edgehub::{Credential, Event, Feature, Guarantee, Refusal, Request};
use crate::identity::Identity;

const MODULE: &str = "/devices/d/modules/m";
const ME: Speaker = Speaker(1);

/// A token for `d/m`; whether it is good is the hub's to say.
const TOKEN: &str = "SharedAccessSignature sr=hub.example%2Fdevices%2Fd%2Fmodules%2Fm&sig=AA%3D%3D&se=1700003600";

/// A client with a clock. Its methods say something and keep what comes back.
struct Client {
    head: Head,
    seconds: u64,
    wire: BytesMut,
    preambles: usize,
    frames: VecDeque<(u16, Option<Performative>, Bytes)>,
    outputs: VecDeque<Output>,
}

impl Client {
    fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    fn with_limits(limits: Limits) -> Self {
        Self {
            head: Head::new(Now::default(), limits, None),
            seconds: 0,
            wire: BytesMut::new(),
            preambles: 0,
            frames: VecDeque::new(),
            outputs: VecDeque::new(),
        }
    }

    /// A client that has opened its connection and session 0, as C# and Node do: without SASL.
    fn open() -> Self {
        let mut client = Self::new();
        client.say_bytes(Preamble::Amqp.bytes());
        client.say(0, Performative::Open(open()));
        client.say(0, Performative::Begin(begin()));
        client.frames.clear();
        client
    }

    /// A client whose module `m` is in.
    fn entered() -> Self {
        let mut client = Self::open();
        client.attach_cbs();
        client.put_token(1, TOKEN, None);
        client.connected(ME);
        client.frames.clear();
        client.outputs.clear();
        client
    }

    fn now(&self) -> Now {
        let passed = Duration::from_secs(self.seconds);
        Now { monotonic: passed, unix: Duration::from_secs(1_700_000_000) + passed }
    }

    fn say_bytes(&mut self, bytes: &[u8]) {
        self.head.handle_bytes(self.now(), BytesMut::from(bytes));
        self.drain();
    }

    fn say(&mut self, channel: u16, performative: Performative) {
        self.say_with(channel, performative, &[]);
    }

    fn say_with(&mut self, channel: u16, performative: Performative, payload: &[u8]) {
        let mut bytes = BytesMut::new();
        frame::encode(channel, &performative, payload, &mut bytes);
        self.say_bytes(&bytes);
    }

    fn wait(&mut self, seconds: u64) {
        self.seconds += seconds;
        self.head.handle_timeout(self.now());
        self.drain();
    }

    fn hear(&mut self, speaker: Speaker, event: Event) {
        self.head.handle_event(self.now(), speaker, event);
        self.drain();
    }

    fn connected(&mut self, speaker: Speaker) {
        self.head.connected(self.now(), speaker);
        self.drain();
    }

    fn refused(&mut self, speaker: Speaker, reason: &str) {
        self.head.refused(self.now(), speaker, &Refusal::NotAuthorized(reason.to_owned()));
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.head.poll() {
            match output {
                Output::Send(bytes) => self.wire.extend_from_slice(&bytes),
                other => self.outputs.push_back(other),
            }
        }
        while self.wire.starts_with(b"AMQP") {
            self.preambles += 1;
            self.wire.advance(Preamble::LENGTH);
        }
        // Frames of SASL are read by the tests that are about them.
        while self.wire.get(5) == Some(&0) {
            let Some(frame) = frame::decode(&mut self.wire, usize::MAX).expect("we speak AMQP") else { break };
            self.frames.push_back(match frame.body {
                Body::Empty => (frame.channel, None, Bytes::new()),
                Body::Performative(performative, payload) => (frame.channel, Some(*performative), payload),
            });
        }
    }

    /// Takes the next performative that came back.
    #[track_caller]
    fn next(&mut self) -> Performative {
        self.frames.pop_front().and_then(|(_, performative, _)| performative).expect("a performative")
    }

    /// Takes the next message that came back: its transfer and its sections.
    #[track_caller]
    fn message(&mut self) -> (Transfer, Sections) {
        while let Some((_, performative, payload)) = self.frames.pop_front() {
            if let Some(Performative::Transfer(transfer)) = performative {
                return (transfer, decode(&payload).expect("a message"));
            }
        }
        panic!("no message came");
    }

    /// Takes all that the hub was asked since the last look, by whomever.
    fn requests(&mut self) -> Vec<Request> {
        let taken = std::mem::take(&mut self.outputs).into_iter();
        taken
            .filter_map(|output| if let Output::Request { request, .. } = output { Some(request) } else { None })
            .collect()
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs).into()
    }

    fn attach(&mut self, handle: u32, attach: Attach) {
        self.say(0, Performative::Attach(Attach { handle: Handle(handle), ..attach }));
    }

    /// Attaches both links of `$cbs`: handles 100 and 101.
    fn attach_cbs(&mut self) {
        self.attach(100, sender("$cbs"));
        self.attach(101, receiver("$cbs"));
        self.credit(101, 10);
    }

    fn credit(&mut self, handle: u32, credit: u32) {
        self.say(0, Performative::Flow(flow(handle, credit)));
    }

    /// Sends a message on a link of session 0.
    fn send(&mut self, handle: u32, delivery: u32, message: &[u8]) {
        self.say_with(0, Performative::Transfer(transfer(handle, delivery)), message);
    }

    fn put_token(&mut self, delivery: u32, token: &str, id: Option<MessageId>) {
        self.send(100, delivery, &put_token(token, id));
    }
}

fn open() -> Open {
    Open {
        container_id: "client".into(),
        hostname: Some("gateway".into()),
        max_frame_size: MaxFrameSize(65_536),
        channel_max: ChannelMax(10),
        idle_time_out: None,
        outgoing_locales: None,
        incoming_locales: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

fn begin() -> Begin {
    Begin {
        remote_channel: None,
        next_outgoing_id: 0,
        incoming_window: 2048,
        outgoing_window: 2048,
        handle_max: Handle(255),
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

fn attach(role: Role, source: &str, target: &str) -> Attach {
    let target = LinkTarget::builder().address(target).build();
    Attach {
        name: format!("{source}{}", target.address.as_deref().unwrap_or_default()),
        handle: Handle(0),
        initial_delivery_count: (role == Role::Sender).then_some(0),
        role,
        snd_settle_mode: SenderSettleMode::Mixed,
        rcv_settle_mode: ReceiverSettleMode::First,
        source: Some(Box::new(Source::builder().address(source).build())),
        target: Some(Box::new(TargetArchetype::Target(target))),
        unsettled: None,
        incomplete_unsettled: false,
        max_message_size: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

/// A link by which the client sends.
fn sender(address: &str) -> Attach {
    attach(Role::Sender, "client", address)
}

/// A link by which the client receives.
fn receiver(address: &str) -> Attach {
    attach(Role::Receiver, address, "client")
}

fn flow(handle: u32, credit: u32) -> Flow {
    Flow {
        next_incoming_id: Some(0),
        incoming_window: 2048,
        next_outgoing_id: 0,
        outgoing_window: 2048,
        handle: Some(Handle(handle)),
        delivery_count: Some(0),
        link_credit: Some(credit),
        available: None,
        drain: false,
        echo: false,
        properties: None,
    }
}

fn transfer(handle: u32, delivery: u32) -> Transfer {
    Transfer {
        handle: Handle(handle),
        delivery_id: Some(delivery),
        delivery_tag: Some(delivery.to_be_bytes().to_vec().into()),
        message_format: Some(0),
        settled: Some(false),
        more: false,
        rcv_settle_mode: None,
        state: None,
        resume: false,
        aborted: false,
        batchable: false,
    }
}

fn put_token(token: &str, id: Option<MessageId>) -> Bytes {
    let mut builder = Builder::default();
    builder.properties.message_id = id;
    let fields = [("operation", "put-token"), ("type", "servicebus.windows.net:sastoken"), ("name", "whatever")];
    for (name, value) in fields {
        builder.application.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    builder.with_value(&Value::String(token.to_owned()))
}

fn identity(text: &str) -> Identity {
    Identity::parse(text).expect("an identity")
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn handles(frames: &VecDeque<(u16, Option<Performative>, Bytes)>) -> Vec<u32> {
    let attached = frames.iter().filter_map(|(_, performative, _)| match performative {
        Some(Performative::Attach(attach)) => Some(attach.handle.0),
        _ => None,
    });
    attached.collect()
}

fn value<'de, T: serde::Deserialize<'de>>(bytes: &'de [u8]) -> T {
    from_slice(bytes).expect("a value")
}

fn symbol(text: &str) -> Symbol {
    Symbol::from(text)
}

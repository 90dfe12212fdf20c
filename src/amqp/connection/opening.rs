//! How a connection begins: preamble, SASL if the client wants it, and the two opens.

use std::time::Duration;

use fe2o3_amqp_types::performatives::{ChannelMax, MaxFrameSize, Open, Performative};
use fe2o3_amqp_types::sasl::SaslCode;

use super::{Closed, Connection, Stage, Turn};
use crate::amqp::condition::{Condition, Fault};
use crate::amqp::frame::{self, Preamble};
use crate::amqp::sasl::{self, Choice};

impl Connection {
    /// A client may leave SASL out (protocol.md §0.14). One that speaks something else is told what is spoken here.
    pub(super) fn read_preamble(&mut self, after_sasl: bool) -> Result<bool, Fault> {
        let preamble = match Preamble::decode(&mut self.input) {
            Ok(Some(preamble)) => preamble,
            Ok(None) => return Ok(false),
            Err(error) => {
                self.out.bytes.extend_from_slice(Preamble::Sasl.bytes());
                self.end(Closed::Violation(error.to_string()));
                return Ok(false);
            }
        };
        self.out.bytes.extend_from_slice(preamble.bytes());
        match preamble {
            Preamble::Amqp => self.stage = Stage::AwaitingOpen,
            Preamble::Sasl if after_sasl => {
                self.end(Closed::Violation("SASL was begun a second time".to_owned()));
            }
            Preamble::Sasl => {
                frame::encode_mechanisms(&sasl::mechanisms(), &mut self.out.bytes);
                self.stage = Stage::Sasl;
            }
        }
        Ok(true)
    }

    /// Reads which mechanism the client takes.
    pub(super) fn read_choice(&mut self) -> Result<bool, Fault> {
        let Some(init) = frame::decode_sasl(&mut self.input, self.limits.frame_bytes)? else { return Ok(false) };
        match sasl::choose(&init) {
            Choice::Later => self.decide(Ok(())),
            Choice::Hopeless(reason) => {
                self.turns.push_back(Turn::Hopeless(reason.clone()));
                self.decide(Err(reason));
            }
            Choice::Now(login) => {
                self.stage = Stage::Deciding;
                self.turns.push_back(Turn::Login(login));
            }
        }
        Ok(true)
    }

    /// Ends SASL: the client may go on, or not and why.
    pub(in crate::amqp) fn decide(&mut self, result: Result<(), String>) {
        if !matches!(self.stage, Stage::Sasl | Stage::Deciding) {
            return;
        }
        let code = if result.is_ok() { SaslCode::Ok } else { SaslCode::Auth };
        frame::encode_outcome(&sasl::outcome(code), &mut self.out.bytes);
        match result {
            Ok(()) => {
                let was_deciding = self.stage == Stage::Deciding;
                self.stage = Stage::Preamble { after_sasl: true };
                if was_deciding {
                    self.read_on();
                }
            }
            Err(reason) => self.end(Closed::Refused(reason)),
        }
    }

    pub(super) fn handle_open(&mut self, open: &Open) -> Result<(), Fault> {
        let answer = Open {
            container_id: "edgectl".to_owned(),
            hostname: None,
            max_frame_size: MaxFrameSize(u32::try_from(self.limits.frame_bytes).unwrap_or(u32::MAX)),
            channel_max: ChannelMax(self.limits.channel_max),
            // Half of what is waited for, so that a late sign of life does no harm (AMQP 1.0 part 2 §2.4.5).
            idle_time_out: u32::try_from(self.limits.silence.as_millis() / 2).ok(),
            outgoing_locales: None,
            incoming_locales: None,
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        };
        self.out.put(0, Performative::Open(answer));
        self.stage = Stage::Open;
        let smallest = 512;
        self.out.frame_bytes =
            usize::try_from(open.max_frame_size.0).unwrap_or(smallest).clamp(smallest, self.limits.frame_bytes);
        if let Some(idle) = open.idle_time_out.map(|millis| Duration::from_millis(millis.into())) {
            if idle > Duration::ZERO && idle < self.limits.shortest_idle {
                let shortest = self.limits.shortest_idle.as_secs();
                return Err(Condition::NotAllowed.because(format!("an idle time-out below {shortest} s is not kept")));
            }
            if idle > Duration::ZERO {
                self.beat = idle / 2;
            }
        }
        Ok(())
    }
}

/// What a client that never opened would have said.
pub(super) fn blank_open() -> Open {
    Open {
        container_id: String::new(),
        hostname: None,
        max_frame_size: MaxFrameSize::default(),
        channel_max: ChannelMax::default(),
        idle_time_out: None,
        outgoing_locales: None,
        incoming_locales: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

//! HTTPS: direct methods from module to module, identities for edge devices below, and the upgrade to WebSockets for
//! MQTT and AMQP.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use super::{Heads, Proof};
use crate::edgehub::{
    HttpAnswer, HttpCall, InvokeError, NestedCall, answer_invocation, parse_invocation, parse_nested,
};
use crate::net::{self, HttpLimits};
use crate::simulator::event::EdgeEvent;

/// Sub-protocols of WebSockets (protocol.md §4.1, §5.1).
const MQTT: &str = "mqtt";
const AMQP: &str = "AMQPWSB10";

impl Heads {
    /// Serves HTTPS until the connection ends, and what comes after an upgrade.
    pub(in crate::simulator) async fn serve_https(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        proof: Proof,
    ) {
        let answer = |request: net::Request| self.clone().answer_http(request, &proof);
        let served = net::serve_web(stream, HttpLimits::default(), &[MQTT, AMQP], answer);
        match proof.seat.hold(served).await.flatten() {
            Some((MQTT, socket)) => self.serve_mqtt(socket, proof).await,
            Some((_, socket)) => self.serve_amqp(socket, proof).await,
            None => {}
        }
    }

    async fn answer_http(self, request: net::Request, proof: &Proof) -> net::Response {
        let call = HttpCall {
            method: &request.method,
            target: &request.target,
            headers: &request.headers,
            body: &request.body,
        };
        let answer = match parse_nested(&call) {
            Some(parsed) => self.answer_nested(parsed, proof).await,
            None => self.answer_invocation(&call, proof).await,
        };
        net::Response { status: answer.status, content_type: "application/json", body: answer.body.into() }
    }

    async fn answer_invocation(&self, call: &HttpCall<'_>, proof: &Proof) -> HttpAnswer {
        match parse_invocation(&self.device, call) {
            Err(answer) => {
                if answer.status == 401 {
                    self.tell_refused(format!("call refused: {}", String::from_utf8_lossy(&answer.body))).await;
                }
                answer
            }
            Ok(invocation) => {
                // If its credential is no good the connection ends with the answer.
                proof.seat.leave();
                let target = invocation.target.clone();
                let (reply, result) = oneshot::channel();
                // A dispatcher that has ended drops the reply, which is an answer too.
                self.events.send(EdgeEvent::Invoke { invocation, reply }).await;
                answer_invocation(&target, result.await.unwrap_or(Err(InvokeError::NoAnswer)))
            }
        }
    }

    async fn answer_nested(&self, parsed: Result<NestedCall, HttpAnswer>, proof: &Proof) -> HttpAnswer {
        let mut call = match parsed {
            Ok(call) => call,
            Err(answer) => return answer,
        };
        proof.seat.leave();
        call.credential = call.credential.or_certificate(proof.certificate.clone());
        let (reply, answer) = oneshot::channel();
        self.events.send(EdgeEvent::Nested { call, reply }).await;
        answer.await.unwrap_or_else(|_| HttpAnswer::refused(500, "the simulation ends"))
    }
}

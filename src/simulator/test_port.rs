//! The port of the old test utility: `POST /api/v1/messages` puts a message into an input of the module under test.
//!
//! Takes what `iotedgehubdev` took for a module that runs in an IDE (ecosystem.md §1.2), answers 202 once the message is
//! stored, and listens on loopback only: whoever can reach it needs no proof of who he is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::asked::Injector;
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use super::event::{EdgeEvent, EdgeEvents};
use super::options::Options;
use crate::clock::Now;
use crate::edgehub::{self, Injection, MAX_MESSAGE};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::ModuleId;
use crate::message::{Message, system};
use crate::net::{HttpLimits, Request, Response, serve_http};
use crate::ui::Ui;

const PATH: &str = "/api/v1/messages";

/// A message that came in, and who waits until it is stored.
#[derive(Debug)]
pub(super) struct TestMessage {
    pub(super) injection: Injection,
    pub(super) message: Message,
    pub(super) stored: oneshot::Sender<()>,
}

/// What the utility took.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    input_name: Option<String>,
    data: Option<Value>,
    message_id: Option<String>,
    correlation_id: Option<String>,
    user_id: Option<String>,
    properties: Option<Map<String, Value>>,
}

/// Opens the port that the options want, if they want one, and serves it for ever.
pub(super) async fn open(
    tasks: &mut JoinSet<()>,
    (ui, options): (&Ui, &Options),
    address: &str,
    events: &EdgeEvents,
) -> Outcome {
    let Some(port) = options.input_port else { return Ok(()) };
    let [name] = options.external.as_slice() else {
        return Err(Failure::usage("`--input-port` is for one module that is started from outside")
            .hint("name that module with `--external MODULE`"));
    };
    let module = ModuleId::parse(name).or_fail(Kind::Usage, || format!("`{name}` is no name of a module"))?;
    let listener = listen(address, port).await?;
    let at = listener.local_addr().or_fail(Kind::Machine, || "cannot tell the address of the test port")?;
    ui.step("Listening", format!("for test messages to {module} at http://{at}{PATH}"));
    serve(tasks, listener, module, events.clone());
    Ok(())
}

impl Dispatcher {
    pub(super) fn handle_test(&mut self, now: Now, edge: EdgeNumber, test: TestMessage) {
        let ticket = self.asked.open_injection(Injector::TestPort(test.stored));
        let (injection, message) = (test.injection, test.message);
        self.edges[edge].hub.handle(now, edgehub::Input::Inject { ticket, injection, message });
    }
}

/// Listens on a port of the device's address if that is loopback, else of 127.0.0.1.
async fn listen(address: &str, port: u16) -> Outcome<TcpListener> {
    let address = address.parse().ok().filter(IpAddr::is_loopback).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let at = SocketAddr::new(address, port);
    TcpListener::bind(at).await.map_err(|error| {
        Failure::machine(format!("cannot listen on `{at}` for test messages"))
            .cause(error)
            .hint("name another port with `--input-port`")
    })
}

/// Serves the port for ever; what comes is for this module.
fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, module: ModuleId, events: EdgeEvents) {
    tasks.spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors: others may close some.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let (module, events) = (module.clone(), events.clone());
            tokio::spawn(serve_http(stream, HttpLimits::default(), move |request| {
                answer(request, module.clone(), events.clone())
            }));
        }
    });
}

async fn answer(request: Request, module: ModuleId, events: EdgeEvents) -> Response {
    let (injection, message) = match parse(&request, module) {
        Ok(parsed) => parsed,
        Err((status, why)) => return respond(status, json!({ "message": why })),
    };
    let (stored, is_stored) = oneshot::channel();
    // A dispatcher that has ended drops the message, which is an answer too.
    events.send(EdgeEvent::Test(TestMessage { injection, message, stored })).await;
    match is_stored.await {
        Ok(()) => Response { status: 202, content_type: "application/json", body: Bytes::new() },
        Err(_) => respond(503, json!({ "message": "the simulation ends" })),
    }
}

fn respond(status: u16, body: Value) -> Response {
    Response { status, content_type: "application/json", body: body.to_string().into() }
}

fn parse(request: &Request, module: ModuleId) -> Result<(Injection, Message), (u16, String)> {
    let path = request.target.split('?').next().unwrap_or_default();
    if path != PATH {
        return Err((404, format!("only {PATH} is here")));
    }
    if request.method != "POST" {
        return Err((405, "only POST is understood".to_owned()));
    }
    let body: Body = serde_json::from_slice(&request.body).map_err(|error| (400, error.to_string()))?;
    let input = body.input_name.filter(|name| !name.is_empty()).ok_or((400, "inputName is missing".to_owned()))?;
    let data = body.data.ok_or((400, "data is missing".to_owned()))?;
    // As the utility wrote it: a text becomes a JSON string.
    let mut message = Message { body: Bytes::from(data.to_string()), ..Message::default() };
    let known = [
        (system::MESSAGE_ID, body.message_id),
        (system::CORRELATION_ID, body.correlation_id),
        (system::USER_ID, body.user_id),
        (system::CONTENT_TYPE, Some("application/json".to_owned())),
        (system::CONTENT_ENCODING, Some("utf-8".to_owned())),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?))).for_each(|(name, value)| {
        message.set_system(name, value);
    });
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let properties = body.properties.unwrap_or_default().into_iter();
    message.properties = properties.map(|(name, value)| (name, Some(text(value)))).collect();
    if message.size() > MAX_MESSAGE {
        return Err((413, format!("the message is {} bytes long, and {MAX_MESSAGE} are allowed", message.size())));
    }
    Ok((Injection::ToInput { module, input: input.into() }, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(target: &str, body: &str) -> Request {
        let (method, target) = ("POST".to_owned(), target.to_owned());
        Request { method, target, headers: Vec::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    fn module() -> ModuleId {
        ModuleId::parse("filter").expect("valid")
    }

    #[test]
    fn a_message_is_taken_as_the_utility_took_it() {
        let body = r#"{"inputName":"input1","data":"hot","messageId":"7","properties":{"level":"high","n":1}}"#;
        let (injection, message) = parse(&post(PATH, body), module()).expect("taken");
        assert_eq!(injection, Injection::ToInput { module: module(), input: "input1".into() });
        assert_eq!(&message.body[..], b"\"hot\"");
        assert_eq!(message.system(system::MESSAGE_ID), Some("7"));
        assert_eq!(message.system(system::CONTENT_TYPE), Some("application/json"));
        let properties = [("level", "high"), ("n", "1")].map(|(name, value)| (name.into(), Some(value.into())));
        assert_eq!(message.properties, properties);
        let object = r#"{"inputName":"i","data":{"t":1}}"#;
        assert_eq!(&parse(&post(PATH, object), module()).expect("taken").1.body[..], b"{\"t\":1}");
    }

    #[test]
    fn everything_else_is_refused() {
        let refused = |request: Request| parse(&request, module()).expect_err("refused");
        let (status, why) = refused(post(PATH, "{"));
        assert_eq!((status, why.is_empty()), (400, false));
        assert_eq!(refused(post(PATH, r#"{"data":1}"#)), (400, "inputName is missing".into()));
        assert_eq!(refused(post(PATH, r#"{"inputName":"i"}"#)), (400, "data is missing".into()));
        assert_eq!(refused(post("/", "{}")), (404, "only /api/v1/messages is here".into()));
        let get = Request { method: "GET".into(), ..post(PATH, "") };
        assert_eq!(refused(get), (405, "only POST is understood".into()));
    }
}

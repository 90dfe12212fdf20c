//! The metrics port: what hub, agent and this machine count, as Prometheus text over plain HTTP (protocol.md §6.3).
//!
//! On a real device hub and agent are containers with a port 9600 each. Here one port serves both, and a request that
//! names `edgeHub` or `edgeAgent` as its host, as a metrics collector does, gets the one that it names.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::clocks::Clock;
use super::edges::EdgeDevice;
use super::event::{EdgeEvent, EdgeEvents};
use super::host;
use super::options::Metrics;
use super::resources::{Kind, Resources, Row};
use crate::clock::Now;
use crate::identity::{DeviceId, ModuleId};
use crate::metrics::{Family, render};
use crate::net::{self, Binding, HttpLimits, Lobby};
use crate::runtime::{Meter, Usage, read_usage};
use crate::ui::Ui;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The names that containers reach hub and agent by, in both spellings: some clients write every host in lower case,
/// and not every system compares without regard to case.
pub(super) const HOST_NAMES: [&str; 4] = ["edgeHub", "edgehub", "edgeAgent", "edgeagent"];

/// What the real agent calls the machine among the modules.
const HOST: &str = "host";
/// What this process counts as: hub and agent are both in it.
const OWN: &str = "edgeHub";

/// Whose metrics are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Hub,
    Agent,
    Both,
}

impl Page {
    /// Tells by the `Host` of a request.
    fn of_host(host: Option<&str>) -> Self {
        let name = host.and_then(|host| host.split(':').next()).unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "edgehub" => Self::Hub,
            "edgeagent" => Self::Agent,
            _ => Self::Both,
        }
    }
}

/// Where the metrics are served.
pub(super) struct MetricsPort {
    port: u16,
    listeners: Vec<TcpListener>,
}

impl MetricsPort {
    /// Listens on each address; where that cannot be, the metrics alone are missing.
    pub(super) async fn open(ui: &Ui, wanted: Metrics, addresses: impl IntoIterator<Item = IpAddr>) -> Option<Self> {
        let Metrics::Port(port) = wanted else { return None };
        let mut listeners = Vec::new();
        for address in addresses {
            let reason = match net::bind_expected(SocketAddr::new(address, port)) {
                Ok(Binding::Open(listener)) => {
                    listeners.push(listener);
                    continue;
                }
                Ok(Binding::Denied(_)) => format!("port {port} of {address} needs a privilege"),
                Err(error) => error.to_string(),
            };
            ui.warn(format!("metrics are not served at {address}: {reason}"));
            ui.hint("choose another port with `--metrics-port PORT`, or none with `--metrics-port off`");
        }
        (!listeners.is_empty()).then_some(Self { port, listeners })
    }

    /// Returns the port's number.
    pub(super) fn number(&self) -> u16 {
        self.port
    }

    /// Serves for ever; a client needs no credential here, so each keeps its seat in the lobby.
    pub(super) fn serve(self, tasks: &mut JoinSet<()>, lobby: &Lobby, source: &Arc<Source>) {
        for listener in self.listeners {
            tasks.spawn(accept(listener, lobby.clone(), Arc::clone(source)));
        }
    }
}

async fn accept(listener: TcpListener, lobby: Lobby, source: Arc<Source>) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // No file descriptor left, most likely: some connection has to end.
            lobby.push_one_out();
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (seat, source) = (lobby.enter(peer.ip()), Arc::clone(&source));
        tokio::spawn(async move {
            seat.hold(net::serve_http(stream, HttpLimits::default(), |request| source.answer(request))).await
        });
    }
}

/// What the dispatcher knows for an answer.
#[derive(Debug)]
pub(super) struct Counted {
    families: Vec<Family>,
    meters: Vec<(ModuleId, Meter)>,
}

/// What answers are made of.
pub(super) struct Source {
    pub(super) clock: Clock,
    /// `IOTEDGE_IOTHUBHOSTNAME`.
    pub(super) hub_host: String,
    pub(super) device: DeviceId,
    /// Another one for each run, in which all counters begin at 0.
    pub(super) instance: String,
    /// A folder on the disk that is told of.
    pub(super) folder: PathBuf,
    pub(super) events: EdgeEvents,
    pub(super) resources: Mutex<Resources>,
}

impl Source {
    async fn answer(&self, request: net::Request) -> net::Response {
        let refuse = |status, why: &'static str| net::Response {
            status,
            content_type: "text/plain; charset=utf-8",
            body: Bytes::from_static(why.as_bytes()),
        };
        let path = request.target.split('?').next().unwrap_or_default();
        if path.trim_end_matches('/') != "/metrics" {
            return refuse(404, "the metrics are at /metrics\n");
        }
        if request.method != "GET" {
            return refuse(405, "metrics are only read\n");
        }
        let page = Page::of_host(request.header("host"));
        let (reply, counted) = oneshot::channel();
        // A dispatcher that has ended drops the reply, which is an answer too.
        self.events.send(EdgeEvent::Metrics { page, reply }).await;
        let Ok(Counted { mut families, meters }) = counted.await else {
            return refuse(503, "the simulation has ended\n");
        };
        if page != Page::Hub {
            families.extend(host::metrics(self.clock.now(), &self.folder));
            families.extend(self.look(meters).await);
        }
        let device = self.device.to_string();
        let common = [("iothub", &*self.hub_host), ("edge_device", &*device), ("instance_number", &*self.instance)];
        net::Response { status: 200, content_type: TEXT, body: render(&common, &families).into() }
    }
}

impl Source {
    /// Looks at what the machine, this process and the modules use.
    async fn look(&self, modules: Vec<(ModuleId, Meter)>) -> Vec<Family> {
        let (names, mut meters): (Vec<ModuleId>, Vec<Meter>) = modules.into_iter().unzip();
        meters.push(Meter::Own);
        let mut usages = read_usage(meters).await;
        let machine = host::usage();
        // Who has no limit may have all that the machine has.
        let of = |usage: Usage| Usage { memory_limit: usage.memory_limit.or(machine.memory_limit), ..usage };
        let own = usages.pop().flatten();
        let system = [(HOST, Some(machine)), (OWN, own)].map(|(name, usage)| (name.to_owned(), Kind::System, usage));
        let modules = names.iter().zip(usages).map(|(name, usage)| (name.to_string(), Kind::Module, usage));
        let all = system.into_iter().chain(modules);
        let rows: Vec<Row> =
            all.filter_map(|(name, kind, usage)| Some(Row { name, kind, usage: of(usage?) })).collect();
        let mut resources = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        resources.look(self.clock.now().monotonic, &rows)
    }
}

impl EdgeDevice {
    /// Returns what the cores have counted, and by what the usage of modules is read.
    pub(super) fn metrics(&self, now: Now, page: Page) -> Counted {
        let families = match page {
            Page::Hub => self.hub.metrics(now),
            Page::Agent => self.agent.metrics(now),
            Page::Both => self.hub.metrics(now).into_iter().chain(self.agent.metrics(now)).collect(),
        };
        Counted { families, meters: self.children.meters() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_gets_whom_it_names_and_everybody_else_gets_both() {
        let hosts = ["edgeHub:9600", "EDGEHUB", "edgeAgent:9600", "127.0.0.1:9600", "edgeHub.local"];
        let pages = [Page::Hub, Page::Hub, Page::Agent, Page::Both, Page::Both];
        assert_eq!(hosts.map(|host| Page::of_host(Some(host))), pages);
        assert_eq!(Page::of_host(None), Page::Both);
    }
}

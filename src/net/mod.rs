//! TLS, TCP, unix sockets, HTTP and WebSockets, and blobs that are put. Owns `rustls`, `tungstenite` and `hyper`.
//!
//! Carries bytes to whoever asked for them. Knows no protocol of the hub and decides about no identity; what a
//! connection may do is the business of the cores.

mod accept;
mod blob;
mod client_certificate;
mod client_tls;
mod descriptors;
mod fetch;
mod holder;
mod http;
mod listen;
mod lobby;
mod proxy;
mod stall;
mod tls;
mod unix;
mod websocket;
mod workload;

#[cfg(test)]
mod tests;

pub use accept::{AcceptRules, Arrival, accept_tls};
pub use blob::{BlobError, put_blob};
pub use client_tls::{Trust, client_tls, connect_mutual};
pub use descriptors::{Descriptors, raise_descriptors};
pub use fetch::{Answer, Call, FetchError, HttpClient};
pub use holder::{Holder, holder_of};
pub use http::{HttpLimits, Request, Response, serve_http, serve_web};
pub use listen::{BindError, Binding, bind, bind_all, bind_all_expected, bind_auto, bind_expected};
pub use lobby::{Lobby, Seat};
pub use proxy::{Proxies, Proxy, ProxyError};
pub use tls::{HandshakeError, ServerTls, TlsError, TlsStream};
pub use unix::{SocketError, UnixSocket};
pub use websocket::WebSocket;
pub use workload::{WorkloadDoor, serve_workload};

//! Listening on the fixed ports of the protocols, with failures that say what to do.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use super::holder::{Holder, holder_of};
use crate::failure::Failure;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// What came of the wish to listen on an address.
#[derive(Debug)]
pub enum Binding {
    /// Connections arrive here.
    Open(TcpListener),
    /// The port needs a privilege that edgectl does not have (443, usually). Not a failure: the rest works without.
    Denied(SocketAddr),
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Someone listens there already.
    #[error("port {} of {} is in use{}", address.port(), address.ip(), by(holder.as_ref()))]
    InUse {
        /// Where.
        address: SocketAddr,
        /// Who, if the system tells.
        holder: Option<Holder>,
    },
    /// The address is none of this machine.
    #[error("{} is no address of this machine", .0.ip())]
    NotHere(SocketAddr),
    /// Any other reason.
    #[error("cannot listen on {address}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

fn by(holder: Option<&Holder>) -> String {
    holder.map(|holder| format!(" by {holder}")).unwrap_or_default()
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        match error {
            BindError::InUse { address, holder } => {
                let failure = Failure::machine(format!("cannot listen on `{address}`"));
                let failure = match &holder {
                    Some(holder) => failure.cause(format!("{holder} listens there")),
                    None => failure.cause("another process listens there"),
                };
                let end = match holder {
                    Some(holder) => format!("end that process (`kill {}`)", holder.pid),
                    None => format!("end that process (`sudo ss -ltnp 'sport = :{}'` names it)", address.port()),
                };
                failure.hint(format!("{end}, or pass `--address auto` to take a free loopback address"))
            }
            BindError::NotHere(address) => Failure::machine(format!("cannot listen on `{address}`"))
                .cause(format!("{} is no address of this machine", address.ip()))
                .hint("pass one of its addresses with `--address`, or `--address auto` for a free loopback address"),
            BindError::Other { address, source } => Failure::machine(format!("cannot listen on `{address}`"))
                .cause(source)
                .hint("pass another address with `--address`"),
        }
    }
}

/// Listens on one address.
pub async fn bind(address: SocketAddr) -> Result<Binding, BindError> {
    binding_of(TcpListener::bind(address).await, address).map_err(|source| explain(address, source))
}

/// Listens on an address that this machine may get only later: some engines raise a network with its first container.
pub fn bind_expected(address: SocketAddr) -> Result<Binding, BindError> {
    binding_of(listen_expected(address), address).map_err(|source| explain(address, source))
}

/// Listens on several ports of one address: on all of them or on none. The order is that of `ports`.
pub async fn bind_all(address: IpAddr, ports: &[u16]) -> Result<Vec<Binding>, BindError> {
    let mut bindings = Vec::with_capacity(ports.len());
    for port in ports {
        bindings.push(bind(SocketAddr::new(address, *port)).await?);
    }
    Ok(bindings)
}

/// Like [`bind_all`], on an address that this machine may get only later.
pub fn bind_all_expected(address: IpAddr, ports: &[u16]) -> Result<Vec<Binding>, BindError> {
    ports.iter().map(|port| bind_expected(SocketAddr::new(address, *port))).collect()
}

/// Listens on the first loopback address, from 127.0.0.1 on, that has all ports free.
///
/// If there is none, the error is that of 127.0.0.1.
pub async fn bind_auto(ports: &[u16]) -> Result<(IpAddr, Vec<Binding>), BindError> {
    for last in 1..u8::MAX {
        let address = IpAddr::from([127, 0, 0, last]);
        if let Ok(bindings) = try_bind_all(address, ports).await {
            return Ok((address, bindings));
        }
    }
    let first = IpAddr::from(Ipv4Addr::LOCALHOST);
    bind_all(first, ports).await.map(|bindings| (first, bindings))
}

/// Like [`bind_all`], but does not look for the reason of a failure.
async fn try_bind_all(address: IpAddr, ports: &[u16]) -> io::Result<Vec<Binding>> {
    let mut bindings = Vec::with_capacity(ports.len());
    for port in ports {
        bindings.push(try_bind(SocketAddr::new(address, *port)).await?);
    }
    Ok(bindings)
}

async fn try_bind(address: SocketAddr) -> io::Result<Binding> {
    binding_of(TcpListener::bind(address).await, address)
}

fn binding_of(listener: io::Result<TcpListener>, address: SocketAddr) -> io::Result<Binding> {
    match listener {
        Ok(listener) => Ok(Binding::Open(listener)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Binding::Denied(address)),
        Err(error) => Err(error),
    }
}

fn listen_expected(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As `TcpListener::bind` has it: a port of a run before is free at once.
    socket.set_reuseaddr(true)?;
    #[cfg(target_os = "linux")]
    if address.is_ipv4() {
        rustix::net::sockopt::set_ip_freebind(&socket, true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn explain(address: SocketAddr, source: io::Error) -> BindError {
    match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address, holder: holder_of(address) },
        io::ErrorKind::AddrNotAvailable => BindError::NotHere(address),
        _ => BindError::Other { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port_of(binding: &Binding) -> u16 {
        match binding {
            Binding::Open(listener) => listener.local_addr().expect("bound").port(),
            Binding::Denied(address) => panic!("{address} is denied"),
        }
    }

    #[tokio::test]
    async fn a_taken_port_names_who_has_it() {
        let taken = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("free");
        let port = port_of(&taken);
        let error = bind_all(IpAddr::from([127, 0, 0, 1]), &[0, port]).await.expect_err("taken");
        let failure = Failure::from(error);
        assert_eq!(failure.kind().exit_code(), 3);
        assert_eq!(failure.message(), format!("cannot listen on `127.0.0.1:{port}`"));
        if cfg!(target_os = "linux") {
            let pid = std::process::id();
            assert!(failure.causes()[0].ends_with(&format!("(pid {pid}) listens there")), "{failure:?}");
            let hint =
                format!("end that process (`kill {pid}`), or pass `--address auto` to take a free loopback address");
            assert_eq!(failure.hints(), [hint]);
        }
    }

    #[tokio::test]
    async fn a_port_whose_holder_is_unknown_says_how_to_find_it() {
        let failure =
            Failure::from(BindError::InUse { address: SocketAddr::from(([127, 0, 0, 1], 8883)), holder: None });
        assert_eq!(failure.causes(), ["another process listens there"]);
        assert_eq!(
            failure.hints(),
            ["end that process (`sudo ss -ltnp 'sport = :8883'` names it), or pass `--address auto` to take a free \
              loopback address"]
        );
    }

    #[tokio::test]
    async fn a_foreign_address_is_refused() {
        let error = bind(SocketAddr::from(([192, 0, 2, 1], 0))).await.expect_err("a documentation address");
        assert_eq!(error.to_string(), "192.0.2.1 is no address of this machine");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_that_is_yet_to_come_is_listened_on() {
        let binding = bind_expected(SocketAddr::from(([192, 0, 2, 1], 0))).expect("it may come");
        assert_ne!(port_of(&binding), 0);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn auto_takes_the_next_loopback_address() {
        let taken = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("free");
        let (address, bindings) = bind_auto(&[port_of(&taken)]).await.expect("127.0.0.2 is free");
        assert_ne!(address, IpAddr::from([127, 0, 0, 1]));
        assert_eq!(port_of(&bindings[0]), port_of(&taken));
    }
}

//! Finds out which process listens on a port, where the system tells (Linux: `/proc`).

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its short name.
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (pid {})", self.name, self.pid)
    }
}

/// Returns the process that keeps others from listening on an address; `None` if the system does not tell, as it
/// does not about processes of other users.
pub fn holder_of(address: SocketAddr) -> Option<Holder> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let sockets: Vec<u64> = tables.iter().flat_map(|table| listening_sockets(table, address)).collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.into_iter().find(|pid| has_one_of(*pid, &sockets)).map(|pid| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        Holder { pid, name: name.trim_end().to_owned() }
    })
}

fn has_one_of(pid: u32, sockets: &[u64]) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    files.flatten().filter_map(|file| socket_number(&fs::read_link(file.path()).ok()?)).any(|n| sockets.contains(&n))
}

/// Reads the number in `socket:[12345]`.
fn socket_number(link: &Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Returns the numbers of the sockets in a table of `/proc/net` that listen where `address` would.
fn listening_sockets(table: &str, address: SocketAddr) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let conflicts = |ip: IpAddr| ip == address.ip() || ip.is_unspecified() || address.ip().is_unspecified();
    let socket = |line: &str| {
        let mut fields = line.split_whitespace();
        let (local, state, number) = (fields.nth(1)?, fields.nth(1)?, fields.nth(5)?);
        let (ip, port) = local.split_once(':')?;
        let here = u16::from_str_radix(port, 16).ok()? == address.port() && conflicts(parse_address(ip)?);
        (state == LISTEN && here).then(|| number.parse().ok())?
    };
    table.lines().skip(1).filter_map(socket).collect()
}

/// Reads an address as the kernel writes it: words of four bytes in the machine's order.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(IpAddr::from(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    const TABLE: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:22B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1234 1 0 100 0 0 10 0
   1: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0
   2: 0100007F:22B3 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4321 1 0 100 0 0 10 0
   garbage
   3: 0100007F
";

    #[cfg(target_endian = "little")]
    #[test]
    fn only_listeners_that_are_in_the_way_count() {
        let at = |text: &str| listening_sockets(TABLE, text.parse().expect("an address"));
        assert_eq!(at("127.0.0.1:8883"), [1234]);
        assert_eq!(at("127.0.0.2:8883"), [0_u64; 0]);
        assert_eq!(at("127.0.0.2:443"), [77]);
        assert_eq!(at("0.0.0.0:8883"), [1234]);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn addresses_are_read_as_the_kernel_writes_them() {
        assert_eq!(parse_address("0100007F"), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(parse_address("0000000000000000FFFF00000100007F"), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(parse_address("00000000000000000000000001000000"), Some(IpAddr::from(Ipv6Addr::LOCALHOST)));
        assert_eq!(parse_address("äöüß"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_of_this_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let holder = holder_of(listener.local_addr().expect("bound")).expect("it is ours");
        assert_eq!(holder.pid, std::process::id());
        assert_eq!(holder.to_string(), format!("`{}` (pid {})", holder.name, holder.pid));
    }
}

//! The load generator of `tests/bench-hub.sh`: one process, one thread, and MQTT written by hand, so that what is
//! measured is the server.
//!
//! ```text
//! hub solution FOLDER PAIRS ROUTES        writes a manifest: sensors, readers; further routes
//! hub certificate FOLDER ADDRESS          writes a CA, and a certificate and key for a broker
//! hub throughput WHERE PAIRS BYTES WINDOW SECONDS
//! hub latency WHERE RATE SECONDS          one pair, 256 bytes
//! hub flood WHERE COUNT BYTES             messages of level 0 that nobody reads, until all are stored
//! hub connections WHERE COUNT             of child devices `c0`…; then holds them until stdin ends
//! hub methods WHERE COUNT                 module to module over HTTPS
//! hub twins WHERE COUNT                   patch at the control socket to notification
//! ```
//!
//! WHERE is the folder of a running simulation of that solution, the folder of a broker's certificate with its
//! `address:port` in the file `address`, or the `address:port` of a plain broker. Prints `name value` lines.

#[path = "calls.rs"]
mod calls;
#[path = "certificate.rs"]
mod certificate;
#[path = "load.rs"]
mod load;
#[path = "solution.rs"]
mod solution;
#[path = "wire.rs"]
mod wire;

use wire::Server;

#[allow(clippy::print_stdout, reason = "it is a program of its own")]
fn tell(name: &str, value: f64) {
    println!("{name} {value:.1}");
}

/// Returns the value at a share of the sorted samples.
fn quantile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[((samples.len() - 1) as f64 * share) as usize]
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().expect("a number");
    if let ["solution", folder, pairs, routes] = words[..] {
        return solution::write(folder, number(pairs), number(routes));
    }
    if let ["certificate", folder, address] = words[..] {
        return certificate::write(folder, address);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        match words[..] {
            ["throughput", place, pairs, bytes, window, seconds] => {
                let load = load::Load { bytes: number(bytes), window: number(window), seconds: number(seconds) };
                load::measure_throughput(Server::at(place), number(pairs), load).await;
            }
            ["latency", place, rate, seconds] => {
                load::measure_latency(Server::at(place), number(rate), number(seconds)).await;
            }
            ["flood", place, count, bytes] => load::flood(Server::at(place), number(count), number(bytes)).await,
            ["connections", place, count] => calls::measure_connections(Server::at(place), number(count)).await,
            ["methods", place, count] => calls::measure_methods(Server::at(place), number(count)).await,
            ["twins", place, count] => calls::measure_twins(Server::at(place), place, number(count)).await,
            _ => panic!("see the head of tests/bench/hub.rs for what it does"),
        }
    });
}

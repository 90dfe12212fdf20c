//! Messages from sensors to readers: how many, and how fast.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, BytesMut};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;

use crate::wire::{Client, Packet, Server};
use crate::{quantile, tell};

/// Messages that a sensor may be ahead of its reader; a broker that is given more throws them away.
const AHEAD: u64 = 900;
const WARM_UP: Duration = Duration::from_secs(1);

/// What each sensor sends.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) bytes: usize,
    /// Publishes without acknowledgement at a time.
    pub(crate) window: usize,
    pub(crate) seconds: usize,
}

/// What the reader tells its sensor.
#[derive(Default)]
struct Progress {
    received: Cell<u64>,
    moved: Notify,
}

/// Prints the messages a second that readers got.
pub(crate) async fn measure_throughput(server: Server, pairs: usize, load: Load) {
    let local = LocalSet::new();
    let mut all = Vec::new();
    for pair in 0..pairs {
        let progress = Rc::new(Progress::default());
        let mut reader = server.connect(&format!("r{pair}")).await;
        reader.subscribe(&server.filter(pair)).await;
        let sensor = server.connect(&format!("s{pair}")).await;
        let topic = server.publish_topic(&format!("s{pair}"));
        local.spawn_local(read(reader, Rc::clone(&progress)));
        local.spawn_local(send(sensor, topic, load, Rc::clone(&progress)));
        all.push(progress);
    }
    let received = || all.iter().map(|progress| progress.received.get()).sum::<u64>();
    let measured = async {
        tokio::time::sleep(WARM_UP).await;
        let (before, start) = (received(), Instant::now());
        tokio::time::sleep(Duration::from_secs(load.seconds as u64)).await;
        (received() - before) as f64 / start.elapsed().as_secs_f64()
    };
    tell("messages/s", local.run_until(measured).await);
}

async fn send(mut sensor: Client, topic: String, load: Load, progress: Rc<Progress>) {
    let payload = vec![b'x'; load.bytes];
    let (mut sent, mut acknowledged) = (0_u64, 0);
    loop {
        while sent - acknowledged < load.window as u64 && sent.saturating_sub(progress.received.get()) < AHEAD {
            sensor.put_publish(&topic, Some(packet_id(sent)), &payload);
            sent += 1;
        }
        sensor.flush().await;
        if sent == acknowledged {
            progress.moved.notified().await;
            continue;
        }
        sensor.read().await;
        while let Some(packet) = sensor.take() {
            acknowledged += u64::from(matches!(packet, Packet::PubAck));
        }
    }
}

async fn read(mut reader: Client, progress: Rc<Progress>) {
    loop {
        let mut count = 0;
        while let Some(packet) = reader.take() {
            let Packet::Publish { id, .. } = packet else { continue };
            count += 1;
            id.into_iter().for_each(|id| reader.put_acknowledgement(id));
        }
        progress.received.set(progress.received.get() + count);
        progress.moved.notify_one();
        reader.flush().await;
        reader.read().await;
    }
}

/// Sends messages of level 0 as fast as the server reads them, and prints how many a second it stored.
pub(crate) async fn flood(server: Server, count: usize, bytes: usize) {
    let mut sensor = server.connect("s0").await;
    let (topic, payload) = (server.publish_topic("s0"), vec![b'x'; bytes]);
    let start = Instant::now();
    for number in 0..count {
        sensor.put_publish(&topic, None, &payload);
        if number.is_multiple_of(64) {
            sensor.flush().await;
        }
    }
    // Its acknowledgement comes when everything before it is stored, too.
    sensor.put_publish(&topic, Some(1), &payload);
    sensor.flush().await;
    while !matches!(sensor.take(), Some(Packet::PubAck)) {
        sensor.read().await;
    }
    tell("messages/s", count as f64 / start.elapsed().as_secs_f64());
}

fn packet_id(number: u64) -> u16 {
    (number % 0xffff) as u16 + 1
}

/// Prints the median and the 99th percentile of the way from a sensor to its reader, in µs.
pub(crate) async fn measure_latency(server: Server, rate: usize, seconds: usize) {
    let mut reader = server.connect("r0").await;
    reader.subscribe(&server.filter(0)).await;
    let mut sensor = server.connect("s0").await;
    let topic = server.publish_topic("s0");
    let start = Instant::now();
    let count = rate * seconds;
    let run = std::process::id();
    let sending = async {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate as u32);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 0..count as u64 {
            ticks.tick().await;
            let mut payload = BytesMut::zeroed(0);
            payload.put_u32(run);
            payload.put_u64(start.elapsed().as_nanos() as u64);
            payload.resize(256, b'x');
            sensor.put_publish(&topic, Some(packet_id(number)), &payload);
            sensor.flush().await;
        }
        // The acknowledgements lie in the socket's buffer, which has room for them.
        std::future::pending::<()>().await;
    };
    let receiving = async {
        let mut samples = Vec::with_capacity(count);
        loop {
            let now = start.elapsed().as_nanos() as u64;
            while let Some(packet) = reader.take() {
                let Packet::Publish { id, mut payload, .. } = packet else { continue };
                id.into_iter().for_each(|id| reader.put_acknowledgement(id));
                // What an earlier run left is read and not counted.
                if payload.get_u32() == run {
                    samples.push((now - payload.get_u64()) as f64 / 1000.0);
                }
            }
            reader.flush().await;
            if samples.len() >= count {
                return samples;
            }
            reader.read().await;
        }
    };
    let mut samples = tokio::select! {
        () = sending => unreachable!("it waits at its end"),
        samples = receiving => samples,
    };
    let samples = &mut samples[count / 10..];
    tell("p50", quantile(samples, 0.5));
    tell("p99", quantile(samples, 0.99));
}

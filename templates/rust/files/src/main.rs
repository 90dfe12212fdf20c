//! An IoT Edge module that forwards telemetry above a threshold.
//!
//! A message on `input1` whose temperature is above the threshold leaves on `output1` with `"alert": true` and a
//! running `"count"`; any other is dropped. The threshold is the desired property `threshold` of the module's twin,
//! and is reported back. The direct method `status` tells the counters, `ping` answers `"pong"`.

mod edge;
mod filter;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};

use edge::{Client, Event, Input, Message, Settings};
use filter::Filter;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let settings = Settings::from_environment(|name| std::env::var(name).ok())?;
    let mut client = Client::new(settings, stop);
    let mut filter = Filter::new();
    loop {
        match client.next(Duration::from_secs(60)) {
            Event::Twin { desired } => {
                filter.reset();
                filter.apply(&desired);
                report(&mut client, &filter);
            }
            Event::Desired { patch } => {
                filter.apply(&patch);
                report(&mut client, &filter);
            }
            Event::Input(input) => forward(&mut client, &mut filter, input),
            Event::Method(call) if call.name == "status" => {
                client.answer(&call, 200, &filter.status())
            }
            Event::Method(call) if call.name == "ping" => client.answer(&call, 200, &json!("pong")),
            Event::Method(call) => {
                let refusal = json!({ "error": format!("there is no method {}", call.name) });
                client.answer(&call, 404, &refusal);
            }
            Event::Idle => {}
            Event::Stop => break,
        }
    }
    println!("stopping");
    client.close();
    Ok(())
}

fn report(client: &mut Client, filter: &Filter) {
    println!("the threshold is {}", filter.threshold());
    client.report(&json!({ "threshold": filter.threshold() }));
}

/// Forwards what the filter lets pass; the input is complete only when the hub has stored what came of it.
fn forward(client: &mut Client, filter: &mut Filter, input: Input) {
    if input.name == "input1"
        && let Some(body) = filter.handle(&input.message.body)
    {
        let output = Message::json(&body).with_properties(input.message.properties.clone());
        if let Err(error) = client.send("output1", &output) {
            eprintln!("cannot forward a message: {error}");
            return;
        }
    }
    client.complete(&input);
}

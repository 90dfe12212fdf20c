//! What is counted, as it is shown. The names, types and labels are those of protocol.md §6.3.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{World, call, id, object, online, planned};
use crate::agent::{Deployed, DeploymentStatus, Input, Owner, Planned};
use crate::clock::Now;

impl World {
    /// Returns the samples of a metric, its name and what all of them have taken off.
    fn samples(&self, name: &str) -> Vec<String> {
        let now = Now { monotonic: Duration::from_secs(self.seconds), ..Now::default() };
        let text = crate::metrics::render(&[], &self.agent.metrics(now));
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        let constant = [",module_version=\"\"", ",ms_telemetry=\"True\"", ",ms_telemetry=\"False\""];
        lines.map(|line| constant.iter().fold(line.to_owned(), |line, label| line.replace(label, ""))).collect()
    }
}

// protocol.md §6.3
#[test]
fn starts_and_stops_are_counted_when_they_are_told() {
    let mut world = World::with_running(planned("a", 0));
    world.tell(Input::Restart { module: id("a") });
    world.exited("a", 0);
    world.started("a");
    world.exited("a", 1);
    world.wait();
    assert_eq!(world.samples("edgeAgent_module_start_total"), ["{module_name=\"a\"} 3"]);
    assert_eq!(world.samples("edgeAgent_module_stop_total"), ["{module_name=\"a\"} 1"]);
}

// protocol.md §6.3
#[test]
fn a_command_takes_until_it_is_done() {
    let mut world = World::new();
    world.plan(&[planned("a", 0)]);
    world.seconds = 3;
    world.started("a");
    world.tell(Input::StopAll);
    world.seconds = 5;
    world.exited("a", 0);
    assert_eq!(
        world.samples("edgeAgent_command_latency_seconds"),
        [
            "_sum{command=\"start\"} 3",
            "_count{command=\"start\"} 1",
            "{command=\"start\",quantile=\"0.1\"} 3",
            "{command=\"start\",quantile=\"0.5\"} 3",
            "{command=\"start\",quantile=\"0.9\"} 3",
            "{command=\"start\",quantile=\"0.99\"} 3",
            "_sum{command=\"stop\"} 2",
            "_count{command=\"stop\"} 1",
            "{command=\"stop\",quantile=\"0.1\"} 2",
            "{command=\"stop\",quantile=\"0.5\"} 2",
            "{command=\"stop\",quantile=\"0.9\"} 2",
            "{command=\"stop\",quantile=\"0.99\"} 2",
        ]
    );
}

// protocol.md §6.3
#[test]
fn a_module_that_is_down_runs_less_than_is_expected_of_it() {
    let external = Planned { owner: Owner::External, ..planned("ide", 0) };
    let mut world = World::new();
    world.plan(&[planned("a", 0), external]);
    world.started("a");
    world.seconds = 60;
    world.exited("a", 1);
    world.wait();
    world.started("a");
    world.seconds = 100;
    let times = |name: &str| world.samples(&format!("edgeAgent_total_time_{name}_seconds"));
    assert_eq!(times("expected_running"), ["{module_name=\"a\"} 100"], "who is started outside is nobody's concern");
    assert_eq!(times("running_correctly"), ["{module_name=\"a\"} 90"], "ten seconds of back-off");
}

// protocol.md §6.3
#[test]
fn what_the_agent_and_the_cloud_tell_each_other_is_a_sync() {
    let mut world = online();
    // The twin was told, and all of it reported.
    assert_eq!(world.samples("edgeAgent_iothub_syncs_total"), ["{ms_telemetry=\"True\"} 2"]);
    world.started("a");
    world.tell(Input::DesiredPatch(object(json!({ "$version": 9 }))));
    world.tell(Input::Offline);
    assert_eq!(world.samples("edgeAgent_iothub_syncs_total"), ["{ms_telemetry=\"True\"} 5"]);
    assert_eq!(world.samples("edgeAgent_unsuccessful_iothub_syncs_total"), ["{ms_telemetry=\"True\"} 1"]);
    world.tell(Input::Online);
    world.tell(Input::Offline);
    world.tell(Input::Offline);
    assert_eq!(world.samples("edgeAgent_unsuccessful_iothub_syncs_total"), ["{ms_telemetry=\"True\"} 2"]);
}

// protocol.md §6.3
#[test]
fn a_deployment_takes_until_its_modules_are_started() {
    let mut world = World::with_running(planned("a", 0));
    let desired = object(json!({ "$version": 2 }));
    world.seconds = 10;
    world.tell(Input::Twin { desired: desired.clone(), reported: Map::new() });
    world.seconds = 14;
    let plan = Some(vec![planned("a", 0), planned("b", 1)]);
    world.tell(Input::Deployed(Deployed { desired, plan, status: DeploymentStatus::applied() }));
    world.seconds = 17;
    world.started("b");
    world.seconds = 20;
    world.exited("b", 1);
    let times = world.samples("edgeAgent_deployment_time_seconds");
    // The first one had nothing to be prepared, and was started at once.
    assert_eq!(times[..2], ["_sum{ms_telemetry=\"True\"} 7", "_count{ms_telemetry=\"True\"} 2"]);
}

// protocol.md §6.3
#[test]
fn calls_of_the_agent_are_counted_by_the_names_that_it_has_for_them() {
    let mut world = online();
    for method in ["ping", "PING", "restartmodule", "reboot"] {
        call(&mut world, method, Value::Null);
    }
    assert_eq!(
        world.samples("edgeagent_direct_method_invocations_count"),
        ["{method_name=\"RestartModule\"} 1", "{method_name=\"ping\"} 2"]
    );
}

//! The agent on a virtual clock.

mod deployments;
mod methods;
mod metrics;
mod reports;
mod restarts;
mod starts;
mod uploads;

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Agent, AgentCall, Deployed, DeploymentStatus, Input, ModuleState, Output, Owner, Planned};
use crate::clock::Now;
use crate::identity::ModuleId;
use crate::manifest::{DesiredStatus, ModuleSpec, PullPolicy, RestartPolicy};

const START: u64 = 1_700_000_000;

/// An agent, the clock it is told, and its outputs as words: `start a`, `stop a`, `a is running`.
struct World {
    agent: Agent,
    seconds: u64,
    /// The version of the last deployment.
    version: u64,
    /// What was reported since the last look.
    reports: Vec<Value>,
}

fn id(name: &str) -> ModuleId {
    ModuleId::parse(name).expect("a name")
}

fn planned(name: &str, startup_order: u32) -> Planned {
    let spec = ModuleSpec {
        id: id(name),
        version: String::new(),
        image: format!("{name}:1"),
        create_options: Map::new(),
        env: Vec::new(),
        status: DesiredStatus::Running,
        restart: RestartPolicy::Always,
        pull: PullPolicy::OnCreate,
        startup_order,
    };
    Planned { spec, owner: Owner::Agent }
}

/// The same module with something changed.
fn with(planned: Planned, change: impl FnOnce(&mut ModuleSpec)) -> Planned {
    let mut spec = planned.spec;
    change(&mut spec);
    Planned { spec, ..planned }
}

fn stopped(planned: Planned) -> Planned {
    with(planned, |spec| spec.status = DesiredStatus::Stopped)
}

fn restarting(planned: Planned, policy: RestartPolicy) -> Planned {
    with(planned, |spec| spec.restart = policy)
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

impl World {
    fn new() -> Self {
        Self { agent: Agent::new(NonZeroU32::MIN), seconds: 0, version: 0, reports: Vec::new() }
    }

    /// A world in which one module has been started.
    fn with_running(planned: Planned) -> Self {
        let mut world = Self::new();
        let module = planned.spec.id.clone();
        world.plan(&[planned]);
        world.tell(Input::Started { module, image: None });
        world
    }

    fn now(&self) -> Now {
        let (monotonic, since) = (Duration::from_secs(self.seconds), Duration::from_secs(START));
        Now { monotonic, unix: since + monotonic }
    }

    fn tell(&mut self, input: Input) -> Vec<String> {
        self.agent.handle(self.now(), input);
        let mut told = Vec::new();
        while let Some(output) = self.agent.poll() {
            told.push(match output {
                Output::Start { module } => format!("start {module}"),
                Output::Stop { module } => format!("stop {module}"),
                Output::Changed { module } => match self.agent.state(&module) {
                    Some(state) => format!("{module} is {:?}", state.status),
                    None => format!("{module} is gone"),
                },
                Output::Prepare { desired } => format!("prepare {}", desired["$version"]),
                Output::GetTwin => "get twin".to_owned(),
                Output::Report(patch) => {
                    self.reports.push(Value::Object(patch));
                    continue;
                }
                Output::Answer { call, status, payload } => format!("answer {} with {status}: {payload}", call.0),
                Output::ReadLogs { call, .. } => format!("read logs for {}", call.0),
                Output::Upload { .. } => "upload".to_owned(),
            });
        }
        told
    }

    /// Deploys these modules as the next version.
    fn plan(&mut self, plan: &[Planned]) -> Vec<String> {
        self.version += 1;
        let desired = object(json!({ "$version": self.version }));
        if self.version > 1 {
            self.tell(Input::Twin { desired: desired.clone(), reported: Map::new() });
        }
        let plan = Some(plan.to_vec());
        self.tell(Input::Deployed(Deployed { desired, plan, status: DeploymentStatus::applied() }))
    }

    fn started(&mut self, name: &str) -> Vec<String> {
        self.tell(Input::Started { module: id(name), image: None })
    }

    fn exited(&mut self, name: &str, code: i32) -> Vec<String> {
        self.tell(Input::Exited { module: id(name), code: Some(code) })
    }

    /// Moves the clock to the agent's deadline, and returns how many seconds that took and what came of it.
    fn wait(&mut self) -> (u64, Vec<String>) {
        let deadline = self.agent.deadline().expect("there is something to wait for").as_secs();
        let waited = deadline - self.seconds;
        self.seconds = deadline;
        (waited, self.tell(Input::Timeout))
    }

    fn state(&self, name: &str) -> &ModuleState {
        self.agent.state(&id(name)).expect("it is known")
    }
}

fn unix(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(START + seconds))
}

/// An agent that is online, has deployed `a` as version 3 and has reported that.
fn online() -> World {
    let mut world = World::new();
    world.version = 2;
    let desired = object(json!({
        "$version": 3,
        "runtime": { "type": "docker", "settings": { "minDockerVersion": "v1.25" } },
        "systemModules": {
            "edgeAgent": { "type": "docker", "settings": { "image": "agent:1" } },
            "edgeHub": { "type": "docker", "status": "running", "settings": { "image": "hub:1" } },
        },
    }));
    let plan = Some(vec![planned("a", 0)]);
    world.tell(Input::Deployed(Deployed { desired: desired.clone(), plan, status: DeploymentStatus::applied() }));
    world.version = 3;
    assert_eq!(world.tell(Input::Online), ["get twin"]);
    world.tell(Input::Twin { desired, reported: object(json!({ "$version": 1 })) });
    world
}

fn reports(world: &mut World) -> Vec<Value> {
    std::mem::take(&mut world.reports)
}

fn call(world: &mut World, method: &str, payload: Value) -> Vec<String> {
    world.tell(Input::Call { call: AgentCall(7), method: method.into(), payload: Bytes::from(payload.to_string()) })
}

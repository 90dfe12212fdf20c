//! The agent on a virtual clock.

mod metrics;
mod uploads;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::*;
use crate::manifest::{PullPolicy, RestartPolicy};

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

// protocol.md §11.2
#[test]
fn modules_start_by_order_and_wait_for_the_start_alone() {
    let mut world = World::new();
    let plan = [planned("late", 7), planned("b", 1), planned("a", 1), planned("first", 0)];
    assert_eq!(world.plan(&plan), ["start first", "first is Starting"]);
    assert_eq!(world.started("first"), ["first is Running", "start a", "a is Starting", "start b", "b is Starting"]);
    assert_eq!(world.started("b"), ["b is Running"]);
    let failed = Input::StartFailed { module: id("a"), reason: "no such image".into() };
    assert_eq!(world.tell(failed), ["a is Backoff", "start late", "late is Starting"]);
    assert_eq!(world.state("a").start_failure.as_deref(), Some("no such image"));
}

#[test]
fn a_module_that_is_to_be_stopped_is_not_started() {
    let mut world = World::new();
    assert_eq!(world.plan(&[stopped(planned("a", 0))]), [""; 0]);
    assert_eq!(world.state("a").status, Status::Stopped);
    assert_eq!(world.plan(&[planned("a", 0)]), ["start a", "a is Starting"]);
}

#[test]
fn an_external_module_is_known_and_left_alone() {
    let mut world = World::new();
    let external = Planned { owner: Owner::External, ..planned("ide", 0) };
    assert_eq!(world.plan(&[external]), [""; 0]);
    assert_eq!(world.tell(Input::Restart { module: id("ide") }), [""; 0]);
    assert_eq!(world.tell(Input::StopAll), [""; 0]);
    assert_eq!(world.state("ide").status, Status::Stopped);
}

// protocol.md §11.1
#[test]
fn a_module_that_keeps_failing_is_given_up_after_twenty_restarts() {
    let mut world = World::with_running(planned("a", 0));
    for (restart, pause) in [10, 20, 40, 80, 160].into_iter().chain([300; 15]).enumerate() {
        assert_eq!(world.exited("a", 1), ["a is Backoff"], "restart {restart}");
        assert_eq!(world.wait(), (pause, vec!["start a".into(), "a is Starting".into()]), "restart {restart}");
        assert_eq!(world.started("a"), ["a is Running"]);
    }
    assert_eq!(world.exited("a", 1), ["a is GivenUp"]);
    assert_eq!((world.agent.deadline(), world.state("a").restarts), (None, 20));
    assert_eq!(world.tell(Input::Restart { module: id("a") }), ["start a", "a is Starting"]);
    assert_eq!(world.state("a").restarts, 0);
}

#[test]
fn the_pause_counts_from_the_exit() {
    let mut world = World::with_running(planned("a", 0));
    world.seconds = 100;
    world.exited("a", 3);
    let expected = ModuleState {
        status: Status::Backoff,
        restarts: 0,
        exit_code: Some(3),
        start_failure: None,
        image: None,
        started_at: unix(0),
        restarted_at: None,
        exited_at: unix(100),
        back_off_until: unix(110),
    };
    assert_eq!(world.state("a"), &expected);
    world.seconds = 109;
    assert_eq!(world.tell(Input::Timeout), [""; 0]);
    world.seconds = 110;
    assert_eq!(world.tell(Input::Timeout), ["start a", "a is Starting"]);
    assert_eq!((world.state("a").restarts, world.state("a").back_off_until), (1, None));
}

// protocol.md §11.1
#[test]
fn ten_minutes_up_forget_the_restarts() {
    let mut world = World::with_running(planned("a", 0));
    world.exited("a", 1);
    world.wait();
    world.started("a");
    assert_eq!(world.state("a").restarts, 1);
    assert_eq!(world.wait(), (600, vec!["a is Running".into()]));
    assert_eq!((world.state("a").restarts, world.agent.deadline()), (0, None));
}

#[test]
fn a_time_scale_divides_every_pause() {
    let mut world = World::new();
    world.agent = Agent::new(NonZeroU32::new(10).expect("not zero"));
    world.plan(&[planned("a", 0)]);
    world.started("a");
    world.exited("a", 1);
    assert_eq!(world.wait(), (1, vec!["start a".into(), "a is Starting".into()]));
    world.started("a");
    assert_eq!(world.wait(), (60, vec!["a is Running".into()]));
}

#[test]
fn what_its_policy_leaves_alone_stays_as_it_ended() {
    let mut world = World::with_running(restarting(planned("a", 0), RestartPolicy::OnFailure));
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    let never = restarting(planned("a", 0), RestartPolicy::Never);
    let mut world = World::with_running(never.clone());
    assert_eq!(world.exited("a", 2), ["a is Failed"]);
    assert_eq!(world.plan(&[never]), [""; 0], "the same plan again does not start it");
    assert_eq!(world.agent.deadline(), None);
}

#[test]
fn a_signal_is_a_failure() {
    let mut world = World::with_running(restarting(planned("a", 0), RestartPolicy::OnFailure));
    assert_eq!(world.tell(Input::Exited { module: id("a"), code: None }), ["a is Backoff"]);
    assert_eq!(world.state("a").exit_code, None);
}

#[test]
fn a_restart_stops_first_and_starts_at_once() {
    let mut world = World::with_running(planned("a", 0));
    assert_eq!(world.tell(Input::Restart { module: id("a") }), ["stop a"]);
    assert_eq!(world.tell(Input::Restart { module: id("a") }), [""; 0], "it is being stopped already");
    assert_eq!(world.exited("a", 143), ["start a", "a is Starting"]);
    assert_eq!(world.started("a"), ["a is Running"]);
}

#[test]
fn a_restart_ends_the_waiting() {
    let mut world = World::with_running(planned("a", 0));
    world.exited("a", 1);
    assert_eq!(world.tell(Input::Restart { module: id("a") }), ["start a", "a is Starting"]);
    assert_eq!(world.agent.deadline(), None);
}

#[test]
fn stopping_everything_goes_backwards_and_ends_restarts() {
    let mut world = World::new();
    world.plan(&[planned("a", 0), planned("b", 1), planned("c", 2), planned("d", 3)]);
    for name in ["a", "b", "c"] {
        world.started(name);
    }
    world.exited("a", 1);
    assert_eq!(world.tell(Input::StopAll), ["stop d", "stop c", "stop b", "a is Stopped"]);
    assert!(!world.agent.is_idle());
    let failed = Input::StartFailed { module: id("d"), reason: "stopped".into() };
    assert_eq!(world.tell(failed), ["d is Failed"]);
    assert_eq!(world.exited("c", 0), ["c is Stopped"]);
    assert_eq!(world.exited("b", 137), ["b is Failed"]);
    assert_eq!((world.agent.is_idle(), world.agent.deadline()), (true, None));
    assert_eq!(world.tell(Input::Restart { module: id("a") }), [""; 0]);
}

#[test]
fn a_new_plan_stops_what_is_gone_and_starts_what_is_new() {
    let mut world = World::with_running(planned("old", 0));
    assert_eq!(world.plan(&[planned("new", 0)]), ["stop old", "start new", "new is Starting"]);
    assert_eq!(world.exited("old", 0), ["old is gone"]);
    assert_eq!(world.agent.state(&id("old")), None);
    world.started("new");
    assert_eq!(world.plan(&[stopped(planned("new", 0))]), ["stop new"]);
    assert_eq!(world.plan(&[planned("new", 0)]), [""; 0], "it has not ended yet");
    assert_eq!(world.exited("new", 0), ["start new", "new is Starting"]);
}

#[test]
fn a_start_that_arrives_while_stopping_does_not_undo_the_stop() {
    let mut world = World::new();
    world.plan(&[planned("a", 0)]);
    assert_eq!(world.tell(Input::StopAll), ["stop a"]);
    assert_eq!(world.started("a"), ["a is Running"]);
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    assert!(world.agent.is_idle());
}

// protocol.md §11.2
#[test]
fn only_what_changed_is_started_anew() {
    type Change = fn(&mut ModuleSpec);
    let changes: [(&str, Change); 7] = [
        ("version", |spec| spec.version = "2".into()),
        ("image", |spec| spec.image = "a:2".into()),
        ("createOptions", |spec| drop(spec.create_options.insert("Tty".into(), true.into()))),
        ("env", |spec| spec.env = vec![("LEVEL".into(), "1".into())]),
        ("restartPolicy", |spec| spec.restart = RestartPolicy::Never),
        ("imagePullPolicy", |spec| spec.pull = PullPolicy::Never),
        ("startupOrder", |spec| spec.startup_order = 3),
    ];
    for (what, change) in changes {
        let mut world = World::with_running(planned("a", 0));
        world.exited("a", 1);
        world.wait();
        world.started("a");
        let other = planned("b", 9);
        world.plan(&[planned("a", 0), other.clone()]);
        world.started("b");
        assert_eq!(world.plan(&[with(planned("a", 0), change), other]), ["stop a"], "{what}");
        assert_eq!(world.exited("a", 143), ["start a", "a is Starting"], "{what}");
        assert_eq!(world.state("a").restarts, 0, "{what}: what is made anew has no past");
    }
}

#[test]
fn a_change_of_the_status_alone_makes_nothing_anew() {
    let mut world = World::with_running(planned("a", 0));
    assert_eq!(world.plan(&[stopped(planned("a", 0))]), ["stop a"]);
    assert_eq!(world.exited("a", 0), ["a is Stopped"]);
    assert_eq!(world.plan(&[planned("a", 0)]), ["start a", "a is Starting"]);
}

// protocol.md §11.2
#[test]
fn changed_modules_are_made_anew_in_their_order() {
    let mut world = World::new();
    let plan = |image: &str| {
        ["late", "first"]
            .map(|name| with(planned(name, u32::from(name == "late")), |spec| spec.image = image.to_owned()))
    };
    world.plan(&plan("x:1"));
    world.started("first");
    world.started("late");
    assert_eq!(world.plan(&plan("x:2")), ["stop first"]);
    assert_eq!(world.exited("first", 0), ["start first", "first is Starting"]);
    assert_eq!(world.started("first"), ["first is Running", "stop late"]);
    assert_eq!(world.exited("late", 0), ["start late", "late is Starting"]);
}

#[test]
fn a_module_that_comes_back_while_it_goes_is_started_again() {
    let mut world = World::with_running(planned("a", 0));
    assert_eq!(world.plan(&[]), ["stop a"]);
    assert_eq!(world.plan(&[planned("a", 0)]), [""; 0]);
    assert_eq!(world.exited("a", 0), ["start a", "a is Starting"]);
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

// protocol.md §11.3
#[test]
fn the_first_report_has_every_member() {
    let mut world = online();
    let never = "0001-01-01T00:00:00Z";
    let began = "2023-11-14T22:13:20.0000000Z";
    let system = |image: &str| {
        json!({
            "type": "docker", "imagePullPolicy": "on-create", "env": {},
            "settings": { "image": image, "imageHash": "", "createOptions": "{}" },
            "exitCode": 0, "statusDescription": "running",
            "lastStartTimeUtc": began, "lastExitTimeUtc": never, "runtimeStatus": "running",
        })
    };
    let mut hub = system("hub:1");
    hub["status"] = "running".into();
    hub["restartPolicy"] = "always".into();
    hub["startupOrder"] = u32::MAX.into();
    hub["restartCount"] = 0.into();
    hub["lastRestartTimeUtc"] = never.into();
    let expected = json!({
        "schemaVersion": "1.0",
        "version": { "version": env!("CARGO_PKG_VERSION"), "build": "edgectl", "commit": "" },
        "lastDesiredVersion": 3,
        "lastDesiredStatus": { "code": 200, "description": "" },
        "runtime": {
            "type": "docker",
            "settings": { "minDockerVersion": "v1.25" },
            "platform": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH, "version": "" },
        },
        "systemModules": { "edgeAgent": system("agent:1"), "edgeHub": hub },
        "modules": { "a": {
            "type": "docker", "version": "", "status": "running", "restartPolicy": "always",
            "imagePullPolicy": "on-create", "startupOrder": 0, "env": {},
            "settings": { "image": "a:1", "imageHash": "", "createOptions": "{}" },
            "exitCode": 0, "statusDescription": "stopped", "lastStartTimeUtc": never, "lastExitTimeUtc": never,
            "restartCount": 0, "lastRestartTimeUtc": never, "runtimeStatus": "stopped",
        } },
    });
    assert_eq!(std::mem::take(&mut world.reports), [expected]);
}

fn reports(world: &mut World) -> Vec<Value> {
    std::mem::take(&mut world.reports)
}

// protocol.md §11.3
#[test]
fn afterwards_only_the_difference_is_reported() {
    let mut world = online();
    reports(&mut world);
    world.started("a");
    let running = json!({
        "statusDescription": "running", "lastStartTimeUtc": "2023-11-14T22:13:20.0000000Z", "runtimeStatus": "running",
    });
    assert_eq!(reports(&mut world), [json!({ "modules": { "a": running } })]);
    world.seconds = 5;
    world.exited("a", 3);
    let failed = json!({
        "exitCode": 3, "statusDescription": "backoff", "lastExitTimeUtc": "2023-11-14T22:13:25.0000000Z",
        "runtimeStatus": "backoff",
    });
    assert_eq!(reports(&mut world), [json!({ "modules": { "a": failed } })]);
    world.wait();
    let restarted = json!({
        "statusDescription": "stopped", "restartCount": 1, "lastRestartTimeUtc": "2023-11-14T22:13:35.0000000Z",
        "runtimeStatus": "stopped",
    });
    assert_eq!(reports(&mut world), [json!({ "modules": { "a": restarted } })]);
    world.started("a");
    reports(&mut world);
    world.tell(Input::Timeout);
    assert_eq!(reports(&mut world), [Value::Null; 0]);
}

// protocol.md §11.3
#[test]
fn the_version_of_the_manifest_and_the_image_that_runs_are_reported() {
    let mut world = online();
    world.plan(&[with(planned("a", 0), |spec| spec.version = "1.2".into())]);
    let mut hash = |image: Option<&str>| {
        reports(&mut world);
        world.tell(Input::Started { module: id("a"), image: image.map(str::to_owned) });
        let told = reports(&mut world).pop().expect("a report");
        world.tell(Input::Restart { module: id("a") });
        world.exited("a", 0);
        told["modules"]["a"]["settings"]["imageHash"].clone()
    };
    assert_eq!(hash(Some("sha256:1")), "sha256:1");
    assert_eq!(hash(Some("sha256:2")), "sha256:2", "it was built anew under the same name");
    assert_eq!(hash(None), "", "a process has no image");
    assert_eq!(report::document(&world.agent)["modules"]["a"]["version"], "1.2");
}

#[test]
fn a_module_that_is_gone_is_reported_as_null() {
    let mut world = online();
    reports(&mut world);
    world.tell(Input::DesiredPatch(object(json!({ "modules": { "a": null }, "$version": 4 }))));
    let deployed =
        Deployed { desired: object(json!({ "$version": 4 })), plan: Some(vec![]), status: DeploymentStatus::applied() };
    world.tell(Input::Deployed(deployed));
    world.exited("a", 0);
    let told = reports(&mut world);
    assert_eq!(told.last().expect("a report")["modules"], json!({ "a": null }));
}

#[test]
fn without_a_link_nothing_is_reported_and_afterwards_the_difference() {
    let mut world = online();
    reports(&mut world);
    world.tell(Input::Offline);
    world.started("a");
    assert_eq!(reports(&mut world), [Value::Null; 0]);
    assert_eq!(world.tell(Input::Online), ["get twin"]);
    let reported = object(json!({ "schemaVersion": "1.0", "left": "over", "$version": 9 }));
    let desired = world.agent.twin.deployed().clone();
    world.tell(Input::Twin { desired, reported });
    let told = reports(&mut world);
    assert_eq!((&told[0]["left"], told[0].get("schemaVersion")), (&Value::Null, None));
    assert_eq!(told[0]["modules"]["a"]["runtimeStatus"], "running");
}

// protocol.md §11.3
#[test]
fn at_the_end_nobody_knows_how_the_modules_are() {
    let mut world = online();
    world.started("a");
    reports(&mut world);
    world.tell(Input::StopAll);
    world.exited("a", 0);
    reports(&mut world);
    world.tell(Input::ShutDown);
    let status = json!({ "code": 406, "description": "Agent is not running" });
    let unknown = json!({ "runtimeStatus": "unknown" });
    let expected = json!({
        "lastDesiredStatus": status, "modules": { "a": unknown },
        "systemModules": { "edgeAgent": unknown, "edgeHub": unknown },
    });
    assert_eq!(reports(&mut world), [expected]);
}

// protocol.md §11.3
#[test]
fn what_cannot_be_deployed_does_not_change_what_runs_in_the_report() {
    let mut world = online();
    reports(&mut world);
    let desired = object(json!({ "$version": 4, "systemModules": { "edgeHub": null } }));
    assert_eq!(world.tell(Input::DesiredPatch(desired.clone())), ["prepare 4"]);
    assert_eq!(
        reports(&mut world),
        [Value::Null; 0],
        "nobody takes the success of the last version for that of this one"
    );
    let status = DeploymentStatus { code: 400, description: "x".to_owned() };
    world.tell(Input::Deployed(Deployed { desired, plan: None, status }));
    let expected = json!({ "lastDesiredVersion": 4, "lastDesiredStatus": { "code": 400, "description": "x" } });
    assert_eq!(reports(&mut world), [expected]);
}

#[test]
fn the_next_desired_version_is_prepared_and_a_gap_is_asked_for() {
    let mut world = online();
    let patch = |version: u64| Input::DesiredPatch(object(json!({ "$version": version })));
    assert_eq!(world.tell(patch(4)), ["prepare 4"]);
    assert_eq!(world.tell(patch(6)), ["get twin"]);
    let twin = Input::Twin { desired: object(json!({ "$version": 6 })), reported: Map::new() };
    assert_eq!(world.tell(twin), ["prepare 6"]);
    let overtaken =
        Deployed { desired: object(json!({ "$version": 4 })), plan: Some(vec![]), status: DeploymentStatus::applied() };
    assert_eq!(world.tell(Input::Deployed(overtaken)), [""; 0], "`a` is not stopped for it");
}

fn refused(version: u64, code: u16) -> Input {
    let status = DeploymentStatus { code, description: "why".into() };
    Input::Deployed(Deployed { desired: object(json!({ "$version": version })), plan: None, status })
}

// protocol.md §11.3
#[test]
fn a_deployment_that_cannot_be_read_leaves_everything_as_it_is() {
    let mut world = online();
    world.started("a");
    reports(&mut world);
    world.tell(Input::DesiredPatch(object(json!({ "modules": 7, "$version": 4 }))));
    assert_eq!(world.tell(refused(4, 400)), [""; 0]);
    let status = json!({ "code": 400, "description": "why" });
    assert_eq!(reports(&mut world).last().expect("a report")["lastDesiredStatus"], status);
    assert_eq!((world.state("a").status, world.agent.deadline()), (Status::Running, None));
}

// protocol.md §11.2
#[test]
fn a_deployment_that_failed_in_part_is_tried_again_with_doubling_pauses() {
    let mut world = online();
    world.started("a");
    world.tell(Input::DesiredPatch(object(json!({ "$version": 4 }))));
    for pause in (0..20).map(|retry| 10 << retry) {
        world.tell(refused(4, 500));
        assert_eq!(world.wait(), (pause, vec!["prepare 4".to_owned()]));
    }
    world.tell(refused(4, 500));
    assert_eq!(world.agent.deadline(), None, "twenty times are enough");
    assert_eq!(world.tell(Input::DesiredPatch(object(json!({ "$version": 5 })))), ["prepare 5"]);
    world.tell(refused(5, 500));
    assert_eq!(world.wait().0, 10, "a new version begins anew");
}

fn call(world: &mut World, method: &str, payload: Value) -> Vec<String> {
    world.tell(Input::Call { call: AgentCall(7), method: method.into(), payload: Bytes::from(payload.to_string()) })
}

// protocol.md §11.4
#[test]
fn methods_are_answered_whatever_the_case_of_their_names() {
    let mut world = online();
    world.started("a");
    assert_eq!(call(&mut world, "Ping", Value::Null), ["answer 7 with 200: null"]);
    let restart = |id: &str| json!({ "schemaVersion": "1.0", "id": id });
    assert_eq!(call(&mut world, "restartModule", restart("a")), ["stop a", "answer 7 with 200: null"]);
    let unknown = r#"answer 7 with 500: {"message":"Module b not found in the current environment"}"#;
    assert_eq!(call(&mut world, "RestartModule", restart("b")), [unknown]);
    world.plan(&[planned("a", 0), Planned { owner: Owner::External, ..planned("x", 0) }]);
    let external = r#"answer 7 with 500: {"message":"Module x is started from outside"}"#;
    assert_eq!(call(&mut world, "RestartModule", restart("x")), [external]);
    let logs = json!({ "schemaVersion": "1.0", "items": { "id": "all" } });
    assert_eq!(call(&mut world, "GetModuleLogs", logs), ["read logs for 7"]);
    let task = json!({ "schemaVersion": "1.0", "correlationId": "x" });
    let nothing = r#"answer 7 with 200: {"status":"Unknown","message":"","correlationId":"x"}"#;
    assert_eq!(call(&mut world, "GetTaskStatus", task), [nothing]);
}

// protocol.md §11.4
#[test]
fn methods_are_refused_in_the_words_of_the_product() {
    let mut world = online();
    let mut message = |method: &str, payload: Value| call(&mut world, method, payload).remove(0);
    let unknown = r#"answer 7 with 400: {"message":"Command 'reboot' not found. The supported commands are - "#;
    assert!(message("reboot", Value::Null).starts_with(unknown));
    let missing = r#"answer 7 with 400: {"message":"Request payload not found"}"#;
    assert_eq!(message("RestartModule", Value::Null), missing);
    let other = json!({ "schemaVersion": "2.0", "id": "a" });
    let schema = r#"answer 7 with 400: {"message":"The request schema version 2.0 is not compatible with 1.0"}"#;
    assert_eq!(message("RestartModule", other), schema);
    let logs = json!({ "schemaVersion": "1.0", "items": { "id": "all" } });
    let nowhere = r#"answer 7 with 400: {"message":"missing field `sasUrl` at line 1 column 44"}"#;
    assert_eq!(message("UploadModuleLogs", logs), nowhere);
}

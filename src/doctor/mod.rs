//! What stands between a user and a running simulation: looked at, told with its fix, and never changed.
//!
//! ```text
//! engine    which one is used, and why
//! ports     what the simulated device would listen on
//! solution  the folder, its deployment, what its modules are built from
//! ```

mod engine;
mod ports;
mod solution;

use std::path::Path;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::environment::Environment;
use crate::failure::{Failure, Kind, Outcome};

/// How much something stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is as it should be.
    Ok,
    /// Something will not work, and the rest does.
    Warning,
    /// Nothing works before it is mended.
    Error,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// The container engine.
    Engine,
    /// The ports of the simulated device.
    Ports,
    /// The solution in the folder.
    Solution,
}

/// One thing that was looked at, and how it is.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub area: Area,
    /// How it is.
    pub status: Status,
    /// What was found, in a sentence.
    pub message: String,
    /// Why it is so.
    pub causes: Vec<String>,
    /// What to do, each a way of its own.
    pub fixes: Vec<String>,
    #[serde(rename = "exitCode", serialize_with = "as_exit_code", skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
}

impl Check {
    fn ok(area: Area, message: impl Into<String>) -> Self {
        Self { area, status: Status::Ok, message: message.into(), causes: Vec::new(), fixes: Vec::new(), kind: None }
    }

    fn of_failure(area: Area, status: Status, failure: &Failure) -> Self {
        Self {
            area,
            status,
            message: failure.message().to_owned(),
            causes: failure.causes().to_vec(),
            fixes: failure.hints().to_vec(),
            kind: (status == Status::Error).then(|| failure.kind()),
        }
    }

    /// Returns the failure that `edgectl check` ends with because of this.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }
}

/// Looks at everything, for the solution in a folder; `today` is the time since 1970 by which versions are judged.
pub async fn examine(project: &Path, environment: &Environment, today: Duration) -> Outcome<Vec<Check>> {
    let mut checks = vec![engine::check(environment).await];
    checks.extend(ports::check(project, environment).await);
    checks.extend(solution::check(project, environment, today));
    Ok(checks)
}

fn as_exit_code<S: Serializer>(kind: &Option<Kind>, serializer: S) -> Result<S::Ok, S::Error> {
    kind.map(Kind::exit_code).serialize(serializer)
}

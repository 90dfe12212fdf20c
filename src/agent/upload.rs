//! `UploadModuleLogs` and `UploadSupportBundle`: what is uploaded, under which names, and the tasks that stand for it
//! (protocol.md §11.4). Owns `zip`, the library for archives, which the protocol wants.
//!
//! Uploads nothing itself: that is an output, and how it ended an input.

use std::collections::VecDeque;
use std::fmt;
use std::io::{Cursor, Write};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::calls::{Refused, check_schema, parse};
use super::logs::{LogSource, LogsRequest};
use super::moment::point_in_time;
use super::port::Output;
use super::{Agent, report};
use crate::clock::{Now, blob_stamp};
use crate::twin;

/// Tasks that are remembered; the oldest that has ended is forgotten for the next.
const REMEMBERED: usize = 100;
/// Tasks that may run at a time.
const RUNNING: usize = 10;

/// What `correlationId` names: an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TaskId(String);

/// The URL of a container of blobs with the right to write there. A secret, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SasUrl(String);

impl SasUrl {
    /// Returns the URL, right and all.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SasUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SasUrl(…)")
    }
}

/// Something to be put into a container of blobs.
#[derive(Debug, Clone)]
pub struct Upload {
    container: SasUrl,
    at: Duration,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Logs(Box<LogsRequest>),
    /// Logs, unless only those of the runtime are wanted, which is a part of edgectl; and what the agent reports.
    Bundle {
        logs: Option<Box<LogsRequest>>,
        reported: Map<String, Value>,
    },
}

/// One blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name in the container.
    pub name: String,
    /// Its content.
    pub content: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    sas_url: SasUrl,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BundleBody {
    schema_version: String,
    since: Option<Value>,
    until: Option<Value>,
    #[serde(default)]
    edge_runtime_only: bool,
}

impl Upload {
    /// Returns the container that the blobs are for.
    pub fn container(&self) -> &SasUrl {
        &self.container
    }

    /// Makes the blobs; in the words of the product why it cannot.
    pub fn blobs(&self, source: &dyn LogSource) -> Result<Vec<Blob>, String> {
        let (hub, device) = source.place();
        let stamp = blob_stamp(self.at);
        let blob =
            |name: &str, content: Vec<u8>| Blob { name: format!("{hub}/{device}/{name}"), content: content.into() };
        match &self.what {
            What::Logs(request) => {
                let files = request.files(source).map_err(Refused::into_message)?;
                let of_file = files.into_iter();
                Ok(of_file
                    .map(|file| blob(&format!("{}-{stamp}.{}", file.module, file.ending), file.content))
                    .collect())
            }
            What::Bundle { logs, reported } => {
                let archive = bundle(source, logs.as_deref(), reported)?;
                Ok(vec![blob(&format!("support-bundle-{stamp}.zip"), archive)])
            }
        }
    }
}

fn bundle(
    source: &dyn LogSource,
    logs: Option<&LogsRequest>,
    reported: &Map<String, Value>,
) -> Result<Vec<u8>, String> {
    let logs = logs.map(|logs| logs.files(source)).transpose().map_err(Refused::into_message)?.unwrap_or_default();
    let logs = logs.into_iter().map(|file| (format!("logs/{}_log.txt", file.module), file.content));
    let mut files: Vec<_> = logs.collect();
    let documents = [("edgeAgent/reported.json", json!(reported)), ("edgectl.json", twin::runtime_version())];
    files.extend(documents.map(|(path, document)| (path.to_owned(), format!("{document:#}\n").into_bytes())));
    archive(&files).map_err(|error| format!("The support bundle cannot be packed: {error}"))
}

/// Packs files, each a path with its content, into a ZIP archive.
fn archive(files: &[(String, Vec<u8>)]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        archive
            .start_file(path.as_str(), SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Deflated))?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The uploads that were asked for.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// Oldest first.
    known: VecDeque<(TaskId, State)>,
    last: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Running,
    Completed,
    Failed(String),
}

impl Tasks {
    /// Begins a task, unless too many run.
    fn begin(&mut self, unix: Duration) -> Result<TaskId, Refused> {
        let running = self.known.iter().filter(|(_, state)| *state == State::Running).count();
        if running >= RUNNING {
            return Err(Refused::Other(format!("There are {RUNNING} uploads under way already")));
        }
        if self.known.len() >= REMEMBERED
            && let Some(ended) = self.known.iter().position(|(_, state)| *state != State::Running)
        {
            self.known.remove(ended);
        }
        self.last += 1;
        // No secret: it is to differ from those of this run and, by the time, of others.
        let id = TaskId(uuid::Uuid::from_u64_pair(unix.as_micros() as u64, self.last).to_string());
        self.known.push_back((id.clone(), State::Running));
        Ok(id)
    }

    pub(super) fn end(&mut self, task: &TaskId, result: Result<(), String>) {
        if let Some((_, state)) = self.known.iter_mut().find(|(known, _)| known == task) {
            *state = result.map_or_else(State::Failed, |()| State::Completed);
        }
    }

    /// Says how a task is, as `GetTaskStatus` answers.
    pub(super) fn status(&self, task: &str) -> Value {
        let state = self.known.iter().find(|(known, _)| known.0 == task).map(|(_, state)| state);
        let (status, message) = match state {
            None => ("Unknown", ""),
            Some(State::Running) => ("Running", ""),
            Some(State::Completed) => ("Completed", ""),
            Some(State::Failed(why)) => ("Failed", why.as_str()),
        };
        json!({ "status": status, "message": message, "correlationId": task })
    }
}

impl Agent {
    pub(super) fn upload_logs(&mut self, now: Now, payload: &Bytes) -> Result<Value, Refused> {
        let request = LogsRequest::parse(now, payload)?;
        self.upload(now, payload, What::Logs(Box::new(request)))
    }

    pub(super) fn upload_bundle(&mut self, now: Now, payload: &Bytes) -> Result<Value, Refused> {
        let body: BundleBody = parse(payload)?;
        check_schema(&body.schema_version)?;
        let time = |value: Option<Value>| value.map(|value| point_in_time(now.unix, &value)).transpose();
        let (since, until) = (time(body.since)?, time(body.until)?);
        let logs = (!body.edge_runtime_only).then(|| Box::new(LogsRequest::everything(since, until)));
        self.upload(now, payload, What::Bundle { logs, reported: report::document(self) })
    }

    fn upload(&mut self, now: Now, payload: &Bytes, what: What) -> Result<Value, Refused> {
        let Container { sas_url } = parse(payload)?;
        if sas_url.0.trim().is_empty() {
            return Err(Refused::Argument("sasUrl is empty".to_owned()));
        }
        let task = self.tasks.begin(now.unix)?;
        let status = self.tasks.status(&task.0);
        let upload = Box::new(Upload { container: sas_url, at: now.unix, what });
        self.outputs.push_back(Output::Upload { task, upload });
        Ok(status)
    }
}

//! The agent's direct methods (protocol.md §11.4).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Agent;
use super::logs::LogsRequest;
use super::port::{AgentCall, Input, Output, Owner};
use crate::clock::Now;
use crate::identity::ModuleId;

const SUPPORTED: &str = "ping,RestartModule,GetModuleLogs,UploadModuleLogs,UploadSupportBundle,GetTaskStatus";

/// Why a method is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// The request is wrong: 400.
    Argument(String),
    /// It cannot be met: 500.
    Other(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restart {
    schema_version: String,
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskStatus {
    schema_version: String,
    correlation_id: String,
}

impl Agent {
    pub(super) fn handle_call(&mut self, now: Now, call: AgentCall, method: &str, payload: &Bytes) {
        if let Some(known) = SUPPORTED.split(',').find(|known| known.eq_ignore_ascii_case(method)) {
            self.metrics.called(known);
        }
        let answer = match method.to_ascii_lowercase().as_str() {
            "ping" => Ok(Value::Null),
            "restartmodule" => self.restart_by_call(now, payload),
            "getmodulelogs" => match LogsRequest::parse(now, payload) {
                Ok(request) => {
                    self.outputs.push_back(Output::ReadLogs { call, request: Box::new(request) });
                    return;
                }
                Err(refused) => Err(refused),
            },
            "uploadmodulelogs" => self.upload_logs(now, payload),
            "uploadsupportbundle" => self.upload_bundle(now, payload),
            "gettaskstatus" => self.task_status(payload),
            _ => Err(Refused::Argument(format!(
                "Command '{method}' not found. The supported commands are - {SUPPORTED}"
            ))),
        };
        let (status, payload) = match answer {
            Ok(payload) => (200, payload),
            Err(refused) => refused.answer(),
        };
        self.outputs.push_back(Output::Answer { call, status, payload });
    }

    fn restart_by_call(&mut self, now: Now, payload: &Bytes) -> Result<Value, Refused> {
        let Restart { schema_version, id } = parse(payload)?;
        check_schema(&schema_version)?;
        let known =
            ModuleId::parse(&id).ok().and_then(|module| Some((self.modules.get(&module)?.planned.owner, module)));
        match known {
            None => Err(Refused::Other(format!("Module {id} not found in the current environment"))),
            Some((Owner::External, _)) => Err(Refused::Other(format!("Module {id} is started from outside"))),
            Some((Owner::Agent, module)) => {
                self.handle(now, Input::Restart { module });
                Ok(Value::Null)
            }
        }
    }

    fn task_status(&self, payload: &Bytes) -> Result<Value, Refused> {
        let TaskStatus { schema_version, correlation_id } = parse(payload)?;
        check_schema(&schema_version)?;
        Ok(self.tasks.status(&correlation_id))
    }
}

impl Refused {
    pub(super) fn into_message(self) -> String {
        match self {
            Self::Argument(message) | Self::Other(message) => message,
        }
    }

    pub(super) fn answer(self) -> (i32, Value) {
        match self {
            Self::Argument(message) => (400, json!({ "message": message })),
            Self::Other(message) => (500, json!({ "message": message })),
        }
    }
}

pub(super) fn parse<'a, T: Deserialize<'a>>(payload: &'a Bytes) -> Result<T, Refused> {
    if payload.is_empty() || **payload == *b"null" {
        return Err(Refused::Argument("Request payload not found".to_owned()));
    }
    // An array would be taken for the members in their order.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refused::Argument("The request payload is no JSON object".to_owned()));
    }
    serde_json::from_slice(payload).map_err(|error| Refused::Argument(error.to_string()))
}

/// Refuses another major version than 1.
pub(super) fn check_schema(version: &str) -> Result<(), Refused> {
    match version.split('.').next() {
        Some("1") => Ok(()),
        _ => Err(Refused::Argument(format!("The request schema version {version} is not compatible with 1.0"))),
    }
}

//! The calls of a hub's API that deploy.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Subject};
use super::dial::Dialler;
use super::error::{AzureError, Refusal};
use super::{Configuration, Credential, HubHost, Patience, retry};
use crate::clock::since_epoch;
use crate::net::Proxy;

/// How many deployments a hub keeps at most (protocol.md §10.5).
const MOST_CONFIGURATIONS: u32 = 100;

/// What came of putting a deployment.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// It is there as it was wanted; this is what the hub keeps.
    Done(Configuration),
    /// Somebody else made one of this id in the meantime, or changed it.
    Overtaken(Box<AzureError>),
}

/// A pause before a call is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// How long.
    pub pause: Duration,
    /// Why: what went wrong.
    pub why: String,
}

/// A hub that can be called.
pub struct Hub {
    host: HubHost,
    credential: Credential,
    dialler: Dialler,
    patience: Patience,
    clock: fn() -> SystemTime,
    waiting: Box<dyn Fn(&Waiting) + Send + Sync>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("host", &self.host).field("credential", &self.credential).finish_non_exhaustive()
    }
}

impl Hub {
    /// Prepares calls to a hub; no connection is made yet. `waiting` is told of every pause.
    pub fn new(
        host: HubHost,
        credential: Credential,
        proxy: Option<Proxy>,
        patience: Patience,
        clock: fn() -> SystemTime,
        waiting: impl Fn(&Waiting) + Send + Sync + 'static,
    ) -> Result<Self, AzureError> {
        let dialler = Dialler::new(host.clone(), proxy, patience)?;
        Ok(Self { host, credential, dialler, patience, clock, waiting: Box::new(waiting) })
    }

    /// Returns which hub it is.
    pub fn host(&self) -> &HubHost {
        &self.host
    }

    /// Returns who calls, in words.
    pub fn caller(&self) -> String {
        self.credential.who()
    }

    /// Gives one device a whole deployment.
    pub async fn apply(&self, device: &str, modules_content: &Value) -> Result<(), AzureError> {
        let call = Call::new("POST", &["devices", device, "applyConfigurationContent"], Subject::Device(device.into()));
        self.send(call.body(json!({ "modulesContent": modules_content }))).await.map(drop)
    }

    /// Returns every deployment of the hub, for edge devices and others.
    pub async fn configurations(&self) -> Result<Vec<Configuration>, AzureError> {
        let mut call = Call::new("GET", &["configurations"], Subject::Hub);
        call.target.push_str(&format!("&top={MOST_CONFIGURATIONS}"));
        let answer = self.send(call).await?;
        let Value::Array(found) = self.parse(&answer)? else { return Err(self.unexpected()) };
        found.into_iter().map(|document| Configuration::read(document).ok_or_else(|| self.unexpected())).collect()
    }

    /// Returns a deployment, or `None` if there is none of this id.
    pub async fn configuration(&self, id: &str) -> Result<Option<Configuration>, AzureError> {
        match self.send(Call::new("GET", &["configurations", id], Subject::Deployment(id.into()))).await {
            Ok(answer) => self.read(&answer).map(Some),
            Err(AzureError::Refused(refusal)) if refusal.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a deployment, or updates the one that has the etag of `known`.
    pub async fn put(&self, wanted: &Configuration, known: Option<&Configuration>) -> Result<Applied, AzureError> {
        let id = wanted.id();
        let mut document = wanted.document().clone();
        if let Some(known) = known {
            document.insert("etag".into(), json!(known.etag()));
        }
        let call = Call::new("PUT", &["configurations", id], Subject::Deployment(id.into()))
            .if_match(known.map(Configuration::etag))
            .body(Value::Object(document));
        let answer = self.attempt(&call).await?;
        if answer.is_success() {
            return self.read(&answer).map(Applied::Done);
        }
        let refused = self.refused(&answer, &call);
        if !matches!(answer.status, 409 | 412) {
            return Err(refused);
        }
        let now = if answer.may_be_repeated { self.configuration(id).await? } else { None };
        let is_ours =
            |now: &Configuration| now.is_aimed_like(wanted) && now.modules_content() == wanted.modules_content();
        Ok(match now.filter(is_ours) {
            Some(now) => Applied::Done(now),
            None => Applied::Overtaken(Box::new(refused)),
        })
    }

    /// Deletes a deployment if it still has this etag; `*` is any.
    pub async fn delete(&self, id: &str, etag: &str) -> Result<(), AzureError> {
        let call = Call::new("DELETE", &["configurations", id], Subject::Deployment(id.into())).if_match(Some(etag));
        let answer = self.attempt(&call).await?;
        let is_gone = answer.status == 404 && answer.may_be_repeated;
        if answer.is_success() || is_gone { Ok(()) } else { Err(self.refused(&answer, &call)) }
    }

    /// Asks the hub whether it understands a condition and queries; returns what is wrong by name.
    pub async fn test_queries(
        &self,
        target_condition: &str,
        metrics: &Map<String, Value>,
    ) -> Result<Vec<(String, String)>, AzureError> {
        let body = json!({ "targetCondition": target_condition, "customMetricQueries": metrics });
        let call = Call::new("POST", &["configurations", "testQueries"], Subject::Hub);
        let answer = self.send(call.body(body)).await?;
        let said = self.parse(&answer)?;
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let condition = said.get("targetConditionError").and_then(text);
        let metrics = said.get("customMetricQueryErrors").and_then(Value::as_object);
        let metrics = metrics.into_iter().flatten().filter_map(|(name, error)| Some((name.clone(), text(error)?)));
        Ok(condition.map(|error| ("--target-condition".to_owned(), error)).into_iter().chain(metrics).collect())
    }

    async fn send(&self, call: Call) -> Result<Answer, AzureError> {
        let answer = self.attempt(&call).await?;
        if answer.is_success() { Ok(answer) } else { Err(self.refused(&answer, &call)) }
    }

    /// Makes a call until its outcome counts.
    async fn attempt(&self, call: &Call) -> Result<Answer, AzureError> {
        let mut may_be_repeated = false;
        let mut attempt = 1;
        loop {
            let authorization = self.credential.authorization(&self.host, self.unix());
            let outcome = self.dialler.exchange(call, &authorization).await;
            let Some(pause) = retry::pause_after(attempt, &outcome, &self.patience) else {
                return outcome.map(|answer| Answer { may_be_repeated, ..answer });
            };
            let why = match &outcome {
                Ok(answer) => self.refused(answer, call).to_string(),
                Err(error) => error.to_string(),
            };
            // A hub that answers 429 or 503 did nothing; one that answers 500 or not at all may have.
            may_be_repeated |= !matches!(&outcome, Ok(answer) if matches!(answer.status, 429 | 503));
            (self.waiting)(&Waiting { pause, why });
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    fn refused(&self, answer: &Answer, call: &Call) -> AzureError {
        AzureError::Refused(Box::new(Refusal::of(answer, call, &self.host, self.unix())))
    }

    fn read(&self, answer: &Answer) -> Result<Configuration, AzureError> {
        Configuration::read(self.parse(answer)?).ok_or_else(|| self.unexpected())
    }

    fn parse(&self, answer: &Answer) -> Result<Value, AzureError> {
        serde_json::from_slice(&answer.body).map_err(|error| self.dialler.not_a_hub(error.to_string()))
    }

    fn unexpected(&self) -> AzureError {
        self.dialler.not_a_hub("its answer is no deployment".to_owned())
    }

    fn unix(&self) -> Duration {
        since_epoch((self.clock)())
    }
}

//! A command's side of the control socket.

use std::io::ErrorKind::PermissionDenied;
use std::path::Path;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::folder::{RunRecord, nothing_runs};
use super::protocol::{Line, Request};
use crate::failure::{Failure, Kind, OrFail, Outcome};

/// A connection to the simulation of a solution, good for one request.
#[derive(Debug)]
pub struct Connection {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl Connection {
    /// Connects to the simulation that runs for the solution in `project`.
    pub async fn open(project: &Path) -> Outcome<Self> {
        let record = RunRecord::load(&project.join(".edgectl")).ok_or_else(|| nothing_runs(project))?;
        match UnixStream::connect(record.control_socket()).await {
            Ok(stream) => Ok(Self::over(stream)),
            Err(error) if error.kind() == PermissionDenied => {
                Err(Failure::machine("the simulation belongs to another user").cause(error).hint("run it as yourself"))
            }
            Err(_) => Err(nothing_runs(project)),
        }
    }

    fn over(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { lines: BufReader::new(reader).lines(), writer }
    }

    /// Sends the request; then read records with [`Connection::next`].
    pub async fn request(&mut self, request: &Request) -> Outcome {
        let mut line = serde_json::to_string(request).or_fail(Kind::Bug, || "cannot write the request")?;
        line.push('\n');
        match self.writer.write_all(line.as_bytes()).await {
            Ok(()) => Ok(()),
            // Why it takes no more it may have said before it closed the connection.
            Err(_) => self.next().await.map(drop),
        }
    }

    /// Returns the next record, or `None` at the end of the answer.
    pub async fn next(&mut self) -> Outcome<Option<Value>> {
        let line = self.lines.next_line().await.or_fail(Kind::Machine, || "cannot hear the simulation")?;
        let Some(line) = line else {
            return Err(Failure::refused("the simulation ended before it answered")
                .hint("see why where it runs; with `--detach` that is `.edgectl/simulate.log`"));
        };
        match serde_json::from_str(&line).or_fail(Kind::Bug, || "cannot read the simulation's answer")? {
            Line::Record(record) => Ok(Some(record)),
            Line::Done => Ok(None),
            Line::Failed(failure) => Err(failure.into()),
        }
    }

    /// Sends a request whose answer is one record, and returns that.
    pub async fn ask(project: &Path, request: &Request) -> Outcome<Value> {
        let mut connection = Self::open(project).await?;
        connection.request(request).await?;
        let record = connection.next().await?;
        record.ok_or_else(|| Failure::new(Kind::Bug, "the simulation answered nothing"))
    }

    /// The same as [`Connection::ask_all`], but `None` if no simulation runs for the solution.
    pub async fn ask_if_running(project: &Path, request: &Request) -> Outcome<Option<Vec<Value>>> {
        let Some(record) = RunRecord::load(&project.join(".edgectl")) else { return Ok(None) };
        // The record of a simulation that was killed names a socket that nobody listens on.
        if UnixStream::connect(record.control_socket()).await.is_err_and(|error| error.kind() != PermissionDenied) {
            return Ok(None);
        }
        Self::ask_all(project, request).await.map(Some)
    }

    /// Sends a request and returns all records of its answer.
    pub async fn ask_all(project: &Path, request: &Request) -> Outcome<Vec<Value>> {
        let mut connection = Self::open(project).await?;
        connection.request(request).await?;
        let mut records = Vec::new();
        while let Some(record) = connection.next().await? {
            records.push(record);
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::server::{ControlCall, serve};
    use super::*;
    use crate::net::UnixSocket;

    async fn answered(handle: impl Fn(ControlCall) + Clone + Send + 'static, request: &Request) -> Vec<Outcome<Value>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("c.sock");
        tokio::spawn(serve(UnixSocket::bind(&path, 0o600).await.expect("bound"), handle));
        let mut connection = Connection::over(UnixStream::connect(&path).await.expect("connected"));
        connection.request(request).await.expect("sent");
        let mut answers = Vec::new();
        loop {
            match connection.next().await {
                Ok(Some(record)) => answers.push(Ok(record)),
                Ok(None) => return answers,
                Err(failure) => {
                    answers.push(Err(failure));
                    return answers;
                }
            }
        }
    }

    #[tokio::test]
    async fn records_come_in_order_and_then_the_end() {
        let handle = |call: ControlCall| {
            assert_eq!(call.request, Request::Ps);
            (0..3).for_each(|n| assert!(call.answers.record(&json!({ "n": n }))));
            call.answers.done();
        };
        let answers = answered(handle, &Request::Ps).await;
        let records: Vec<Value> = answers.into_iter().map(|answer| answer.expect("a record")).collect();
        assert_eq!(records, [json!({"n": 0}), json!({"n": 1}), json!({"n": 2})]);
    }

    #[tokio::test]
    async fn a_failure_keeps_its_words_and_its_exit_code() {
        let handle = |call: ControlCall| {
            call.answers.fail(&Failure::refused("`filter` gave no answer").cause("it sleeps").hint("wake it"));
        };
        let mut answers = answered(handle, &Request::Stop).await;
        let failure = answers.remove(0).expect_err("it failed");
        assert_eq!(failure.kind(), Kind::Refused);
        assert_eq!(
            (failure.message(), failure.causes(), failure.hints()),
            ("`filter` gave no answer", &["it sleeps".to_owned()][..], &["wake it".to_owned()][..])
        );
    }

    #[tokio::test]
    async fn a_command_that_is_too_long_is_told_its_limit() {
        let manifest = Value::String("x".repeat(3 << 20));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("c.sock");
        let handle = |_: ControlCall| panic!("it is not whole");
        tokio::spawn(serve(UnixSocket::bind(&path, 0o600).await.expect("bound"), handle));
        let mut connection = Connection::over(UnixStream::connect(&path).await.expect("connected"));
        let failure = connection.request(&Request::Deploy { device: None, manifest }).await.expect_err("too long");
        assert_eq!(failure.message(), "the command is too long");
        let cause = "the simulation takes 1048576 bytes, with the manifest or the message in them";
        assert_eq!((failure.causes(), failure.hints().len()), (&[cause.to_owned()][..], 1));
    }

    #[tokio::test]
    async fn a_simulation_that_dies_is_told() {
        let handle = |call: ControlCall| drop(call.answers);
        let mut answers = answered(handle, &Request::Ps).await;
        let failure = answers.remove(0).expect_err("it failed");
        assert_eq!(failure.message(), "the simulation ended before it answered");
    }
}

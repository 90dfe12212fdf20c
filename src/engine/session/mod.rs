//! A session of BuildKit: while a build runs, the engine asks back for logins, secrets and SSH agents.
//!
//! bollard 0.21 serves logins only, so a build with secrets or agents gets a session of ours instead. The engine is the
//! client of gRPC here, over the connection that we opened and it upgraded.

mod agent;
mod grpc;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::endpoint::Endpoint;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::image::{BuildPlan, Secret};
use crate::net;
use grpc::{Answer, Refusal};

const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
const GET_SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const CHECK_AGENT: &str = "/moby.sshforward.v1.SSH/CheckAgent";
const FORWARD_AGENT: &str = "/moby.sshforward.v1.SSH/ForwardAgent";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// `SERVING`
const HEALTHY: &[u8] = &[0x08, 0x01];

/// As much as BuildKit takes for one.
const LARGEST_SECRET: u64 = 500 * 1024;
const LARGEST_REQUEST: usize = 64 * 1024;

/// What the hub is called by who asks for its login.
const HUB_HOST: &str = "registry-1.docker.io";

/// A session that is served until it is dropped.
#[derive(Debug)]
pub(super) struct Session {
    /// What the build names it by.
    pub(super) id: String,
    served: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// What the engine may ask for.
pub(super) struct Services {
    logins: HashMap<String, DockerCredentials>,
    secrets: BTreeMap<String, Vec<u8>>,
    agents: BTreeMap<String, PathBuf>,
}

impl Services {
    /// Reads the secrets of a plan.
    pub(super) fn load(plan: &BuildPlan, logins: HashMap<String, DockerCredentials>) -> Outcome<Self> {
        let read = |(id, secret): (&String, &Secret)| Ok((id.clone(), load_secret(id, secret)?));
        let secrets = plan.secrets.iter().map(read).collect::<Outcome<_>>()?;
        Ok(Self { logins, secrets, agents: plan.agents.clone() })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        let path = request.uri().path().to_owned();
        let answered = match path.as_str() {
            HEALTH => Ok(grpc::message(HEALTHY)),
            FORWARD_AGENT => self.forward(request).await,
            path => self.answer_message(path, request).await,
        };
        answered.unwrap_or_else(|refusal| grpc::refused(&refusal))
    }

    async fn answer_message(&self, path: &str, request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
        let body = Limited::new(request.into_body(), LARGEST_REQUEST).collect().await;
        let body = body.map_err(|error| Refusal::internal(error.to_string()))?.to_bytes();
        let asked = grpc::first_field(grpc::payload(&body));
        let asked = String::from_utf8_lossy(asked.unwrap_or_default()).into_owned();
        match path {
            CREDENTIALS => Ok(grpc::message(&self.credentials(&asked))),
            GET_SECRET => match self.secrets.get(&asked) {
                Some(secret) => Ok(grpc::message(&grpc::field(1, secret))),
                None => Err(Refusal::not_found(format!("secret `{asked}`: not found"))),
            },
            CHECK_AGENT => self.agent(&asked).map(|_| grpc::message(&[])),
            path => Err(Refusal::unknown(path)),
        }
    }

    /// User name and secret; an identity token comes without a user name; both empty: nobody.
    fn credentials(&self, host: &str) -> Vec<u8> {
        let key = if host == HUB_HOST { super::credentials::key_of(crate::image::DOCKER_HUB) } else { host.to_owned() };
        let Some(login) = self.logins.get(&key) else { return Vec::new() };
        match (&login.identitytoken, &login.username, &login.password) {
            (Some(token), ..) => grpc::field(2, token.as_bytes()),
            (None, Some(user), Some(secret)) => {
                [grpc::field(1, user.as_bytes()), grpc::field(2, secret.as_bytes())].concat()
            }
            _ => Vec::new(),
        }
    }

    fn agent(&self, id: &str) -> Result<&PathBuf, Refusal> {
        let id = if id.is_empty() { "default" } else { id };
        self.agents.get(id).ok_or_else(|| Refusal::not_found(format!("ssh agent `{id}`: not found")))
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
        let id = request.headers().get("buildkit.ssh.id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let socket = self.agent(id)?;
        let stream = UnixStream::connect(socket).await;
        let stream = stream.map_err(|error| Refusal::internal(format!("{}: {error}", socket.display())))?;
        Ok(agent::forward(request.into_body(), stream))
    }
}

/// Opens a session at the engine and serves it; the engine may take so long for its answer.
pub(super) async fn open(endpoint: &Endpoint, services: Services, patience: Duration) -> Outcome<Session> {
    let cannot =
        |why: String| Failure::machine("cannot open a session of BuildKit for secrets and SSH agents").cause(why);
    match tokio::time::timeout(patience, connect(endpoint, services)).await {
        Ok(opened) => opened
            .map_err(|why| cannot(why).hint("update the container engine: a docker engine has sessions from 18.09 on")),
        Err(_) => Err(cannot(format!("the container engine gave no answer within {} s", patience.as_secs()))
            .hint("see with `docker info` whether it still answers, and restart it if not")),
    }
}

async fn connect(endpoint: &Endpoint, services: Services) -> Result<Session, String> {
    let told = |error: io::Error| error.to_string();
    match endpoint {
        Endpoint::Unix(path) => serve(UnixStream::connect(path).await.map_err(told)?, services).await,
        Endpoint::Tcp(address) => serve(TcpStream::connect(address).await.map_err(told)?, services).await,
        Endpoint::Tls { address, certificates } => {
            let stream = net::connect_mutual(address, certificates).await.map_err(|error| error.to_string())?;
            serve(stream, services).await
        }
    }
}

async fn serve<S>(stream: S, services: Services) -> Result<Session, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let id = uuid::Uuid::new_v4().simple().to_string();
    let mut request = Request::post("/session")
        .header("host", "docker")
        .header("connection", "Upgrade")
        .header("upgrade", "h2c")
        .header("x-docker-expose-session-uuid", &id)
        .header("x-docker-expose-session-name", "edgectl");
    for method in [CREDENTIALS, GET_SECRET, CHECK_AGENT, FORWARD_AGENT, HEALTH] {
        request = request.header("x-docker-expose-session-grpc-method", method);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection.with_upgrades());
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        connection.abort();
        return Err(format!("the engine answered with status {}", answer.status().as_u16()));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(|error| error.to_string())?;
    let served = tokio::spawn(async move {
        let services = Arc::new(services);
        let service = service_fn(move |request| {
            let services = Arc::clone(&services);
            async move { Ok::<_, Infallible>(services.answer(request).await) }
        });
        // It ends when the engine, or we, have no more use for it.
        let _ =
            hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(upgraded, service).await;
    });
    Ok(Session { id, served })
}

fn load_secret(id: &str, secret: &Secret) -> Outcome<Vec<u8>> {
    let bytes = match secret {
        Secret::Value(value) => value.clone().into_bytes(),
        Secret::File(path) => std::fs::read(path)
            .or_fail(Kind::Request, || format!("cannot read the secret `{id}` from `{}`", path.display()))
            .map_err(|failure| failure.hint("name its file with `--secret id=NAME,src=PATH`"))?,
    };
    if bytes.len() as u64 <= LARGEST_SECRET {
        return Ok(bytes);
    }
    Err(Failure::request(format!("the secret `{id}` is too long"))
        .cause(format!("it has {} bytes, BuildKit takes {LARGEST_SECRET}", bytes.len()))
        .hint("hand over a shorter one"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_engine_that_never_answers_gets_no_session() {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let endpoint = Endpoint::Tcp(silent.local_addr().expect("it is bound").to_string());
        let nothing = Services { logins: HashMap::new(), secrets: BTreeMap::new(), agents: BTreeMap::new() };
        let failure = open(&endpoint, nothing, Duration::from_secs(1)).await.expect_err("nobody answers");
        assert_eq!(failure.causes(), ["the container engine gave no answer within 1 s"]);
        assert_eq!(failure.hints(), ["see with `docker info` whether it still answers, and restart it if not"]);
    }
}

//! `edgectl credentials`: what a module or child device needs to run outside edgectl.

use serde_json::{Map, Value, json};

use super::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::identity::{ConnectionString, Proof};
use crate::simulator::control::{Connection, Request, TargetName};
use crate::simulator::devices;

/// Print the environment to run a module or device outside edgectl
///
/// For a launch configuration of an IDE, or `eval "$(edgectl credentials filter)"`. With both ways of authentication,
/// the Python SDK takes the workload API and the Node SDK the connection string; `--auth` picks one. Start the
/// simulation with `--external MODULE`, so that the module does not run twice.
///
/// Of a child device: `IOTHUB_DEVICE_CONNECTION_STRING`, `IOTEDGE_ROOT_CA_CERT_PATH` and, if edgectl made its
/// certificate, `X509_CERT_FILE` and `X509_KEY_FILE`, as the samples of the SDKs name them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  eval \"$(edgectl credentials filter)\"\n  \
    edgectl credentials filter --format connection-string")]
pub struct Credentials {
    /// Module (`filter`, `DEVICE/MODULE`), or a child device
    target: TargetName,
    /// Format: `env`, `json` or `connection-string`
    #[arg(long, value_enum, default_value_t = Form::Env, hide_possible_values = true)]
    format: Form,
    /// Proof of who the module is: `workload`, `connection-string` or `both`
    #[arg(long, value_enum, default_value_t = Auth::Both, hide_possible_values = true)]
    auth: Auth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// `export NAME='VALUE'` lines for a shell
    Env,
    /// `{"NAME":"VALUE"}`
    Json,
    /// The connection string alone
    ConnectionString,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Auth {
    /// Tokens signed by the workload API
    Workload,
    /// Tokens made with the module's own key
    ConnectionString,
    /// The environment of both
    Both,
}

pub(super) fn run(cx: &Context, args: &Credentials) -> Outcome {
    if (args.format, args.auth) == (Form::ConnectionString, Auth::Workload) {
        return Err(Failure::usage("the workload API needs no connection string")
            .hint("pass `--format env`, or leave `--auth workload` out"));
    }
    let request = Request::Credentials { target: args.target.clone() };
    let answer = cx.block_on(Connection::ask(cx.project(), &request))?;
    if answer["workload"].is_null() && args.auth == Auth::Workload {
        return Err(Failure::request(format!("`{}` is a device, and the workload API is for modules", args.target.0))
            .hint("leave `--auth workload` out"));
    }
    let mut variables = select(&answer, args.auth);
    name_certificate(cx, &mut variables)?;
    match args.format {
        Form::ConnectionString => print_connection_string(cx, &variables),
        Form::Env if !cx.ui().is_json() => cx.ui().result(render_exports(&variables)),
        Form::Env | Form::Json => cx.ui().document(&variables),
    }
}

/// Adds where the certificate lies that `edgectl device add` made for a device, whatever the simulation keeps.
fn name_certificate(cx: &Context, variables: &mut Map<String, Value>) -> Outcome {
    let text = variables.get(CONNECTION_STRINGS[1]).and_then(Value::as_str).unwrap_or_default();
    let Ok(ConnectionString { identity: Some(identity), proof: Proof::Certificate, .. }) =
        ConnectionString::parse(text)
    else {
        return Ok(());
    };
    let files = devices::certificate_variables(&cx.project_absolute()?, &identity.device);
    variables.extend(files.into_iter().flatten().map(|(name, path)| (name.to_owned(), json!(path))));
    Ok(())
}

/// The variables that hold a connection string: of a module, of a device.
const CONNECTION_STRINGS: [&str; 2] = ["EdgeHubConnectionString", "IOTHUB_DEVICE_CONNECTION_STRING"];

fn print_connection_string(cx: &Context, variables: &Map<String, Value>) -> Outcome {
    let found = CONNECTION_STRINGS.iter().find_map(|name| variables.get(*name));
    let Some(Value::String(text)) = found else {
        return Err(Failure::new(Kind::Bug, "the simulation told no connection string"));
    };
    match cx.ui().is_json() {
        true => cx.ui().document(&serde_json::json!({ "connectionString": text })),
        false => cx.ui().result(text),
    }
}

/// Picks the variables of one way of authentication, or of both.
fn select(answer: &Value, auth: Auth) -> Map<String, Value> {
    let parts: &[&str] = match auth {
        Auth::Workload => &["workload"],
        Auth::ConnectionString => &["connectionString"],
        Auth::Both => &["workload", "connectionString"],
    };
    let members = parts.iter().filter_map(|part| answer[part].as_object()).flatten();
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn render_exports(variables: &Map<String, Value>) -> String {
    let export =
        |(name, value): (&String, &Value)| format!("export {name}={}", quote(value.as_str().unwrap_or_default()));
    variables.iter().map(export).collect::<Vec<_>>().join("\n")
}

/// Quotes a text for any POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer() -> Value {
        json!({
            "workload": { "IOTEDGE_MODULEID": "filter", "IOTEDGE_WORKLOADURI": "unix:///x.sock" },
            "connectionString": { "EdgeHubConnectionString": "HostName=h;SharedAccessKey=a=", "IOTEDGE_MODULEID": "filter" },
        })
    }

    #[test]
    fn each_way_of_authentication_has_its_variables() {
        let names = |auth| select(&answer(), auth).keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(Auth::Workload), ["IOTEDGE_MODULEID", "IOTEDGE_WORKLOADURI"]);
        assert_eq!(names(Auth::ConnectionString), ["EdgeHubConnectionString", "IOTEDGE_MODULEID"]);
        assert_eq!(names(Auth::Both), ["IOTEDGE_MODULEID", "IOTEDGE_WORKLOADURI", "EdgeHubConnectionString"]);
    }

    #[test]
    fn exports_survive_any_shell() {
        let variables = select(&json!({ "workload": { "A": "it's $HOME", "B": "" } }), Auth::Workload);
        assert_eq!(render_exports(&variables), "export A='it'\\''s $HOME'\nexport B=''");
    }
}

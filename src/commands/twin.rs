//! `edgectl twin`: the twin of a module or device.

use serde_json::Value;

use super::Context;
use super::input::read_json;
use crate::failure::{Failure, Outcome};
use crate::simulator::control::{Connection, Request, TargetName, TwinChange};
use crate::twin::TwinDocument;

/// Show or change a twin
///
/// Every subcommand prints the whole twin, as the service sees it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl twin show filter\n  edgectl twin patch filter '{\"threshold\": 30}'\n  \
    edgectl twin replace filter @desired.json")]
pub struct Twin {
    #[command(subcommand)]
    command: TwinCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TwinCommand {
    /// Show a twin
    #[command(after_help = "Example:\n  edgectl twin show filter")]
    Show(Show),
    /// Merge desired properties; `null` removes one
    ///
    /// Limits of desired properties: keys up to 1024 bytes without control characters, `.`, `$` and blanks; strings up
    /// to 4096 bytes; integers that a double can hold; 10 levels; no `null` in arrays; 32 KB in all, and 8 KB of tags.
    #[command(after_help = "Examples:\n  edgectl twin patch filter '{\"threshold\": 30, \"old\": null}'\n  \
        edgectl twin patch filter --document '{\"tags\": {\"hall\": 4}}'")]
    Patch(Change),
    /// Replace all desired properties
    #[command(after_help = "Example:\n  edgectl twin replace filter @desired.json")]
    Replace(Change),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Module of the device (`filter`, `$edgeAgent`), a device, or `DEVICE/MODULE`
    target: TargetName,
}

#[derive(Debug, clap::Args)]
struct Change {
    /// Module of the device (`filter`, `$edgeAgent`), a device, or `DEVICE/MODULE`
    target: TargetName,
    /// Desired properties: JSON, `@FILE`, or `-` for standard input
    #[arg(value_name = "JSON", allow_hyphen_values = true)]
    desired: String,
    /// Take the form of the service: `{"properties":{"desired":{…}},"tags":{…}}`, or all that `twin show` prints
    #[arg(long)]
    document: bool,
}

/// Which shape the JSON of a change has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Bare,
    Document,
}

/// What happens to the properties that are not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    Stay,
    Go,
}

pub(super) fn run(cx: &Context, args: Twin) -> Outcome {
    let (target, change) = match args.command {
        TwinCommand::Show(show) => (show.target, TwinChange::Show),
        TwinCommand::Patch(change) => (change.target.clone(), change.read(Others::Stay)?),
        TwinCommand::Replace(change) => (change.target.clone(), change.read(Others::Go)?),
    };
    let twin = cx.block_on(Connection::ask(cx.project(), &Request::Twin { target, change }))?;
    cx.ui().document(&twin)
}

impl Change {
    fn read(&self, others: Others) -> Outcome<TwinChange> {
        let form = if self.document { Form::Document } else { Form::Bare };
        plan_change(read_json(&self.desired)?, form, others)
    }
}

fn plan_change(json: Value, form: Form, others: Others) -> Outcome<TwinChange> {
    if form == Form::Document {
        let refused = |error: crate::twin::TwinError| {
            Failure::request("the JSON is not in the service form").cause(&error).hint(error.hint())
        };
        let TwinDocument { desired, tags } = TwinDocument::parse(json).map_err(refused)?;
        return Ok(match others {
            Others::Stay => TwinChange::PatchDocument { desired, tags },
            Others::Go => TwinChange::ReplaceDocument { desired, tags },
        });
    }
    let Value::Object(desired) = json else {
        return Err(Failure::request("desired properties are a JSON object, found another value")
            .hint("write an object such as '{\"threshold\": 30}'"));
    };
    if TwinDocument::is_service_form(&desired) {
        return Err(Failure::request("expected the bare desired properties, found the service form")
            .hint("pass `--document`, or give only what stands in `properties.desired`"));
    }
    Ok(match others {
        Others::Stay => TwinChange::Patch(desired),
        Others::Go => TwinChange::Replace(desired),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> serde_json::Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn the_bare_object_is_the_desired_properties() {
        let desired = json!({ "threshold": 30 });
        let patch = plan_change(desired.clone(), Form::Bare, Others::Stay).expect("planned");
        assert_eq!(patch, TwinChange::Patch(map(desired.clone())));
        let replace = plan_change(desired.clone(), Form::Bare, Others::Go).expect("planned");
        assert_eq!(replace, TwinChange::Replace(map(desired)));
    }

    #[test]
    fn a_document_is_taken_apart() {
        let document = json!({ "properties": { "desired": { "a": 1 } }, "tags": { "t": 1 } });
        let (desired, tags) = (Some(map(json!({ "a": 1 }))), Some(map(json!({ "t": 1 }))));
        let patch = plan_change(document, Form::Document, Others::Stay).expect("planned");
        assert_eq!(patch, TwinChange::PatchDocument { desired, tags });
        let replace = plan_change(json!({ "tags": {} }), Form::Document, Others::Go).expect("planned");
        assert_eq!(replace, TwinChange::ReplaceDocument { desired: None, tags: Some(serde_json::Map::new()) });
    }

    #[test]
    fn the_service_form_is_hinted_to_its_flag() {
        let shown = json!({ "deviceId": "d", "etag": "x", "properties": { "desired": {}, "reported": {} } });
        for document in [json!({ "properties": { "desired": {} } }), json!({ "tags": {} }), shown] {
            let failure = plan_change(document, Form::Bare, Others::Stay).expect_err("refused");
            assert_eq!(failure.message(), "expected the bare desired properties, found the service form");
            assert_eq!(failure.hints(), ["pass `--document`, or give only what stands in `properties.desired`"]);
        }
        plan_change(json!({ "tags": {}, "threshold": 1 }), Form::Bare, Others::Stay).expect("ordinary properties");
        plan_change(json!({}), Form::Bare, Others::Go).expect("nothing is desired any more");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let failure = plan_change(json!([1]), Form::Bare, Others::Stay).expect_err("refused");
        assert_eq!(failure.message(), "desired properties are a JSON object, found another value");
        let failure = plan_change(json!({ "a": 1 }), Form::Document, Others::Stay).expect_err("refused");
        assert_eq!(failure.causes(), ["expected only `properties.desired` and `tags` in the document, found `a`"]);
    }
}

//! Adding a module to the deployment templates: the module's entry, its twin's desired properties and a route.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Solution, load_template};
use crate::document::{Document, Syntax};
use crate::failure::{Failure, Outcome};
use crate::json::{Member, insert_member};
use crate::manifest::{is_layer, module_member, modules_content};
use crate::text::Pointer;
use crate::yaml;

/// What a new module brings to a deployment template.
#[derive(Debug, Clone, PartialEq)]
pub struct WireSpec {
    /// The entry under `$edgeAgent`'s `modules`.
    pub entry: Value,
    /// The desired properties of its twin, if it has some.
    pub desired: Option<Map<String, Value>>,
    /// Name and text of a route.
    pub route: Option<(String, String)>,
    /// The createOptions under which a debugger reaches it, for the debug template.
    pub debug_options: Option<Value>,
}

/// What is to happen to one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wiring {
    /// The file gets this text; all that stood there stays, comments included.
    Edit {
        /// The template.
        path: PathBuf,
        /// Its new text.
        text: String,
    },
    /// edgectl cannot edit the file without losing comments: the user is to paste this.
    Paste {
        /// The template.
        path: PathBuf,
        /// What to paste, with the members it belongs under.
        text: String,
    },
}

impl WireSpec {
    /// What iotedgedev adds for a module that the solution builds: its image, and a route of all outputs upstream.
    pub fn of_module(name: &str) -> Self {
        Self {
            entry: entry(&format!("${{MODULES.{name}}}")),
            desired: None,
            route: Some((format!("{name}ToIoTHub"), format!("FROM /messages/modules/{name}/outputs/* INTO $upstream"))),
            debug_options: None,
        }
    }

    /// The same for an image that exists already.
    pub fn of_image(name: &str, image: &str) -> Self {
        Self { entry: entry(image), ..Self::of_module(name) }
    }

    /// The same with the image that has a debugger and what that needs, for the debug template.
    fn debug(&self, name: &str) -> Self {
        let mut debug = self.clone();
        if let Some(options) = &self.debug_options
            && let Some(place) = debug.entry.pointer_mut("/settings/createOptions")
        {
            *place = options.clone();
        }
        if let Some(image) =
            debug.entry.pointer_mut("/settings/image").filter(|image| **image == format!("${{MODULES.{name}}}"))
        {
            *image = json!(format!("${{MODULES.{name}.debug}}"));
        }
        debug
    }
}

fn entry(image: &str) -> Value {
    json!({
        "version": "1.0",
        "type": "docker",
        "status": "running",
        "restartPolicy": "always",
        "settings": { "image": image, "createOptions": {} }
    })
}

/// Plans what a new module changes in the solution's template and, if there is one, in its debug template.
///
/// Nothing is written. A module or route of that name that is there already is refused.
pub fn wire_module(solution: &Solution, name: &str, spec: &WireSpec) -> Outcome<Vec<Wiring>> {
    let mut plan = vec![wire(solution, solution.template()?, name, spec)?];
    if let Some(debug) = solution.find_debug_template() {
        plan.push(wire(solution, debug, name, &spec.debug(name))?);
    }
    Ok(plan)
}

fn wire(solution: &Solution, path: PathBuf, name: &str, spec: &WireSpec) -> Outcome<Wiring> {
    let document = load_template(&path, &solution.shown(&path))?;
    let additions = plan(&document, name, spec)?;
    if document.syntax() == Syntax::Yaml {
        return Ok(match rewrite(&document, &additions) {
            Some(text) => Wiring::Edit { path, text },
            None => Wiring::Paste { path, text: paste(&additions) },
        });
    }
    let text = apply(&document, &additions).ok_or_else(|| unwritable(&document, &additions))?;
    Ok(Wiring::Edit { path, text })
}

/// A member to add: the object that gets it, its key and its value.
type Addition = (Pointer, String, Value);

fn plan(document: &Document, name: &str, spec: &WireSpec) -> Outcome<Vec<Addition>> {
    let content = modules_content(document)?;
    let mut additions = vec![under(document, &content, ("$edgeAgent", "modules"), (name, spec.entry.clone()))?];
    if let Some((route, text)) = &spec.route {
        additions.push(under(document, &content, ("$edgeHub", "routes"), (route, json!(text)))?);
    }
    if let Some(desired) = &spec.desired {
        refuse_existing(document, &content, name)?;
        additions.push((content, name.to_owned(), json!({ "properties.desired": desired })));
    }
    Ok(additions)
}

/// Adds a member to `modules` or `routes`; if that object itself is missing, it is added with the member in it.
fn under(
    document: &Document,
    content: &Pointer,
    (part, group): (&str, &str),
    (key, value): (&str, Value),
) -> Outcome<Addition> {
    let Some((desired, pointer)) = module_member(document, content, part, group) else {
        return over(document, content, (part, group), (key, value));
    };
    match document.node(&pointer) {
        None => Ok((desired, group.to_owned(), json!({ key: value }))),
        Some(group) => {
            group.object()?;
            refuse_existing(document, &pointer, key)?;
            Ok((pointer, key.to_owned(), value))
        }
    }
}

/// Adds a member to a layer, whose keys are dotted: `properties.desired.modules.filter`.
fn over(
    document: &Document,
    content: &Pointer,
    (part, group): (&str, &str),
    (key, value): (&str, Value),
) -> Outcome<Addition> {
    if !is_layer(document) {
        let told = document.error(content, format!("`{part}` has no `properties.desired`"));
        return Err(told.hint(format!("add `\"{part}\": {{\"properties.desired\": …}}` first")).into());
    }
    let twin = content.key(part);
    let whole = twin.key(&format!("properties.desired.{group}"));
    let dotted = format!("properties.desired.{group}.{key}");
    if document.node(&twin).is_none() {
        return Ok((content.clone(), part.to_owned(), json!({ dotted: value })));
    }
    let (holder, key) = if document.node(&whole).is_some() { (whole, key) } else { (twin, dotted.as_str()) };
    refuse_existing(document, &holder, key)?;
    Ok((holder, key.to_owned(), value))
}

/// Refuses a key that is there, in other letters too: routes could not tell two modules from each other.
fn refuse_existing(document: &Document, holder: &Pointer, key: &str) -> Outcome {
    let members = document.node(holder).map(|node| node.members()).transpose()?.unwrap_or_default();
    let Some((there, node)) = members.into_iter().find(|(there, _)| there.eq_ignore_ascii_case(key)) else {
        return Ok(());
    };
    let message = match there == key {
        true => format!("`{key}` is there already"),
        false => format!("`{there}` is there already, which differs from `{key}` in capitals only"),
    };
    let told = node.key_error(message).hint("choose another name");
    Err(told.into_failure(format!("cannot add `{key}` to `{}`", document.file())))
}

fn apply(document: &Document, additions: &[Addition]) -> Option<String> {
    let mut text = document.text().to_owned();
    let mut expected = document.value().clone();
    for (holder, key, value) in additions {
        text = insert_member(&text, holder, Member { key, value })?;
        expected.pointer_mut(holder.as_str())?.as_object_mut()?.insert(key.clone(), value.clone());
    }
    // The edit works on text; what it means must be the template plus the additions and nothing else.
    let edited = Document::parse_template(document.file(), &text).ok()?;
    (*edited.value() == expected).then_some(text)
}

/// Writes the whole YAML file anew if that changes nothing but the additions: if it stands as edgectl writes it.
fn rewrite(document: &Document, additions: &[Addition]) -> Option<String> {
    if yaml::render(document.value()) != document.text() {
        return None;
    }
    let mut value = document.value().clone();
    for (holder, key, addition) in additions {
        value.pointer_mut(holder.as_str())?.as_object_mut()?.insert(key.clone(), addition.clone());
    }
    Some(yaml::render(&value))
}

fn unwritable(document: &Document, additions: &[Addition]) -> Failure {
    Failure::request(format!("cannot add the module to `{}`", document.file()))
        .cause("the file's layout is one that edgectl cannot edit safely")
        .excerpt(paste(additions))
        .hint("add these members by hand")
}

/// The additions as one YAML document, from the root down.
fn paste(additions: &[Addition]) -> String {
    let mut root = json!({});
    for (holder, key, value) in additions {
        let mut at = &mut root;
        for step in holder.steps().into_iter().chain([key.clone()]) {
            at = &mut at[step.as_str()];
        }
        *at = value.clone();
    }
    yaml::render(&root)
}

impl Wiring {
    /// Returns the template that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Edit { path, .. } | Self::Paste { path, .. } => path,
        }
    }
}

//! `modules/<name>/module.json`: a module's images, and how to run it as a process.

use std::path::{Path, PathBuf};

use super::{Variables, load_template};
use crate::document::Node;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::image::{Platform, Reference, Variant};
use crate::manifest::expand_variables;
use crate::text::{TextError, nearest};

/// A module of the solution.
///
/// Members of `module.json` that edgectl doesn't know are left to the tools that do.
#[derive(Debug, Clone)]
pub struct Module {
    name: String,
    folder: PathBuf,
    file: String,
    repository: Result<String, TextError>,
    version: Result<String, TextError>,
    dockerfiles: Vec<(Platform, Variant, PathBuf)>,
    build_options: Vec<String>,
    context: PathBuf,
    language: Option<String>,
    run: Option<Run>,
}

/// How a module is run as a process: the member `run`, which only edgectl knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Commands that make the folder ready, such as the installation of packages.
    pub setup: Vec<Vec<String>>,
    /// The folder to run in, absolute.
    pub cwd: PathBuf,
}

impl Module {
    /// Reads the module in a folder; messages name its file relative to `root`.
    pub fn load(folder: &Path, root: &Path, variables: &Variables) -> Outcome<Self> {
        let path = folder.join("module.json");
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let document = load_template(&path, &file)?;
        let document = expand_variables(&document, &|name| variables.get(name))?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self::read(&document.root(), (name, folder, file), variables)?)
    }

    fn read(
        root: &Node<'_>,
        (name, folder, file): (String, &Path, String),
        variables: &Variables,
    ) -> Result<Self, TextError> {
        let image = root.need("image")?;
        let tag = image.need("tag")?;
        let mut dockerfiles = Vec::new();
        for (word, node) in tag.need("platforms")?.members()? {
            let (platform, variant) = Variant::split(word);
            let platform = Platform::parse(platform)
                .map_err(|error| node.key_error(error).hint("name the platform `amd64`, `arm32v7` or `arm64v8`"))?;
            dockerfiles.push((platform, variant, folder.join(node.text()?)));
        }
        let context = image.get("contextPath").map(|node| node.text()).transpose()?.unwrap_or(".");
        Ok(Self {
            repository: needed_text(&image, "repository", variables).map(|text| text.to_lowercase()),
            version: needed_text(&tag, "version", variables),
            dockerfiles,
            build_options: image.get("buildOptions").map(|node| node.texts()).transpose()?.unwrap_or_default(),
            context: tidy(&folder.join(context)),
            language: root.get("language").map(|node| node.text().map(str::to_owned)).transpose()?,
            run: root.get("run").map(|node| read_run(&node, folder)).transpose()?,
            name,
            folder: folder.to_owned(),
            file,
        })
    }

    /// Returns the module's name, which is its folder's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the module's folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the build context, absolute.
    pub fn context(&self) -> &Path {
        &self.context
    }

    /// Returns the flags for the engine's build.
    pub fn build_options(&self) -> &[String] {
        &self.build_options
    }

    /// Returns the language that `module.json` names.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// Returns how it is run as a process, if `module.json` says so.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Returns the platforms that it can be built for, in the file's order.
    pub fn platforms(&self) -> Vec<&Platform> {
        self.dockerfiles.iter().filter(|(_, variant, _)| *variant == Variant::Release).map(|(p, _, _)| p).collect()
    }

    /// Returns every image that it has a Dockerfile for, in the file's order.
    pub fn images(&self) -> impl Iterator<Item = (&Platform, Variant)> {
        self.dockerfiles.iter().map(|(platform, variant, _)| (platform, *variant))
    }

    /// Returns the Dockerfile for a platform.
    pub fn dockerfile(&self, platform: &Platform, variant: Variant) -> Outcome<&Path> {
        let mut entries = self.dockerfiles.iter();
        let found = entries.find(|(known, of, _)| known == platform && *of == variant);
        found.map(|(_, _, path)| path.as_path()).ok_or_else(|| self.no_dockerfile(platform, variant))
    }

    /// Returns the name of an image: `repository:version[-suffix]-platform`, as iotedgedev forms it; without the platform
    /// that of the list of all.
    pub fn image(&self, platform: &Platform, variant: Variant, tag_suffix: Option<&str>) -> Outcome<Reference> {
        let is_list = platform.is_multi() && self.dockerfile(platform, variant).is_err();
        if !is_list || !self.images().any(|(_, of)| of == variant) {
            self.dockerfile(platform, variant)?;
        }
        let (repository, version) = (self.repository.clone()?, self.version.clone()?);
        let tag_suffix = tag_suffix.map(|suffix| format!("-{suffix}")).unwrap_or_default();
        let platform = if is_list { String::new() } else { format!("-{platform}") };
        let text = format!("{repository}:{version}{tag_suffix}{platform}{}", variant.suffix());
        Reference::parse(&text)
            .or_fail(Kind::Request, || format!("cannot name the image of module `{}`", self.name))
            .map_err(|failure| {
                failure.hint(format!(
                    "correct `image.repository` and `image.tag.version` in `{}`, or the variables in them",
                    self.file
                ))
            })
    }

    fn no_dockerfile(&self, platform: &Platform, variant: Variant) -> Failure {
        let word = format!("{platform}{}", variant.suffix());
        let add = format!("add `{word}` under `image.tag.platforms`");
        let others: Vec<&Platform> =
            self.dockerfiles.iter().filter(|(_, of, _)| *of == variant).map(|(platform, _, _)| platform).collect();
        let hint = match others.first() {
            Some(other) => format!("{add}, or pass `--platform {other}`"),
            None => add,
        };
        Failure::request(format!("cannot build module `{}` for `{word}`", self.name))
            .cause(format!("{} lists no Dockerfile for that platform", self.file))
            .hint(hint)
    }
}

/// A text in which every variable must have had a value.
fn needed_text(node: &Node<'_>, key: &str, variables: &Variables) -> Result<String, TextError> {
    let node = node.need(key)?;
    let text = node.text()?;
    match text.find('$') {
        None if text.is_empty() => Err(node.error(format!("`{key}` is empty")).hint(format!("give `{key}` a value"))),
        None => Ok(text.to_owned()),
        Some(at) => {
            let name = text[at + 1..].trim_start_matches('{').split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
            let name = name.into_iter().next().unwrap_or_default();
            let told = node.error(format!("no variable `{name}`"));
            Err(told.hint(match nearest(name, variables.names()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("define `{name}` in `.env`, or in the environment"),
            }))
        }
    }
}

fn read_run(node: &Node<'_>, folder: &Path) -> Result<Run, TextError> {
    let command = node.need("command")?;
    let arguments = command.texts()?;
    if arguments.is_empty() {
        return Err(command.error("the command is empty").hint("write the program and its arguments, one string each"));
    }
    let cwd = node.get("cwd").map(|node| node.text()).transpose()?.unwrap_or(".");
    let setup = node.get("setup").map(|node| read_setup(&node)).transpose()?.unwrap_or_default();
    Ok(Run { command: arguments, setup, cwd: tidy(&folder.join(cwd)) })
}

/// One command, or several.
fn read_setup(node: &Node<'_>) -> Result<Vec<Vec<String>>, TextError> {
    let items = node.items()?;
    match items.first() {
        None => Ok(Vec::new()),
        Some(first) if first.value().is_string() => Ok(vec![node.texts()?]),
        Some(_) => items.iter().map(Node::texts).collect(),
    }
}

/// Takes `.` and `..` out of a path without asking the disk.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => drop(tidied.pop()),
            other => tidied.push(other),
        }
    }
    tidied
}

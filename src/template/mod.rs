//! Scaffolds: list, plan, render, write. Owns `handlebars` and `include_dir`.
//!
//! A template is a folder: `template.yaml` says what it is for, which parameters it takes and what is special about its
//! files; `files/` holds them. A file that ends in `.hbs` is rendered and loses that ending, any other is copied byte for
//! byte. Paths are rendered, too; one that names `{{platform}}` stands for a file of each platform. `debug.json.hbs`
//! says what the debug variant of the module wants.
//!
//! Some are inside the program, others come from a folder or a git repository ([`load_from`]); nothing of those is ever
//! executed. [`plan`] renders everything before [`write`] touches the disk, and [`write`] leaves all of the plan behind, or
//! nothing. What a new module means to the deployment template is no concern of this layer: its caller adds the edit.

mod answers;
mod debugging;
mod embedded;
mod error;
mod folder;
mod git;
mod manifest;
mod plan;
mod render;
mod write;

#[cfg(test)]
mod tests;

pub use answers::Answers;
pub use debugging::{Debugging, debuggable};
pub use embedded::{all, find};
pub use error::TemplateError;
pub use git::load_from;
pub use manifest::{Accepts, Parameter, Purpose, Template};
pub use plan::{Edit, Mode, Plan, PlannedFile, plan};
pub use write::{refuse_existing, write};

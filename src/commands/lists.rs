//! `--manifest-list`: one name for the images of a module's platforms, put together in the registry once all are there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::images::{ImageRecord, Job};
use super::ledger::{Ledger, read_inputs};
use crate::engine::registry::Member;
use crate::failure::{Failure, Outcome};
use crate::image::{INPUTS_LABEL, Platform, Reference, Variant};
use crate::solution::{Solution, Target};

/// The lists of a run, by module and variant, each with the members that are not in its registry yet.
pub(super) struct Lists(Mutex<BTreeMap<(String, Variant), List>>);

struct List {
    name: Reference,
    missing: usize,
    members: BTreeMap<Platform, (Member, Option<String>)>,
}

impl Lists {
    /// No lists are wanted.
    pub(super) fn none() -> Self {
        Self(Mutex::default())
    }

    /// One list for each module of the targets.
    pub(super) fn of(solution: &Solution, targets: &[Target], tag: Option<&str>) -> Outcome<Self> {
        let mut lists = BTreeMap::new();
        for target in targets {
            let module = solution.module(&target.module)?;
            let name = module.image(&Platform::multi(), target.variant, solution.tag_suffix(tag))?;
            let list = List { name, missing: 0, members: BTreeMap::new() };
            lists.entry((target.module.clone(), target.variant)).or_insert(list).missing += 1;
        }
        Ok(Self(Mutex::new(lists)))
    }

    /// Adds an image that its registry has; with the last one of a module, the list is put there and noted.
    pub(super) async fn add(&self, job: &Arc<Job>, ledger: &Ledger, inputs: Option<String>) -> Outcome {
        let Some(list) = self.complete(&job.target, inputs)? else { return Ok(()) };
        let members: Vec<Member> = list.members.values().map(|(member, _)| member.clone()).collect();
        let digest = job.registries.put_list(&list.name, &members, &|event| job.show(event)).await?;
        let platforms = list.members.keys().map(Platform::as_str).collect::<Vec<_>>().join(", ");
        job.done("Listed", &format!("`{}` ({platforms})", list.name));
        // Of all members or of none: a list is stale as soon as one of them is.
        let of = |(platform, (_, inputs)): (&Platform, &(Member, Option<String>))| {
            inputs.as_ref().map(|inputs| format!("{platform}={inputs}"))
        };
        let inputs: Option<Vec<String>> = list.members.iter().map(of).collect();
        ledger.record_list(&job.target, (list.name.to_string(), digest), inputs.map(|inputs| inputs.join(" ")))
    }

    /// Returns the list that is complete with this image.
    fn complete(&self, target: &Target, inputs: Option<String>) -> Outcome<Option<List>> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (target.module.clone(), target.variant);
        let Some(list) = lists.get_mut(&key) else { return Ok(None) };
        let platform = target.platform.oci().ok_or_else(|| {
            Failure::request(format!("cannot put `{}` into a list", target.plan.image))
                .cause(format!("`{}` is no platform that engines know", target.platform))
                .hint("name the platforms of the list with `--platform`")
        })?;
        let member = Member { image: target.plan.image.clone(), platform: platform.to_owned() };
        list.members.insert(target.platform.clone(), (member, inputs));
        list.missing -= 1;
        Ok(if list.missing == 0 { lists.remove(&key) } else { None })
    }
}

/// Returns the record of an image that this engine lacks and its registry has, from another machine; and what it was made
/// of, if that is what would be made now.
pub(super) async fn found_in_registry(job: &Arc<Job>) -> Outcome<Option<(ImageRecord, Option<String>)>> {
    let target = &job.target;
    let image = target.plan.image.to_string();
    if job.engine.has_image(&image).await? {
        return Ok(None);
    }
    let found = job.registries.look_for(&target.plan.image, &|event| job.show(event)).await?;
    let Some(remote) = found else { return Ok(None) };
    job.done("Found", &format!("`{image}` in its registry"));
    let inputs = remote.labels.get(INPUTS_LABEL).cloned();
    let inputs = read_inputs(&target.plan).await.filter(|now| inputs.as_ref() == Some(now));
    let record = ImageRecord {
        module: target.module.clone(),
        platform: target.platform.to_string(),
        image,
        id: Some(remote.id),
        digest: Some(remote.digest),
        cached: None,
        seconds: 0.0,
    };
    Ok(Some((record, inputs)))
}

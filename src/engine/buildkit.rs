//! What BuildKit says: vertices, their logs, their transfers.

use bollard::models::{BuildInfo, BuildInfoAux};

use super::transcript::{State, Transcript};
use super::transfer::Transfers;
use super::{Event, Watch};

/// Puts one message of the engine into the transcript.
pub(super) fn read(info: BuildInfo, transcript: &mut Transcript, transfers: &mut Transfers, watch: Watch<'_>) {
    let status = match info.aux {
        Some(BuildInfoAux::BuildKit(status)) => status,
        Some(BuildInfoAux::Default(image)) => {
            transcript.image_id = image.id.or_else(|| transcript.image_id.take());
            return;
        }
        None => return,
    };
    for vertex in status.vertexes {
        let step = transcript.step(&vertex.digest);
        let starts = vertex.started.is_some() && step.state == State::Announced;
        step.name = name_of(&vertex.name);
        if vertex.cached {
            step.state = State::Cached;
        } else if starts {
            step.state = State::Started;
            watch(Event::StepStarted(&step.name));
        }
        // A step that ends because another one failed is not the culprit.
        if !vertex.error.is_empty() && !vertex.error.contains("context canceled") {
            step.error = Some(vertex.error);
        }
    }
    for log in status.logs {
        transcript.step(&log.vertex).print(&log.msg, watch);
    }
    for part in status.statuses.iter().filter(|part| part.total > 0) {
        transfers.update(&part.id, part.current, part.total, watch);
    }
}

/// Says whether a step is of the Dockerfile and can be cached: `[2/4] RUN …`, `[build 1/3] COPY …`, but never `FROM`.
pub(super) fn is_counted(name: &str) -> bool {
    let instruction = name.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    instruction.is_some_and(|(place, instruction)| place != "internal" && !instruction.starts_with("FROM "))
}

/// BuildKit's own words where they would puzzle: the context comes to it as an archive at an address.
fn name_of(name: &str) -> String {
    match name {
        "[internal] load remote build context" => "[internal] load build context".to_owned(),
        "copy /context /" => "[internal] unpack build context".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_can_be_cached_are_told_from_the_rest() {
        assert!(["[2/4] RUN make", "[build 1/3] COPY . /"].iter().all(|name| is_counted(name)));
        let others = ["[1/4] FROM docker.io/library/a", "[internal] load build context", "exporting to image"];
        assert!(others.iter().all(|name| !is_counted(name)));
    }
}

//! What the classic builder says: text, in which `Step 2/4 : …` begins a step.

use bollard::models::{BuildInfo, BuildInfoAux};

use super::transcript::{State, Transcript};
use super::transfer::Transfers;
use super::{Event, Watch};

/// What the steps of labels are called: their instructions are long, and not of the Dockerfile.
const LABELS: &str = "[internal] label the image";

/// How a builder that writes text words it.
pub(super) struct Words {
    /// Returns the name of the step that a line begins, for an image that gets so many labels.
    pub(super) parse_step: fn(&str, usize) -> Option<String>,
    /// Begins a line which says that the step above was there from an earlier build.
    pub(super) cached: &'static str,
    /// Says whether a line is the builder's own, and of no use.
    pub(super) is_chatter: fn(&str) -> bool,
}

const WORDS: Words = Words { parse_step, cached: " ---> Using cache", is_chatter };

/// Puts one message of the engine into the transcript.
pub(super) fn read(info: BuildInfo, transcript: &mut Transcript, transfers: &mut Transfers, watch: Watch<'_>) {
    read_in(&WORDS, info, transcript, transfers, watch);
}

/// The same for any builder of this kind.
pub(super) fn read_in(
    words: &Words,
    info: BuildInfo,
    transcript: &mut Transcript,
    transfers: &mut Transfers,
    watch: Watch<'_>,
) {
    if let Some(BuildInfoAux::Default(image)) = info.aux {
        transcript.image_id = image.id.or_else(|| transcript.image_id.take());
    }
    if let (Some(id), Some(detail)) = (&info.id, &info.progress_detail)
        && let (Some(current), Some(total)) = (detail.current, detail.total)
    {
        transfers.update(id, current, total, watch);
    }
    let Some(text) = info.stream else { return };
    match (words.parse_step)(&text, transcript.labels) {
        Some(name) => {
            let step = transcript.step(&name);
            step.name = name;
            step.state = State::Started;
            watch(Event::StepStarted(&step.name));
        }
        None => read_output(words, &text, transcript, watch),
    }
}

fn read_output(words: &Words, text: &str, transcript: &mut Transcript, watch: Watch<'_>) {
    let Some(step) = transcript.last_step() else { return };
    if text.starts_with(words.cached) {
        step.state = State::Cached;
    }
    // The announcement of a step ends its line in a message of its own.
    let ends_announcement = text == "\n" && step.output().is_none();
    if !ends_announcement && !(words.is_chatter)(text) {
        step.print(text.as_bytes(), watch);
    }
}

/// Says whether a step is of the Dockerfile and can be cached: what stands before the first `FROM`, and `FROM` itself,
/// never is.
pub(super) fn is_counted(name: &str) -> bool {
    let instruction = name.split_once("] ").map_or("", |(_, instruction)| instruction).to_ascii_uppercase();
    name != LABELS && !["FROM ", "ARG "].iter().any(|word| instruction.starts_with(word))
}

/// Turns `Step 2/5 : RUN make` into `[2/4] RUN make`, as BuildKit writes it, where the last step is that of a label.
fn parse_step(text: &str, labels: usize) -> Option<String> {
    let (place, instruction) = text.strip_prefix("Step ")?.split_once(" : ")?;
    name_of(place, instruction, "", labels)
}

/// Names the step at `2/5`, where the last ones are those of labels; `None` if that is no place.
pub(super) fn name_of(place: &str, instruction: &str, stage: &str, labels: usize) -> Option<String> {
    let (number, count) = parse_place(place)?;
    let count = count.saturating_sub(labels);
    if number > count {
        return Some(LABELS.to_owned());
    }
    Some(format!("[{stage}{number}/{count}] {}", instruction.trim_end()))
}

/// Reads `2/5`.
pub(super) fn parse_place(text: &str) -> Option<(usize, usize)> {
    let (number, count) = text.split_once('/')?;
    Some((number.parse().ok()?, count.parse().ok()?))
}

fn is_chatter(text: &str) -> bool {
    [" ---> ", "Removing intermediate container ", "Successfully "].iter().any(|words| text.starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(texts: &[&str]) -> Transcript {
        let mut transcript = Transcript::new(1);
        for text in texts {
            let info = BuildInfo { stream: Some((*text).to_owned()), ..BuildInfo::default() };
            read(info, &mut transcript, &mut Transfers::default(), &|_| ());
        }
        transcript
    }

    #[test]
    fn output_belongs_to_the_step_above_it() {
        let mut transcript = read_all(&[
            "Step 1/3 : FROM base",
            "\n",
            " ---> 0123\n",
            "Step 2/3 : RUN make",
            " ---> Running in 4567\n",
            "cc a.c\n",
            "Removing intermediate container 4567\n",
        ]);
        let step = transcript.last_step().expect("there are steps");
        assert_eq!((step.name.as_str(), step.output().as_deref()), ("[2/2] RUN make", Some("cc a.c")));
    }

    #[test]
    fn a_build_is_cached_if_every_step_after_from_is() {
        let base =
            ["Step 1/5 : ARG A", "Step 2/5 : FROM base", " ---> 01\n", "Step 3/5 : COPY . /", " ---> Using cache\n"];
        let labelled = ["Step 5/5 : LABEL a=b", " ---> Running in 03\n"];
        assert!(read_all(&[&base[..], &labelled].concat()).is_cached(is_counted));
        let ran = [&base[..], &["Step 4/5 : RUN make", " ---> Running in 02\n"], &labelled].concat();
        assert!(!read_all(&ran).is_cached(is_counted));
    }
}

//! What Podman's builder says: text as from the classic builder, in which `STEP 2/4: …` begins a step, and
//! `[1/2] STEP 2/4: …` one of several stages.

use bollard::models::BuildInfo;

use super::Watch;
use super::classic::{self, Words};
use super::transcript::Transcript;
use super::transfer::Transfers;

const WORDS: Words = Words { parse_step, cached: "--> Using cache", is_chatter };

/// Puts one message of the engine into the transcript.
pub(super) fn read(info: BuildInfo, transcript: &mut Transcript, transfers: &mut Transfers, watch: Watch<'_>) {
    classic::read_in(&WORDS, info, transcript, transfers, watch);
}

/// Returns what is wrong with a step, without the step itself, which is known.
pub(super) fn without_step(said: &str) -> &str {
    let Some(quoted) = said.strip_prefix("building at STEP \"") else { return said };
    quoted.split_once("\": ").map_or(said, |(_, said)| said)
}

/// Turns `[2/2] STEP 2/5: RUN make` into `[stage-1 2/4] RUN make`, as BuildKit writes it, where the last step of the last
/// stage is that of a label.
fn parse_step(text: &str, labels: usize) -> Option<String> {
    let Some(rest) = text.strip_prefix('[') else { return parse_unstaged(text, "", labels) };
    let (stage, step) = rest.split_once("] ")?;
    let (stage, stages) = classic::parse_place(stage)?;
    let labels = if stage == stages { labels } else { 0 };
    parse_unstaged(step, &format!("stage-{} ", stage.saturating_sub(1)), labels)
}

fn parse_unstaged(text: &str, stage: &str, labels: usize) -> Option<String> {
    let (place, instruction) = text.strip_prefix("STEP ")?.split_once(": ")?;
    classic::name_of(place, instruction, stage, labels)
}

/// Short and whole ids of what was made, and what is done with the last of them.
fn is_chatter(text: &str) -> bool {
    let text = text.trim_end();
    let after_stage = text.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(text, |(_, rest)| rest);
    let is_id = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id || ["--> ", "Successfully "].iter().any(|words| text.starts_with(words)) || after_stage.starts_with("COMMIT ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(texts: &[&str]) -> Transcript {
        let mut transcript = Transcript::new(1);
        for text in texts {
            let info = BuildInfo { stream: Some(format!("{text}\n")), ..BuildInfo::default() };
            read(info, &mut transcript, &mut Transfers::default(), &|_| ());
        }
        transcript
    }

    // As Podman 4.3.1 writes it.
    #[test]
    fn steps_are_named_as_buildkit_names_them() {
        let cases = [
            ("STEP 1/3: FROM base", Some("[1/2] FROM base")),
            ("STEP 3/3: LABEL \"a\"=\"b\"", Some("[internal] label the image")),
            ("[1/2] STEP 3/3: RUN make", Some("[stage-0 3/3] RUN make")),
            ("[2/2] STEP 2/3: COPY --from=build /x /x", Some("[stage-1 2/2] COPY --from=build /x /x")),
            ("[2/2] COMMIT docker.io/library/a:1", None),
            ("STEP x", None),
        ];
        for (text, name) in cases {
            assert_eq!(parse_step(text, 1).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn output_belongs_to_the_step_above_it() {
        let mut transcript = read_all(&["STEP 1/3: FROM base", "STEP 2/3: RUN make", "cc a.c", "--> 0123456789a"]);
        let step = transcript.last_step().expect("there are steps");
        assert_eq!((step.name.as_str(), step.output().as_deref()), ("[2/2] RUN make", Some("cc a.c")));
    }

    #[test]
    fn a_build_is_cached_if_every_step_after_from_is() {
        let id = "0a".repeat(32);
        let cached = ["STEP 1/3: FROM base", "STEP 2/3: RUN make", "--> Using cache 01", "--> 01"];
        let end = ["STEP 3/3: LABEL \"a\"=\"b\"", "COMMIT a:1", "--> 02", &id];
        assert!(read_all(&[&cached[..], &end].concat()).is_cached(classic::is_counted));
        assert!(!read_all(&[&cached[..2], &end].concat()).is_cached(classic::is_counted));
    }

    #[test]
    fn the_step_is_taken_out_of_what_went_wrong() {
        let said =
            "building at STEP \"COPY no /\": checking on sources under \"/tmp/b\": copier: stat: \"/no\": no such file";
        assert_eq!(without_step(said), "checking on sources under \"/tmp/b\": copier: stat: \"/no\": no such file");
        assert_eq!(without_step("no space left"), "no space left");
    }
}

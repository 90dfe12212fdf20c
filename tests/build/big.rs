//! Contexts that are larger than memory should be: sent in pieces, to the real engine and to one that only drains.

use crate::fake::{Answer, DOCKER, Fake, common};
use crate::parts::{Own, engine, solution};
use crate::support::Folder;

/// What a build may take at most, in kilobytes, whatever it sends.
const MOST: u64 = 64 << 10;

fn with_sparse_file(folder: Folder, bytes: u64) -> Folder {
    let big = std::fs::File::create(folder.path("modules/filter/big")).expect("a file can be made");
    big.set_len(bytes).expect("a sparse file can be made");
    folder
}

#[track_caller]
fn check_memory(folder: &Folder, builder: &str) {
    let mut child = folder.command(&["build", "--quiet", "--builder", builder]).spawn().expect("it starts");
    let mut peak = 0;
    while child.try_wait().expect("it can be asked").is_none() {
        peak = peak_kilobytes(child.id()).unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it has ended");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!((1..MOST).contains(&peak), "{builder} took {peak} kB");
}

fn peak_kilobytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn a_gigabyte_for_the_real_engine_takes_little_memory() {
    if engine() {
        let own = Own::new();
        check_memory(&with_sparse_file(own.solution("RUN echo big"), 1 << 30), "buildkit");
        check_memory(&with_sparse_file(own.solution("RUN echo big"), 256 << 20), "classic");
    }
}

// `tests/bench-build.sh` sends 10 GB: a debug build would take a minute for them.
#[test]
fn gigabytes_for_an_engine_that_only_drains_arrive_whole_and_take_little_memory() {
    const SIZE: u64 = 3 << 30;
    let fake = Fake::start(|request| match request {
        build if build.contains("/build?") => Answer::Drained("{\"aux\":{\"ID\":\"sha256:0b\"}}\n"),
        other => common(other, DOCKER),
    });
    let folder = with_sparse_file(fake.use_in(solution("registry.test", "")), SIZE);
    check_memory(&folder, "classic");
    let drained = fake.drained();
    assert!((SIZE..SIZE + (1 << 22)).contains(&drained), "{drained} bytes arrived");
}

//! Whether this machine can run the steps of another platform's image: said before a build that would end with
//! `exec format error`.
//!
//! Knows only engines that share this machine's kernel; one elsewhere, or in a virtual machine, is taken at its word.

use std::path::Path;

use super::Engine;
use super::endpoint::Endpoint;

const BINFMT: &str = "/proc/sys/fs/binfmt_misc";
const KERNEL: &str = "/proc/sys/kernel/osrelease";

impl Engine {
    /// Returns what is missing to run steps of `platform` where the engine's own is `own`, with the way to get it.
    pub(super) async fn missing_emulator(&self, platform: &str, own: &str) -> Option<String> {
        let name = emulator_of(platform, own)?;
        if !matches!(self.endpoint, Endpoint::Unix(_)) || has_emulator(Path::new(BINFMT), name) {
            return None;
        }
        let kernel = self.docker.info().await.ok()?.kernel_version?;
        let ours = tokio::fs::read_to_string(KERNEL).await.ok()?;
        (kernel == ours.trim()).then(|| advice(platform))
    }
}

/// Says how to get the emulator of a platform.
pub(super) fn advice(platform: &str) -> String {
    let architecture = platform.split('/').nth(1).unwrap_or(platform);
    format!(
        "no emulator runs steps of {platform} on this machine: install one with \
         `docker run --privileged --rm tonistiigi/binfmt --install {architecture}`, or `sudo apt-get install qemu-user-static`"
    )
}

/// Returns what QEMU calls a platform; `None` for one that the processor runs by itself, or that is no Linux.
fn emulator_of(platform: &str, own: &str) -> Option<&'static str> {
    let architecture = platform.strip_prefix("linux/")?.split('/').next()?;
    let own = own.strip_prefix("linux/")?.split('/').next()?;
    match (own, architecture) {
        (own, other) if own == other => None,
        ("amd64", "386") | ("arm64", "arm") => None,
        (_, "amd64") => Some("x86_64"),
        (_, "386") => Some("i386"),
        (_, "arm64") => Some("aarch64"),
        (_, "arm") => Some("arm"),
        _ => None,
    }
}

/// Looks through the interpreters that the kernel knows. Rosetta, on Macs, runs what is for amd64.
fn has_emulator(folder: &Path, name: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut texts = entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.any(|text| {
        let interpreter = text.lines().find_map(|line| line.strip_prefix("interpreter ")).unwrap_or_default();
        let program = interpreter.rsplit('/').next().unwrap_or_default().trim_end_matches("-static");
        let is_it = program == format!("qemu-{name}") || (program == "rosetta" && name == "x86_64");
        is_it && text.starts_with("enabled")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_processor_runs_needs_no_emulator() {
        let cases = [
            ("linux/amd64", "linux/amd64", None),
            ("linux/386", "linux/amd64", None),
            ("linux/arm/v7", "linux/arm64", None),
            ("linux/arm64", "linux/amd64", Some("aarch64")),
            ("linux/arm/v7", "linux/amd64", Some("arm")),
            ("linux/amd64", "linux/arm64", Some("x86_64")),
            ("windows/amd64", "linux/arm64", None),
        ];
        for (platform, own, emulator) in cases {
            assert_eq!(emulator_of(platform, own), emulator, "{platform} on {own}");
        }
    }

    #[test]
    fn an_emulator_counts_while_it_is_enabled() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
        assert!(!has_emulator(folder.path(), "aarch64"));
        write("status", "enabled\n");
        write("qemu-arm", "disabled\ninterpreter /usr/bin/qemu-arm-static\nflags: F\n");
        write("qemu-aarch64", "enabled\ninterpreter /usr/libexec/qemu-binfmt/qemu-aarch64-static\nflags: F\n");
        assert_eq!(["aarch64", "arm", "x86_64"].map(|name| has_emulator(folder.path(), name)), [true, false, false]);
    }
}

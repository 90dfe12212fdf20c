//! Podman by its socket: what a user of docker expects works the same, and what differs is told.

use crate::parts::digest_in;
use crate::support::Folder;
use crate::support::parts::part;

/// A solution whose only base is what every engine has; the image holds busybox.
fn solution(socket: &str, repository: &str, step: &str) -> Folder {
    let module = format!(
        r#"{{"image": {{"repository": "{repository}/podman", "tag": {{"version": "1", "platforms": {{"amd64": "Dockerfile"}}}}}}}}"#
    );
    let dockerfile = format!("FROM scratch\nCOPY busybox /bin/sh\nRUN {step}\n");
    let folder = Folder::new()
        .file("modules/podman/module.json", &module)
        .file("modules/podman/Dockerfile", &dockerfile)
        .variable("DOCKER_HOST", socket);
    std::fs::copy("/bin/busybox", folder.path("modules/podman/busybox")).expect("busybox-static is installed");
    folder
}

#[test]
fn podman_is_told_from_docker_and_its_builder_named() {
    let Some(socket) = part("EDGECTL_TEST_PODMAN") else { return };
    let run = Folder::new().variable("DOCKER_HOST", &socket).run("check --json");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("a document");
    let told = report["checks"][0]["message"].as_str().expect("it is text");
    let path = socket.trim_start_matches("unix://");
    assert!(told.starts_with("Podman Engine ") && told.ends_with(", builds with buildah"), "{told}");
    assert!(told.contains(&format!(" at `{path}` (named by `DOCKER_HOST`): API 1.")), "{told}");
}

#[test]
fn an_unchanged_image_is_not_built_again_by_podman_either() {
    let Some(socket) = part("EDGECTL_TEST_PODMAN") else { return };
    let folder = solution(&socket, "edgectl-tests", "echo unchanged > /unchanged");
    let image = "edgectl-tests/podman:1-amd64";
    assert_eq!(folder.run("build --json").json()[0]["cached"], false);
    folder.run("build").check(0, &format!("{image}\n"), &format!("   Unchanged `{image}`\n"));
    // The other tests have images there, too, which nobody may remove from under them.
    let clean = folder.run("clean --images --dry-run");
    assert!(clean.stderr.contains(&format!("Would remove image `{image}`\n")), "{}", clean.stderr);
}

#[test]
fn a_failing_step_is_shown_with_its_output_as_from_docker() {
    let Some(socket) = part("EDGECTL_TEST_PODMAN") else { return };
    let folder = solution(&socket, "edgectl-tests/failing", "echo one; echo two; exit 3");
    folder.run("build").check(
        4,
        "",
        "error: cannot build `edgectl-tests/failing/podman:1-amd64`\n  \
         caused by: step `[3/3] RUN echo one; echo two; exit 3` ended with exit code 3\none\ntwo\n\
         hint: correct that step in `modules/podman/Dockerfile`, then build again\n",
    );
}

#[test]
fn a_plain_registry_of_this_machine_takes_images_and_gives_base_images_as_with_docker() {
    let Some(socket) = part("EDGECTL_TEST_PODMAN") else { return };
    let Some(registry) = part("EDGECTL_TEST_REGISTRY") else { return };
    let folder = solution(&socket, &registry, "echo pushed > /pushed");
    let pushed = folder.run("build --push --json").json();
    let digest = digest_in(&registry, "podman", "1-amd64").expect("the registry has it");
    assert_eq!(pushed[0]["digest"], digest.as_str());
    assert!(folder.read("images.lock").contains(&digest));
    let dockerfile = format!("FROM {registry}/podman:1-amd64\nRUN echo above > /above\n");
    let above = solution(&socket, "edgectl-tests/above", "").file("modules/podman/Dockerfile", &dockerfile);
    above.run("build --quiet --pull").check(0, "edgectl-tests/above/podman:1-amd64\n", "");
}

//! Pushes from the real engine to real registries, and what is taken back from these.

use crate::parts::{BUILDERS, Own, docker, engine, logged_in};
use crate::real::message_and_hints;
use crate::support::parts::part;

#[test]
fn a_pushed_digest_is_known_to_the_registry() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let own = Own::of(&registry);
    let folder = own.solution("RUN echo pushed > /pushed");
    let built = folder.run("build --push --json").json();
    let digest = own.digest("1-amd64").expect("the registry has the tag");
    assert_eq!((&built[0]["digest"], &built[0]["platform"]), (&digest.as_str().into(), &"amd64".into()));
    folder.run("push --quiet").check(0, &format!("{}@{digest}\n", own.image()), "");
}

#[test]
fn what_another_machine_pushed_is_not_built_again() {
    let open = part("EDGECTL_TEST_REGISTRY").filter(|_| engine());
    let closed = part("EDGECTL_TEST_REGISTRY_AUTH").filter(|_| engine());
    for registry in open.into_iter().chain(closed) {
        let user = part("EDGECTL_TEST_REGISTRY_USER").expect("it comes with the registry");
        let password = part("EDGECTL_TEST_REGISTRY_PASSWORD").expect("it comes with the registry");
        let own = Own::of(&registry);
        let folder = logged_in(own.solution("RUN echo elsewhere > /elsewhere"), &registry, &user, &password);
        let image = own.image();
        let built = folder.run("build --push --json").json();
        docker(&["image", "rm", &image]);
        let again = folder.run("build --push --json").json();
        assert_eq!((&again[0]["digest"], &again[0]["id"]), (&built[0]["digest"], &built[0]["id"]));
        assert_eq!(again[0]["cached"], true);
        assert_eq!(docker(&["image", "ls", "--quiet", &image]), b"", "nothing was built or pulled");
        let unchanged = format!("   Unchanged `{image}`, as its registry has it\n");
        folder.run("build").check(0, &format!("{image}@{}\n", built[0]["digest"].as_str().expect("text")), &unchanged);
        assert_ne!(docker(&["image", "ls", "--quiet", &image]), b"", "it was pulled");
        docker(&["image", "rm", &image]);
        folder.write("modules/filter/new", "");
        assert!(folder.run("build --push").stderr.trim_start().starts_with("Built"));
        docker(&["image", "rm", &image]);
    }
}

#[test]
fn a_password_that_needs_the_urls_base64_is_accepted() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY_AUTH").filter(|_| engine()) else { return };
    let user = part("EDGECTL_TEST_REGISTRY_USER").expect("it comes with the registry");
    let password = part("EDGECTL_TEST_REGISTRY_PASSWORD").expect("it comes with the registry");
    let own = Own::of(&registry);
    let folder = logged_in(own.solution("RUN echo secret > /pushed"), &registry, &user, &password);
    let run = folder.run("build --push --json --verbose");
    assert!(run.json()[0]["digest"].is_string());
    assert!(!run.stderr.contains(&password));
}

#[test]
fn a_wrong_password_is_one_failure_without_the_secret() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY_AUTH").filter(|_| engine()) else { return };
    let own = Own::of(&registry);
    let image = own.image();
    let login = format!("hint: log in with `docker login {registry}`, as a user who may push this repository\n");
    let folder = own.solution("RUN echo wrong > /pushed");
    folder.run("build --quiet").check(0, &format!("{image}\n"), "");
    let said = "no basic auth credentials";
    folder.run("push").check(4, "", &format!("error: cannot push `{image}`\n  caused by: {said}\n{login}"));
    let folder = logged_in(folder, &registry, "edgectl", "not the password");
    let said = "unauthorized: authentication required";
    folder.run("push").check(4, "", &format!("error: cannot push `{image}`\n  caused by: {said}\n{login}"));
}

#[test]
fn a_base_image_behind_a_password_is_pulled_with_it() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY_AUTH").filter(|_| engine()) else { return };
    let own = Own::new();
    let image = own.image();
    let user = part("EDGECTL_TEST_REGISTRY_USER").expect("it comes with the registry");
    let password = part("EDGECTL_TEST_REGISTRY_PASSWORD").expect("it comes with the registry");
    let behind = Own::of(&registry);
    let base = logged_in(behind.solution("RUN echo base > /base"), &registry, &user, &password);
    base.run("build --push --quiet");
    let base = behind.image();
    for builder in BUILDERS {
        docker(&["image", "rm", "--force", &base]);
        let folder = logged_in(own.solution(""), &registry, &user, &password)
            .file("modules/filter/Dockerfile", &format!("FROM {base}\nRUN ls /base\n"));
        let run = folder.run_args(&["build", "--quiet", "--pull", "--builder", builder]);
        run.check(0, &format!("{image}\n"), "");
    }
}

#[test]
fn a_registry_that_is_down_or_unknown_is_named() {
    if !engine() {
        return;
    }
    let down = "see whether the registry `127.0.0.1:1` is up and can be reached from the engine";
    let unknown = "correct the registry `registry.invalid` in `image.repository` of `module.json`, \
        or look to this machine's network";
    for (registry, hint) in [("127.0.0.1:1", down), ("registry.invalid", unknown)] {
        let own = Own::of(registry);
        let run = own.solution("").run("build --push --json --quiet");
        assert_eq!(run.status, Some(4), "{}", run.stderr);
        let message = format!("cannot push `{}`", own.image());
        assert_eq!(message_and_hints(&run), (message, vec![hint.to_owned()]));
        assert_eq!(run.stdout, "", "nothing was pushed");
    }
}

#[test]
fn an_image_that_was_not_built_cannot_be_pushed() {
    if !engine() {
        return;
    }
    let own = Own::of("127.0.0.1:1");
    own.solution("").run("push").check(
        4,
        "",
        &format!(
            "error: cannot push `{}`\n  caused by: An image does not exist locally with the tag: {}\n\
             hint: build it first with `edgectl build`\n",
            own.image(),
            own.name("filter")
        ),
    );
}

//! Logins of registries in `.env`, for a registry that lets in nobody without.

use crate::parts::{BUILDERS, Own, docker, engine, logged_in};
use crate::support::Folder;
use crate::support::parts::part;

struct Closed {
    registry: String,
    user: String,
    password: String,
}

fn closed() -> Option<Closed> {
    let registry = part("EDGECTL_TEST_REGISTRY_AUTH").filter(|_| engine())?;
    let user = part("EDGECTL_TEST_REGISTRY_USER").expect("it comes with the registry");
    let password = part("EDGECTL_TEST_REGISTRY_PASSWORD").expect("it comes with the registry");
    Some(Closed { registry, user, password })
}

impl Closed {
    /// Adds an `.env` with the login, its variables with this suffix.
    fn told(&self, folder: Folder, suffix: &str, password: &str) -> Folder {
        let Self { registry, user, .. } = self;
        folder.file(
            ".env",
            &format!(
                "CONTAINER_REGISTRY_SERVER{suffix}={registry}\nCONTAINER_REGISTRY_USERNAME{suffix}={user}\n\
                 CONTAINER_REGISTRY_PASSWORD{suffix}='{password}'\n"
            ),
        )
    }
}

#[test]
fn what_env_says_pushes_asks_and_pulls_and_is_never_shown() {
    let Some(closed) = closed() else { return };
    let own = Own::of(&closed.registry);
    for suffix in ["", "_2"] {
        let folder = closed.told(own.solution(&format!("RUN echo {suffix} > /pushed")), suffix, &closed.password);
        let run = folder.run("build --push --json -vv");
        assert_eq!((run.status, run.stderr.contains(&closed.password)), (Some(0), false), "{}", run.stderr);
        let digest = run.json()[0]["digest"].clone();
        docker(&["image", "rm", "--force", &own.image()]);
        // Nothing is there but what the registry has.
        let again = folder.run("build --json -vv");
        assert!(!again.stderr.contains(&closed.password), "{}", again.stderr);
        assert_eq!(again.json()[0]["digest"], digest, "{}", again.stderr);
        assert!(docker(&["image", "ls", "--quiet", &own.image()]) != b"", "it was pulled");
    }
}

#[test]
fn what_env_says_pulls_base_images() {
    let Some(closed) = closed() else { return };
    let own = Own::of(&closed.registry);
    closed.told(own.solution("RUN echo base > /base"), "", &closed.password).run("build --push --quiet");
    let base = own.image();
    for builder in BUILDERS {
        docker(&["image", "rm", "--force", &base]);
        let own = Own::new();
        let folder = closed
            .told(own.solution(""), "", &closed.password)
            .file("modules/filter/Dockerfile", &format!("FROM {base}\nRUN ls /base\n"));
        let run = folder.run_args(&["build", "--quiet", "--pull", "--builder", builder]);
        run.check(0, &format!("{}\n", own.image()), "");
    }
}

#[test]
fn a_login_of_docker_comes_first() {
    let Some(closed) = closed() else { return };
    let own = Own::of(&closed.registry);
    let folder = closed.told(own.solution("RUN echo both > /pushed"), "", "not the password");
    let folder = logged_in(folder, &closed.registry, &closed.user, &closed.password);
    assert!(folder.run("build --push --json").json()[0]["digest"].is_string());
}

#[test]
fn a_wrong_password_in_env_is_told_with_its_place() {
    let Some(closed) = closed() else { return };
    let own = Own::of(&closed.registry);
    let folder = closed.told(own.solution("RUN echo wrong > /pushed"), "", "not the password");
    folder.run("build --quiet");
    let (image, registry) = (own.image(), &closed.registry);
    let shown = folder.run("push -vv").stderr;
    assert!(!shown.contains("not the password"), "{shown}");
    folder.run("push").check(
        4,
        "",
        &format!(
            "error: cannot push `{image}`\n  caused by: unauthorized: authentication required\n\
             hint: correct the `CONTAINER_REGISTRY_USERNAME…` and `…PASSWORD…` of `{registry}` in `.env`, or log in with \
             `docker login {registry}`, which comes first\n"
        ),
    );
}

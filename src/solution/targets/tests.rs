use super::*;
use crate::environment::Environment;

/// A solution with modules `a` and `b`, both for amd64, its debug variant, and arm64v8.
fn solution(files: &[(&str, &str)]) -> (tempfile::TempDir, Solution) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let module = |name: &str, options: &str| {
        format!(
            r#"{{"image": {{"repository": "r.io/{name}", "buildOptions": [{options}], "tag": {{"version": "1", "platforms":
            {{"amd64": "./Dockerfile", "amd64.debug": "Dockerfile.debug", "arm64v8": "Dockerfile.arm"}}}}}}}}"#
        )
    };
    let own = [("modules/a/module.json", module("a", "")), ("modules/b/module.json", module("b", r#""--label x=y""#))];
    let given = files.iter().map(|(path, text)| (*path, (*text).to_owned()));
    for (path, text) in own.into_iter().chain(given) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }
    let solution = Solution::open(folder.path(), &Environment::default(), &[]).expect("it can be read");
    (folder, solution)
}

fn images(files: &[(&str, &str)], selection: Selection<'_>) -> Vec<String> {
    let (_folder, solution) = solution(files);
    let targets = solution.targets(selection).expect("everything is there");
    targets.iter().map(|target| target.plan.image.to_string()).collect()
}

fn platforms(words: &[&str]) -> Vec<Platform> {
    words.iter().map(|word| Platform::parse(word).expect("it is a platform")).collect()
}

const TEMPLATE: (&str, &str) = (
    "deployment.template.json",
    r#"{"x": ["${MODULES.a}", "${MODULES.a}", "${MODULES.b.debug}", "${MODULES.b.arm64v8}"]}"#,
);

#[test]
fn two_modules_have_no_image_of_one_name() {
    let copy = r#"{"image": {"repository": "r.io/A", "tag": {"version": "1", "platforms": {"amd64": "Dockerfile"}}}}"#;
    let (_folder, solution) = solution(&[("modules/copy/module.json", copy)]);
    let refused = solution.targets(Selection::default()).expect_err("one would replace the other");
    assert_eq!(refused.message(), "cannot build two images under one name, `r.io/a:1-amd64`");
    assert_eq!(refused.causes(), ["it is that of `a` and of `copy`"]);
}

#[test]
fn without_a_template_every_module_is_meant() {
    assert_eq!(images(&[], Selection::default()), ["r.io/a:1-amd64", "r.io/b:1-amd64"]);
}

#[test]
fn a_template_picks_modules_platforms_and_variants_each_once() {
    let expected = ["r.io/a:1-amd64", "r.io/b:1-amd64.debug", "r.io/b:1-arm64v8"];
    assert_eq!(images(&[TEMPLATE], Selection::default()), expected);
}

#[test]
fn modules_and_platforms_can_be_named() {
    let (names, platforms) = (["b".to_owned()], platforms(&["amd64", "linux/arm64"]));
    let selection =
        Selection { modules: &names, platforms: Platforms::Named(&platforms), tag: Some("rc"), ..Selection::default() };
    assert_eq!(images(&[TEMPLATE], selection), ["r.io/b:1-rc-amd64", "r.io/b:1-rc-arm64v8"]);
}

#[test]
fn every_platform_is_that_of_each_module() {
    let module = |platforms: &str| {
        format!(r#"{{"image": {{"repository": "r.io/c", "tag": {{"version": "1", "platforms": {{{platforms}}}}}}}}}"#)
    };
    // `windows-old` is a word of the solution's own, for which no list has a place.
    let own = module(r#""amd64": "D", "windows-old": "D", "arm32v7": "D", "amd64.debug": "D""#);
    let files = [("modules/c/module.json", own.as_str())];
    let every = Selection { platforms: Platforms::Every, ..Selection::default() };
    let names = ["r.io/a:1-amd64", "r.io/a:1-arm64v8", "r.io/b:1-amd64", "r.io/b:1-arm64v8"];
    assert_eq!(images(&files, every), [&names[..], &["r.io/c:1-amd64", "r.io/c:1-arm32v7"]].concat());
}

#[test]
fn a_named_module_takes_the_variants_of_the_file() {
    let names = ["b".to_owned()];
    let file = Path::new("deployment.template.json");
    let selection = Selection { modules: &names, file: Some(file), ..Selection::default() };
    assert_eq!(images(&[TEMPLATE], selection), ["r.io/b:1-amd64.debug", "r.io/b:1-arm64v8"]);
}

#[test]
fn debug_images_are_those_of_named_modules_and_of_others_that_have_them() {
    let debug = Selection { variant: Variant::Debug, ..Selection::default() };
    assert_eq!(images(&[], debug), ["r.io/a:1-amd64.debug", "r.io/b:1-amd64.debug"]);
    let platforms = platforms(&["arm64v8"]);
    assert_eq!(
        images(&[], Selection { platforms: Platforms::Named(&platforms), ..debug }),
        ["r.io/a:1-arm64v8", "r.io/b:1-arm64v8"]
    );
    let names = ["a".to_owned()];
    let (_folder, solution) = solution(&[]);
    let refused = solution.targets(Selection { modules: &names, platforms: Platforms::Named(&platforms), ..debug });
    assert_eq!(refused.expect_err("it has none").message(), "cannot build module `a` for `arm64v8.debug`");
}

#[test]
fn a_finished_manifest_picks_by_the_names_of_images() {
    let selection = Selection { file: Some(Path::new("manifest.json")), ..Selection::default() };
    let manifest = ("manifest.json", r#"{"image": "r.io/b:1-amd64"}"#);
    assert_eq!(images(&[TEMPLATE, manifest], selection), ["r.io/b:1-amd64"]);
}

#[test]
fn bypassed_modules_are_left_out_unless_they_are_named() {
    let bypass = (".env", "BYPASS_MODULES=x, a\n");
    assert_eq!(images(&[bypass], Selection::default()), ["r.io/b:1-amd64"]);
    let names = ["a".to_owned()];
    assert_eq!(images(&[bypass], Selection { modules: &names, ..Selection::default() }), ["r.io/a:1-amd64"]);
}

#[test]
fn a_bypassed_module_is_named_as_in_the_deployment() {
    let instance = |name: &str| format!(r#""{name}": {{"settings": {{"image": "${{MODULES.a}}"}}}}"#);
    let one = format!("{{{}}}", instance("a1"));
    let both = format!("{{{}, {}}}", instance("a1"), instance("properties.desired.modules.a2"));
    let bypass = (".env", "BYPASS_MODULES=a1\n");
    assert!(images(&[bypass, ("deployment.template.json", &one)], Selection::default()).is_empty());
    let both = images(&[bypass, ("deployment.template.json", &both)], Selection::default());
    assert_eq!(both, ["r.io/a:1-amd64"]);
}

#[test]
fn a_comment_names_no_image() {
    let template = ("deployment.template.json", "{\"x\": \"${MODULES.a}\" // ${MODULES.old}\n}");
    assert_eq!(images(&[template], Selection::default()), ["r.io/a:1-amd64"]);
}

#[test]
fn a_template_in_a_folder_of_its_own_has_the_modules_beside_it() {
    let template = ("line/deployment.template.json", r#"{"x": ["${MODULES.a}", "${MODULES.b}"]}"#);
    let module = r#"{"image": {"repository": "r.io/line-a", "tag": {"version": "2", "platforms": {"amd64": "D"}}}}"#;
    let files = [template, ("line/modules/a/module.json", module)];
    let selection = Selection { file: Some(Path::new(template.0)), ..Selection::default() };
    assert_eq!(images(&files, selection), ["r.io/line-a:2-amd64", "r.io/b:1-amd64"]);
}

#[test]
fn a_plan_knows_dockerfile_platform_and_options() {
    let (_folder, solution) = solution(&[]);
    let platform = Platform::parse("arm64").expect("it is a platform");
    let module = solution.module("b").expect("it is there");
    let plan = solution.target(module, &platform, Variant::Release, None).expect("it is listed").plan;
    assert_eq!(
        (plan.dockerfile_shown.as_str(), plan.platform.as_deref()),
        ("modules/b/Dockerfile.arm", Some("linux/arm64"))
    );
    assert_eq!(plan.labels.get("x").map(String::as_str), Some("y"));
}

#[test]
fn an_option_that_is_not_supported_is_named_with_its_file() {
    let refused = |option: &str| {
        let module = format!(
            r#"{{"image": {{"repository": "c", "buildOptions": ["{option}"], "tag": {{"version": "1",
            "platforms": {{"amd64": "Dockerfile"}}}}}}}}"#
        );
        let (_folder, solution) = solution(&[("modules/c/module.json", &module)]);
        let failure = solution.targets(Selection::default()).expect_err("the option is not supported");
        assert_eq!(failure.message(), "cannot build module `c`");
        (failure.causes()[0].clone(), failure.hints()[0].clone())
    };
    let cause = "build option `--frobnicate` is not supported".to_owned();
    let supported = supported_options();
    let hint = format!("correct `image.buildOptions` in `modules/c/module.json`: supported are {supported}");
    assert_eq!(refused("--frobnicate"), (cause, hint));
    let cause = "build option `--push` is not supported: `edgectl build --push` pushes".to_owned();
    let hint = "take `--push` out of `image.buildOptions` in `modules/c/module.json`".to_owned();
    assert_eq!(refused("--push"), (cause, hint));
}

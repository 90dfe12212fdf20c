//! Containers against an engine that is made up; `runtime` has the tests with a real one.

use serde_json::json;

use super::fake::{Creates, FakeEngine};
use super::*;

/// A container of image `filter:1`.
pub(crate) fn spec(create_options: Value) -> ContainerSpec {
    let Value::Object(create_options) = create_options else { panic!("createOptions are an object") };
    ContainerSpec {
        name: "s-d-filter".into(),
        image: "filter:1".into(),
        environment: Vec::new(),
        create_options,
        network: None,
        labels: vec![(SIMULATION_LABEL.into(), "simulation-1".into())],
        binds: Vec::new(),
        extra_hosts: Vec::new(),
    }
}

#[test]
fn a_name_holds_only_what_the_engine_takes() {
    assert_eq!(name("factory", "Hannover01", "filter"), "factory-Hannover01-filter");
    assert_eq!(name("übung", "a:b", "m$1"), "xbung-a_b-m_1");
}

#[tokio::test]
async fn keys_that_nobody_knows_reach_the_engine() {
    let fake = FakeEngine::start(Creates::Always).await;
    create(&fake.engine, &spec(json!({ "Future": { "Key": [1, null] } }))).await.expect("created");
    let expected = json!({
        "Future": { "Key": [1, null] },
        "Image": "filter:1",
        "Env": [],
        "Labels": { "io.edgectl.simulation": "simulation-1" },
        "HostConfig": {}
    });
    assert_eq!(fake.created(), expected);
}

#[tokio::test]
async fn a_container_that_an_earlier_run_left_makes_room() {
    let fake = FakeEngine::start(Creates::AfterRemoval).await;
    create(&fake.engine, &spec(json!({}))).await.expect("created the second time");
    let create = "POST /containers/create";
    assert_eq!(fake.requests(), [create, "GET /containers/json", "DELETE /containers/old", create]);
}

#[tokio::test]
async fn a_name_that_somebody_else_has_is_left_alone() {
    let fake = FakeEngine::start(Creates::AfterRemoval).await;
    let other = ContainerSpec { name: "other".into(), ..spec(json!({})) };
    let refused = create(&fake.engine, &other).await.expect_err("the name is taken");
    assert_eq!(refused.message(), "cannot create container `other`");
    assert_eq!(refused.causes(), ["Conflict. The container name is already in use"]);
    assert_eq!(refused.hints(), ["remove it with `docker rm -f other`"]);
}

#[tokio::test]
async fn an_image_that_is_missing_is_named() {
    let fake = FakeEngine::start(Creates::Never).await;
    let refused = create(&fake.engine, &spec(json!({}))).await.expect_err("there is no image");
    assert_eq!(refused.causes(), ["No such image: filter:1"]);
    assert_eq!(refused.hints(), ["build or pull `filter:1` first"]);
}

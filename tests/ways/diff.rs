//! `deploy --diff`.

use serde_json::json;

use super::solution;

#[test]
fn what_was_written_before_is_the_same() {
    let folder = solution();
    assert_eq!(folder.run("deploy --quiet").status, Some(0));
    folder.run("deploy --diff config/deployment.amd64.json").check(
        0,
        "",
        "    Compared `deployment.template.json` with `config/deployment.amd64.json`: they mean the same\n",
    );
    let document = folder.run("deploy --diff config/deployment.amd64.json --json").json();
    assert_eq!(document, json!({ "same": true, "differences": [] }));
}

#[test]
fn differences_are_told_as_people_think_of_them() {
    let folder = solution();
    assert_eq!(folder.run("deploy --quiet").status, Some(0));
    let template = folder
        .read("deployment.template.json")
        .replace("filter:1.0", "filter:1.1")
        .replace("\"info\"", "\"debug\"")
        .replace("\"HostPort\": \"8883\"", "\"HostPort\": \"18883\"")
        .replace("\"filterToIoTHub\"", "\"toCloud\"")
        .replace("\"threshold\": 25", "\"threshold\": 30");
    folder.write("deployment.template.json", &template);
    folder.write(".env", "REGISTRY_PASSWORD=s3cret\nDB_PASSWORD=hunter3\n");
    folder.run("deploy --diff config/deployment.amd64.json").check(
        1,
        "changed module edgeHub: createOptions.HostConfig.PortBindings.8883/tcp [{\"HostPort\":\"8883\"}] -> \
         [{\"HostPort\":\"18883\"}]\n\
         changed module filter: env.LEVEL info -> debug\n\
         changed module filter: env.DB_PASSWORD *** -> ***\n\
         changed module filter: image factory.azurecr.io/filter:1.0 -> factory.azurecr.io/filter:1.1\n\
         added   route toCloud: FROM /messages/modules/filter/outputs/* INTO $upstream\n\
         removed route filterToIoTHub: FROM /messages/modules/filter/outputs/* INTO $upstream\n\
         changed twin filter: threshold 25 -> 30\n",
        "error: `deployment.template.json` differs from `config/deployment.amd64.json` in 7 places\nhint: exit code 1 \
         says that they differ; it is 0 when they mean the same\n",
    );
}

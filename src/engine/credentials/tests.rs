use super::*;

fn config(text: &str) -> Config {
    Config { document: serde_json::from_str(text).expect("it is JSON") }
}

fn password(user: &str, secret: &str) -> Login {
    Login::Password { user: user.to_owned(), secret: secret.to_owned() }
}

#[test]
fn logins_are_found_under_every_name_of_a_registry() {
    // base64 of `u:p:q`
    for name in ["https://index.docker.io/v1/", "docker.io", "index.docker.io"] {
        let config = config(&format!(r#"{{"auths":{{"{name}":{{"auth":"dTpwOnE="}}}}}}"#));
        assert_eq!(config.find("docker.io").expect("it can be read"), Some(password("u", "p:q")));
    }
    let config = config(r#"{"auths":{"https://a.io/v2/":{"auth":"dTpwOnE="}}}"#);
    assert_eq!(config.find("a.io").expect("it can be read"), Some(password("u", "p:q")));
    assert_eq!(config.find("b.io").expect("it can be read"), None);
}

#[test]
fn an_identity_token_comes_before_the_password() {
    let config = config(r#"{"auths":{"a.io":{"auth":"dTpwOnE=","identitytoken":"t"}}}"#);
    assert_eq!(config.find("a.io").expect("it can be read"), Some(Login::Token("t".to_owned())));
}

#[test]
fn an_empty_entry_is_no_login() {
    let config = config(r#"{"auths":{"a.io":{"auth":""},"b.io":{}},"credsStore":""}"#);
    assert_eq!(config.find("a.io").expect("it can be read"), None);
    assert_eq!(config.find("b.io").expect("it can be read"), None);
}

#[test]
fn a_helper_that_is_missing_is_named() {
    let config = config(r#"{"credHelpers":{"a.io":"edgectl-missing"}}"#);
    let failure = config.find("a.io").expect_err("the helper is missing");
    assert_eq!(failure.causes(), ["`docker-credential-edgectl-missing` cannot be started"]);
    assert_eq!(config.find("b.io").expect("no helper is asked"), None);
}

#[test]
fn only_registries_that_are_mentioned_are_looked_up() {
    let config = config(r#"{"auths":{"https://index.docker.io/v1/":{},"a.io":{}},"credHelpers":{"b.io":"x"}}"#);
    let mentioned = |texts: &[&str]| -> Vec<String> {
        config.registries().into_iter().filter(|name| is_mentioned(name, texts)).collect()
    };
    assert_eq!(mentioned(&["FROM a.io/x"]), ["a.io", "docker.io"]);
    assert_eq!(mentioned(&["FROM ${REGISTRY}/x", "b.io"]), ["b.io", "docker.io"]);
}

#[tokio::test]
async fn a_login_that_is_given_comes_before_dockers_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = r#"{"auths":{"a.io:5000":{"auth":"dTpwOnE="},"b.io":{"auth":"dTpwOnE="}}}"#;
    std::fs::write(folder.path().join("config.json"), config).expect("written");
    let docker = [("DOCKER_CONFIG".to_owned(), folder.path().display().to_string())].into_iter().collect();
    let given = [
        ("https://A.io:5000/v2/", password("given", "1")),
        ("index.docker.io", password("hub", "2")),
        ("b.io", password("", "")),
    ];
    let logins = Logins::new(&docker).with(given.map(|(address, login)| (address.to_owned(), login)));
    let found = async |registry| logins.find(registry).await.expect("it can be read");
    assert_eq!(found("a.io:5000").await, Some(password("given", "1")));
    assert_eq!(found("docker.io").await, Some(password("hub", "2")));
    assert_eq!(found("b.io").await, Some(password("u", "p:q")), "a blank login is none");
    assert_eq!(found("a.io").await, None, "another port is another registry");
}

#[tokio::test]
async fn a_login_of_the_variables_is_found_where_docker_has_none() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = r#"{"auths":{"b.io":{"auth":"dTpwOnE="}},"credHelpers":{"c.io":"edgectl-missing"}}"#;
    std::fs::write(folder.path().join("config.json"), config).expect("it can be written");
    let docker = [("DOCKER_CONFIG".to_owned(), folder.path().display().to_string())].into_iter().collect();
    let login = |server| RegistryLogin { server, username: "v".to_owned(), password: "1".to_owned() };
    let address = |address: &str| RegistryServer::Address(address.to_owned());
    let servers = [address("https://A.io/"), address("b.io"), address("c.io"), RegistryServer::Name("acme".into())];
    let logins = Logins { variables: servers.map(login).into(), ..Logins::new(&docker) };
    let found = async |registry| logins.find_with_origin(registry).await.expect("it can be read");
    for registry in ["a.io", "acme.azurecr.io", "acme:5000"] {
        assert_eq!(found(registry).await, Some((password("v", "1"), Origin::Variables)), "{registry}");
    }
    assert_eq!(found("b.io").await, Some((password("u", "p:q"), Origin::Docker)));
    assert_eq!(found("c.io").await, Some((password("v", "1"), Origin::Variables)), "the helper is missing");
    assert_eq!(found("d.io").await, None);
    let mentioned = logins.find_mentioned(&["FROM a.io/x:1 AS b\nFROM b.io/y", "acme.azurecr.io/z"]).await;
    let mentioned = mentioned.expect("it can be read");
    let user = |key: &str| mentioned.get(key).and_then(|login| login.username.as_deref());
    assert_eq!(
        [user("a.io"), user("b.io"), user("acme.azurecr.io"), user("c.io")],
        [Some("v"), Some("u"), Some("v"), None]
    );
}

#[test]
fn a_secret_is_never_printed() {
    assert_eq!(format!("{:?}", password("u", "secret")), "Password { user: \"u\", .. }");
    assert_eq!(format!("{:?}", Login::Token("secret".to_owned())), "Token(…)");
}

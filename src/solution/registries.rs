//! Logins of registries among the solution's variables: `CONTAINER_REGISTRY_SERVER`, `CONTAINER_REGISTRY_USERNAME` and
//! `CONTAINER_REGISTRY_PASSWORD`, and further ones with a suffix that the three share.

use std::collections::BTreeSet;
use std::fmt;

use super::Variables;

const SERVER: &str = "CONTAINER_REGISTRY_SERVER";
const USERNAME: &str = "CONTAINER_REGISTRY_USERNAME";
const PASSWORD: &str = "CONTAINER_REGISTRY_PASSWORD";

/// A login, and the registry that it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryLogin {
    /// Which registry.
    pub server: RegistryServer,
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Which registry a login is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryServer {
    /// The one at this address, as iotedgedev has it.
    Address(String),
    /// The one whose address begins with this, up to its first dot or colon: VS Code names the variables after it.
    Name(String),
}

/// Leaves the password out.
impl fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryLogin").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Returns the logins that have all of their parts, the one without suffix first.
pub(super) fn logins(variables: &Variables) -> Vec<RegistryLogin> {
    let suffixes: BTreeSet<&str> = variables.all_names().filter_map(|name| name.strip_prefix(USERNAME)).collect();
    suffixes.into_iter().filter_map(|suffix| login(variables, suffix)).collect()
}

fn login(variables: &Variables, suffix: &str) -> Option<RegistryLogin> {
    let of = |name: &str| variables.setting(&format!("{name}{suffix}")).map(str::to_owned);
    let name = || suffix.strip_prefix('_').filter(|name| !name.is_empty()).map(str::to_owned);
    let server = of(SERVER).map(RegistryServer::Address).or_else(|| name().map(RegistryServer::Name))?;
    Some(RegistryLogin { server, username: of(USERNAME)?, password: of(PASSWORD)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    fn found(lines: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::write(folder.path().join(".env"), lines).expect("it can be written");
        let variables = Variables::load(folder.path(), &Environment::default(), &[]).expect("it is right");
        let text = |login: RegistryLogin| format!("{:?} {}:{}", login.server, login.username, login.password);
        logins(&variables).into_iter().map(text).collect()
    }

    #[test]
    fn a_login_has_an_address_or_is_named_after_its_registry() {
        let lines = "CONTAINER_REGISTRY_SERVER=a.io\nCONTAINER_REGISTRY_USERNAME=u\nCONTAINER_REGISTRY_PASSWORD=p\n\
            CONTAINER_REGISTRY_SERVER_2=b.io:5000\nCONTAINER_REGISTRY_USERNAME_2=v\nCONTAINER_REGISTRY_PASSWORD_2=q\n\
            CONTAINER_REGISTRY_USERNAME_acme=w\nCONTAINER_REGISTRY_PASSWORD_acme=r\n";
        assert_eq!(found(lines), ["Address(\"a.io\") u:p", "Address(\"b.io:5000\") v:q", "Name(\"acme\") w:r"]);
    }

    #[test]
    fn what_lacks_a_part_is_no_login() {
        let lines = "CONTAINER_REGISTRY_SERVER=a.io\nCONTAINER_REGISTRY_USERNAME=\nCONTAINER_REGISTRY_PASSWORD=p\n\
            CONTAINER_REGISTRY_USERNAME_x=u\nCONTAINER_REGISTRY_SERVER_y=b.io\n";
        assert_eq!(found(lines), [""; 0]);
        assert_eq!(found("CONTAINER_REGISTRY_USERNAME=u\nCONTAINER_REGISTRY_PASSWORD=p\n"), [""; 0]);
    }
}

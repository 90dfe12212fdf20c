//! What a build may look at and no image may keep: secrets, and the sockets of SSH agents.

use std::fmt;
use std::path::PathBuf;

/// Where a secret of a build comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A file; a relative path is one of the solution's folder.
    File(PathBuf),
    /// The value of an environment variable.
    Value(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Value(_) => f.write_str("Value(…)"),
        }
    }
}

/// Reads `id=NAME[,src=PATH]` and `id=NAME,env=VARIABLE`, as docker takes them: with an id alone, a variable of that
/// name, else a file of that name. `None` if it is none of them, or the variable is not set.
pub(super) fn parse_secret(text: &str, variable: super::Variable<'_>) -> Option<(String, Secret)> {
    let (mut id, mut file, mut name, mut kind) = (None, None, None, None);
    for part in text.split(',') {
        let (key, value) = part.split_once('=')?;
        match key.trim() {
            "id" => id = Some(value),
            "src" | "source" => file = Some(value),
            "env" => name = Some(value),
            "type" => kind = Some(value),
            _ => return None,
        }
    }
    let id = id.filter(|id| !id.is_empty())?.to_owned();
    let of_variable = |name: &str| variable(name).map(Secret::Value);
    let secret = match (kind, file, name) {
        (Some("env"), Some(name), None) | (None | Some("env"), None, Some(name)) => of_variable(name)?,
        (None | Some("file"), Some(path), None) => Secret::File(path.into()),
        (Some("env"), None, None) => of_variable(&id)?,
        (None, None, None) => of_variable(&id).unwrap_or_else(|| Secret::File(PathBuf::from(&id))),
        (Some("file"), None, None) => Secret::File(PathBuf::from(&id)),
        _ => return None,
    };
    Some((id, secret))
}

/// Reads `ID` and `ID=SOCKET`; without one, the socket is that of `SSH_AUTH_SOCK`. Keys in files are no agent.
pub(super) fn parse_agent(text: &str, variable: super::Variable<'_>) -> Option<(String, PathBuf)> {
    let (id, socket) = match text.split_once('=') {
        Some((id, socket)) => (id, socket.to_owned()),
        None => (text, variable("SSH_AUTH_SOCK")?),
    };
    (!id.is_empty() && !socket.is_empty() && !socket.contains(',')).then(|| (id.to_owned(), socket.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        ["TOKEN", "SSH_AUTH_SOCK"].contains(&name).then(|| format!("/{name}"))
    }

    #[test]
    fn every_form_of_a_secret_is_read() {
        let file = |path: &str| Some(("a".to_owned(), Secret::File(path.into())));
        let token = |id: &str| Some((id.to_owned(), Secret::Value("/TOKEN".to_owned())));
        let cases = [
            ("id=a,src=b/c", file("b/c")),
            ("type=file,id=a,source=b", file("b")),
            ("id=a", file("a")),
            ("id=TOKEN", token("TOKEN")),
            ("id=a,env=TOKEN", token("a")),
            ("type=env,id=a,src=TOKEN", token("a")),
            ("id=a,env=NONE", None),
            ("src=b", None),
            ("a", None),
            ("id=a,mode=0400", None),
        ];
        for (text, secret) in cases {
            assert_eq!(parse_secret(text, &variable), secret, "{text}");
        }
    }

    #[test]
    fn an_agent_is_that_of_the_environment_or_the_one_named() {
        let agent = |id: &str, socket: &str| Some((id.to_owned(), PathBuf::from(socket)));
        assert_eq!(parse_agent("default", &variable), agent("default", "/SSH_AUTH_SOCK"));
        assert_eq!(parse_agent("git=/run/agent", &variable), agent("git", "/run/agent"));
        assert_eq!(parse_agent("default", &|_| None), None);
        assert_eq!(parse_agent("default=a.pem,b.pem", &variable), None);
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::Value("x".to_owned())), "Value(…)");
    }
}

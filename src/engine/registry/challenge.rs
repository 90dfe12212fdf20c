//! `WWW-Authenticate`: what a registry wants to know before it answers.

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password.
    Basic,
    /// A token of another service.
    Bearer {
        /// The address of that service.
        realm: String,
        /// What the registry is called there.
        service: String,
        /// What the token must allow.
        scope: Option<String>,
    },
}

impl Challenge {
    /// Reads a header; `None` if it is of no scheme that registries use.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parse_parameters(rest);
        let value =
            |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
        Some(Self::Bearer {
            realm: value("realm")?,
            service: value("service").unwrap_or_default(),
            scope: value("scope"),
        })
    }
}

/// Reads `name="value",name=value`; commas stand inside of quotes, too.
fn parse_parameters(text: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, following) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        parameters.push((name.trim_matches([',', ' ']).to_owned(), value.to_owned()));
        rest = following;
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn parameters_are_read_as_they_were_written(
            parameters in proptest::collection::vec(("realm|service|[a-z]{1,3}", "[a-z:,= /.é]{0,6}"), 0..4),
        ) {
            let written: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            proptest::prop_assert_eq!(parse_parameters(&written.join(",")), parameters.clone());
            let realm = parameters.iter().find(|(name, _)| name == "realm");
            proptest::prop_assert_eq!(Challenge::parse(&format!("Bearer {}", written.join(", "))).is_some(), realm.is_some());
        }

        #[test]
        fn no_header_makes_the_reader_panic(header in "(Bearer |basic)?[a-z=\",é \\\\]{0,30}") {
            let _ = Challenge::parse(&header);
        }
    }

    #[test]
    fn both_schemes_are_read() {
        let bearer = |scope: Option<&str>| Challenge::Bearer {
            realm: "https://auth.docker.io/token".to_owned(),
            service: "registry.docker.io".to_owned(),
            scope: scope.map(str::to_owned),
        };
        let scoped = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let plain = r#"bearer service=registry.docker.io, realm="https://auth.docker.io/token""#;
        let cases = [
            (r#"Basic realm="tests""#, Some(Challenge::Basic)),
            (scoped, Some(bearer(Some("repository:a/b:pull,push")))),
            (plain, Some(bearer(None))),
            ("Bearer service=\"x\"", None),
            ("Negotiate", None),
            ("", None),
            ("Bearer realm=\"", Some(Challenge::Bearer { realm: String::new(), service: String::new(), scope: None })),
        ];
        for (header, challenge) in cases {
            assert_eq!(Challenge::parse(header), challenge, "{header}");
        }
    }
}

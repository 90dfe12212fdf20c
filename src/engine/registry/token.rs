//! Proving to a registry who asks: basic authentication, or a token that a login is changed for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::challenge::Challenge;
use super::{Registry, RegistryError};
use crate::engine::Login;

const FORM: &str = "application/x-www-form-urlencoded";

impl Registry {
    /// Returns the `Authorization` that a challenge asks for.
    pub(super) async fn authorization(&self, challenge: &Challenge, repository: &str) -> Result<String, RegistryError> {
        match (challenge, &self.login) {
            (Challenge::Basic, Some(Login::Password { user, secret })) => Ok(basic(user, secret)),
            // The user name that Azure's registries give to whoever comes with a token.
            (Challenge::Basic, Some(Login::Token(token))) => Ok(basic("00000000-0000-0000-0000-000000000000", token)),
            (Challenge::Basic, None) => {
                let said = "no basic auth credentials".to_owned();
                Err(RegistryError::Refused { status: 401, said, rest: Duration::ZERO })
            }
            (Challenge::Bearer { realm, service, scope }, login) => {
                let scope = scope.clone().unwrap_or_else(|| format!("repository:{repository}:pull"));
                let token = self.fetch_token(realm, service, &scope, login.as_ref()).await?;
                Ok(format!("Bearer {token}"))
            }
        }
    }

    async fn fetch_token(
        &self,
        realm: &str,
        service: &str,
        scope: &str,
        login: Option<&Login>,
    ) -> Result<String, RegistryError> {
        // Only a registry that is itself asked without TLS may send a login on without.
        if !realm.starts_with("https://") && self.base.starts_with("https://") {
            return Err(RegistryError::Answer(format!("it wants a login sent to `{realm}`, without TLS")));
        }
        let query = format!("service={}&scope={}", encoded(service), encoded(scope));
        let join = if realm.contains('?') { '&' } else { '?' };
        let answer = match login {
            Some(Login::Token(token)) => {
                let form =
                    format!("grant_type=refresh_token&client_id=edgectl&refresh_token={}&{query}", encoded(token));
                self.ask(Method::POST, realm, &[("content-type", FORM)], Bytes::from(form)).await
            }
            Some(Login::Password { user, secret }) => {
                let authorization = basic(user, secret);
                let headers = [("authorization", authorization.as_str())];
                self.ask(Method::GET, &format!("{realm}{join}{query}"), &headers, Bytes::new()).await
            }
            None => self.ask(Method::GET, &format!("{realm}{join}{query}"), &[], Bytes::new()).await,
        };
        let answer = answer.map_err(|error| RegistryError::Unreachable { registry: realm.to_owned(), error })?;
        if answer.status != 200 {
            return Err(RegistryError::refused(&answer));
        }
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = document["token"].as_str().or(document["access_token"].as_str());
        token.map(str::to_owned).ok_or_else(|| RegistryError::Answer(format!("`{realm}` gives no token")))
    }
}

fn basic(user: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

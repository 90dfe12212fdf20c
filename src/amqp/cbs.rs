//! Tokens put to `$cbs`: who a client says it is, and the answer (protocol.md §5.2).

use bytes::Bytes;

use super::message::{Body, Builder, MessageId, Value, decode, text_of};
use super::sasl::Login;
use crate::edgehub::Credential;
use crate::identity::sas::{SasError, Token};

/// The address of both links.
pub(super) const ADDRESS: &str = "$cbs";

/// A token that a client puts.
#[derive(Debug)]
pub(super) struct PutToken {
    /// To be repeated in the answer, with its type (protocol.md §0.15).
    pub(super) id: Option<MessageId>,
    /// Who it is for; why it cannot be used, for the client to read.
    pub(super) login: Result<Login, String>,
}

/// Reads a request to `$cbs`.
///
/// The token itself says who it is for; the `name` beside it differs from SDK to SDK (protocol.md §0.15).
pub(super) fn put_token(bytes: &Bytes) -> PutToken {
    let sections = match decode(bytes) {
        Ok(sections) => sections,
        Err(fault) => return PutToken { id: None, login: Err(fault.reason) },
    };
    let text = |name| sections.application(name).and_then(text_of).unwrap_or_default();
    let (operation, kind) = (text("operation"), text("type"));
    let login = match &sections.body {
        _ if !operation.eq_ignore_ascii_case("put-token") => Err("the operation is none but `put-token`".to_owned()),
        _ if !kind.eq_ignore_ascii_case("servicebus.windows.net:sastoken") => {
            Err("the type of the token is none but `servicebus.windows.net:sastoken`".to_owned())
        }
        Body::Value(Value::String(token)) => login_of(token).map_err(|error| error.to_string()),
        _ => Err("the body is no text".to_owned()),
    };
    PutToken { id: sections.properties.message_id, login }
}

fn login_of(token: &str) -> Result<Login, SasError> {
    let identity = Token::parse(token)?.bearer()?;
    Ok(Login { identity, credential: Credential::Sas(token.to_owned()) })
}

/// Writes the answer to a request. The status is an `int`: the SDKs take no other number (protocol.md §0.15).
pub(super) fn answer(id: Option<MessageId>, status: i32, description: &str) -> Bytes {
    let mut builder = Builder::default();
    builder.properties.correlation_id = id;
    builder.application.insert("status-code".to_owned(), Value::Int(status));
    builder.application.insert("status-description".to_owned(), Value::String(description.to_owned()));
    builder.with_value(&Value::Null)
}

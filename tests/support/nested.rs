//! An edge device that is registered and runs elsewhere: what it asks of the hub above, and the credentials of its own.

use edgectl::identity::Key;
use serde_json::Value;

use super::site::Site;
use super::wire::{Credentials, open_tls, request};

/// Sends a request to the HTTPS head of the main device, as somebody; returns status and body.
pub(crate) fn https(site: &Site, caller: &Credentials, line: &str, body: &Value) -> (u16, Value) {
    let (token, body) = (caller.token(3600), if body.is_null() { String::new() } else { body.to_string() });
    let mut tls = open_tls(site, 443, &caller.authority);
    let answer = request(
        &mut tls,
        &format!(
            "{line}?api-version=2020-06-30-preview HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
            Authorization: {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// Returns the credentials of a registered edge device, and of its `$edgeHub` as it reads them from its parent.
pub(crate) fn edge_device(site: &Site, device: &str) -> (Credentials, Credentials) {
    let own = Credentials::of_device(site, device);
    let (status, hub) = https(site, &own, &format!("GET /devices/{device}/modules/%24edgeHub"), &Value::Null);
    assert_eq!(status, 200, "{hub}");
    let key = hub["authentication"]["symmetricKey"]["primaryKey"].as_str().expect("a key");
    let hub = Credentials { module: "$edgeHub".to_owned(), key: Key::parse(key).expect("a key"), ..own.clone() };
    (own, hub)
}

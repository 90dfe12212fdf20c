//! Puts block blobs into a container of Azure Storage, by the URL of a shared access signature (protocol.md §11.4).
//!
//! The URL is a secret, so that no error holds its query.

use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::fetch::{Call, FetchError, HttpClient};

/// How long one blob may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is read of an answer's body, which nobody shows.
const LONGEST_ANSWER: usize = 64 * 1024;
/// A version of the service that has shared access signatures as they are made today.
const SERVICE_VERSION: &str = "2019-12-12";
/// What stands in a blob's name as it is; `/` makes folders of it.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/');

/// Why a blob was not put.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The URL cannot be one of a container.
    #[error("the SAS URL is no `https://` or `http://` URL of a container")]
    Url,
    /// There was no answer.
    #[error("cannot reach `{place}`: {why}")]
    Unreachable {
        /// Host and port.
        place: String,
        /// Why.
        why: FetchError,
    },
    /// The service does not take it.
    #[error("`{place}` answered {status}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Refused {
        /// Host and port.
        place: String,
        /// The HTTP status.
        status: u16,
        /// `x-ms-error-code`.
        code: Option<String>,
    },
}

/// Puts a blob of this name and content into the container.
pub async fn put_blob(client: &HttpClient, container: &str, name: &str, content: Bytes) -> Result<(), BlobError> {
    let (place, url) = url_of(container, name).ok_or(BlobError::Url)?;
    let headers = [
        ("content-type", "application/octet-stream"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", SERVICE_VERSION),
    ];
    let (method, body) = (Method::PUT, content);
    let call = Call { method, url: &url, headers: &headers, body, limit: LONGEST_ANSWER, patience: PATIENCE };
    let answer = client.send(call).await.map_err(|why| match why {
        // It would show the URL.
        FetchError::Address(_) => BlobError::Url,
        why => BlobError::Unreachable { place: place.clone(), why },
    })?;
    match answer.status {
        200..300 => Ok(()),
        status => Err(BlobError::Refused { place, status, code: answer.header("x-ms-error-code").map(str::to_owned) }),
    }
}

/// Returns where a blob of `https://host[:port]/container?right` is: host and port to be shown, and its URL.
fn url_of(container: &str, name: &str) -> Option<(String, String)> {
    let uri: Uri = container.trim().parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| ["https", "http"].contains(scheme))?;
    // Whoever writes a password there would read it in errors.
    let place = uri.authority().map(ToString::to_string).filter(|place| !place.contains('@'))?;
    let path = uri.path().trim_end_matches('/');
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{scheme}://{place}{path}/{}{query}", utf8_percent_encode(name, NAME));
    Some((place, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    // protocol.md §11.4
    #[test]
    fn a_blob_stands_in_its_container_and_the_right_in_the_query() {
        let url = |container: &str| url_of(container, "hub/d 1/a-2026.log").map(|(_, url)| url);
        assert_eq!(
            url("https://a.blob.core.windows.net/logs?sv=2019&sig=a%2Bb%3D").as_deref(),
            Some("https://a.blob.core.windows.net/logs/hub/d%201/a-2026.log?sv=2019&sig=a%2Bb%3D")
        );
        assert_eq!(
            url("http://127.0.0.1:10000/account/logs/?s").as_deref(),
            Some("http://127.0.0.1:10000/account/logs/hub/d%201/a-2026.log?s")
        );
        for wrong in ["", "logs", "/logs?sig=x", "ftp://a/logs?sig=x", "https:///logs", "https://me:secret@a/logs"] {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_refusal_tells_the_code_of_the_service() {
        let code = Some("AuthenticationFailed".to_owned());
        let refused = BlobError::Refused { place: "a".into(), status: 403, code };
        assert_eq!(refused.to_string(), "`a` answered 403 (AuthenticationFailed)");
    }
}

//! What registries, proxies and other sites answer: right answers with changes, over a real connection.

use std::time::Duration;

use bytes::Bytes;
use edgectl::engine::{Logins, registry::Registries};
use edgectl::environment::Environment;
use edgectl::image::Reference;
use edgectl::net::{Call, FetchError, HttpClient, Proxies, Trust};
use hyper::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;

use crate::mutation::mutated;

const ANSWERS: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"token\":\"t\"}",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://PLACE/token\",service=\"s\",scope=\"repository:a:pull\"\r\n\
     Content-Length: 0\r\n\r\n",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n\r\n{\"errors\":[{\"code\":\"DENIED\"}]}",
    "HTTP/1.1 200 OK\r\nDocker-Content-Digest: sha256:0a\r\nTransfer-Encoding: chunked\r\n\r\n\
     1b\r\n{\"config\":{\"digest\":\"sha256\r\n8\r\n:0b\"}  }\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n{\"config\":{\"Labels\":{\"a\":\"b\",\"c\":null}}}",
    "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://PLACE/elsewhere\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: /v2/a/again\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.0 503 Service Unavailable\r\nRetry-After: 18446744073709551615\r\n\r\n",
];
const WORDS: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    ": ",
    "\"",
    "=",
    ",",
    " ",
    "\0",
    "{",
    "}",
    "[",
    "null",
    "é",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "ffffffffffffffff\r\n",
    "HTTP/1.1 ",
    "1",
    "realm=",
    "sha256:",
    "http://",
];
const PROXY: &[&str] = &[
    "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n\x16\x03\x01rest",
    "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
    "HTTP/1.0 403 no\n\r\n\r\n200 ",
];

fn answers() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let right = || select(ANSWERS).prop_map(|answer| answer.as_bytes().to_vec());
    vec(prop_oneof![right(), mutated(right(), WORDS)], 1..6)
}

/// Answers each connection with the next of these, and closes it; `PLACE` in them is the server's own address.
async fn serve(listener: TcpListener, answers: Vec<Vec<u8>>) {
    let place = listener.local_addr().expect("it is bound").to_string();
    for answer in answers.iter().cycle() {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked).await;
        // A client that speaks TLS gets no further.
        if asked[0] == 0x16 {
            continue;
        }
        let answer = String::from_utf8_lossy(answer).replace("PLACE", &place);
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), work).await.expect("it ends") })
}

async fn listen(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let place = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(serve(listener, answers));
    place
}

proptest! {
    #[test]
    fn any_answer_is_one_or_none(answers in answers()) {
        const LIMIT: usize = 30;
        run(async {
            let place = listen(answers).await;
            let client = HttpClient::new(Trust::default(), Proxies::default());
            for _ in 0..2 {
                let (url, patience) = (format!("http://{place}/a"), Duration::from_secs(5));
                let call = Call { method: Method::GET, url: &url, headers: &[], body: Bytes::new(), limit: LIMIT, patience };
                match client.send(call).await {
                    Ok(answer) => assert!(answer.body.len() <= LIMIT && answer.status >= 100, "{answer:?}"),
                    Err(error) => assert!(!matches!(error, FetchError::TimedOut(_) | FetchError::Address(_)), "{error}"),
                }
            }
        });
    }

    #[test]
    fn a_proxy_lets_through_or_says_why(answer in mutated(select(PROXY).prop_map(|answer| answer.as_bytes().to_vec()), WORDS)) {
        let environment: Environment = [("HTTPS_PROXY".to_owned(), "http://u:s3cr3t@p:1".to_owned())].into_iter().collect();
        let proxies = Proxies::of(&environment);
        let proxy = proxies.find("h.example", 443).expect("a proxy").expect("not excepted");
        let (told, rest) = run(async {
            let (mut here, mut there) = duplex(1 << 16);
            there.write_all(&answer).await.expect("there is room");
            there.shutdown().await.expect("it is open");
            let told = proxy.connect(&mut here, "h.example:443").await;
            let mut rest = Vec::new();
            here.read_to_end(&mut rest).await.expect("it ends");
            (told, rest)
        });
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        match told {
            // What follows the head belongs to TLS.
            Ok(()) => prop_assert_eq!(Some(rest.as_slice()), head.map(|head| &answer[head..])),
            Err(why) => prop_assert!(!why.is_empty() && !why.contains("s3cr3t"), "{}", why),
        }
    }

    #[test]
    fn this_machine_is_reached_without_a_proxy(
        named in "(http://)?[a-z@:%/.é0-9]{0,12}(:[0-9]{1,6})?",
        except in "([a-z.*,:/0-9 ]{0,8}|10\\.0\\.0\\.0/[0-9]{1,3}){0,3}",
        host in "[a-zé.:0-9\\[\\]]{0,12}|10\\.0\\.0\\.[0-9]",
    ) {
        let set = [("HTTPS_PROXY", named), ("NO_PROXY", except)].map(|(name, value)| (name.to_owned(), value));
        let proxies = Proxies::of(&set.into_iter().collect());
        let _ = proxies.find(&host, 443).is_ok();
        for here in ["localhost", "127.0.0.1", "127.9.9.9", "::1"] {
            prop_assert_eq!(proxies.find(here, 5000), Ok(None));
        }
    }
}

proptest! {
    // Each asks for TLS first, which takes its time.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 8))]
    #[test]
    fn any_registry_has_an_image_or_none(answers in answers()) {
        let registry = run(async {
            let place = listen(answers).await;
            let environment = Environment::default();
            let registries = Registries::new(&environment, Logins::new(&environment));
            let image = Reference::parse(&format!("{place}/a:1")).expect("a name");
            registries.image(&image).await
        });
        match registry {
            Ok(Some(remote)) => prop_assert!(remote.digest.starts_with("sha256:"), "{:?}", remote),
            Ok(None) => {}
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

//! What a broker needs to speak TLS as edgectl does: a certificate with a key on the same curve.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use edgectl::identity::{Authority, DeviceId};

/// The file of the CA that clients trust.
pub(crate) const AUTHORITY: &str = "ca.pem";

/// Writes the CA's certificate, the server's with its chain, and the server's key.
pub(crate) fn write(folder: &str, address: &str) {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let device = DeviceId::parse("bench").expect("a device id");
    let authority = Authority::create(&device, unix).expect("a CA");
    let server = authority.server_certificate(&[address.to_owned()], unix).expect("a certificate");
    for (name, text) in
        [(AUTHORITY, authority.trust_bundle()), ("server.pem", &server.chain), ("server.key.pem", &server.key)]
    {
        std::fs::write(Path::new(folder).join(name), text).expect("the folder can be written");
    }
}

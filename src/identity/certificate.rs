//! The development CA of one device and the certificates that it issues.
//!
//! Everything is ECDSA P-256, which every Azure SDK takes. A certificate is never read back: the issuer is made
//! again from the CA's key and from what this file knows of its parameters, so no X.509 parser is needed.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::{DeviceId, ModuleId};
use crate::failure::Failure;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * DAY.as_secs());
/// Below the 397 days that some platforms demand of any server certificate.
pub(super) const LEAF_LIFE: Duration = Duration::from_secs(365 * DAY.as_secs());
/// How far certificates reach back, for containers in a virtual machine whose clock lags.
const CLOCK_LAG: Duration = DAY;
/// The longest common name that RFC 5280 allows (ub-common-name).
const COMMON_NAME_LIMIT: usize = 64;

/// Why a certificate was not issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A name is empty or holds characters that no certificate can carry.
    #[error("`{0}` is no name that a certificate can carry")]
    Name(String),
    /// Making the key or the signature did not work.
    #[error("the certificate could not be signed: {0}")]
    Signing(String),
}

/// Why the CA of a device is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The files are there but are not the CA of this device.
    #[error("`{}` {problem}", path.display())]
    Damaged {
        /// Which file shows it.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A new CA could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl From<AuthorityError> for Failure {
    fn from(error: AuthorityError) -> Self {
        let doing = format!("cannot use the development CA: {error}");
        match error {
            AuthorityError::Read { source, .. } => {
                Failure::machine(doing).cause(source).hint("give yourself read access to that file")
            }
            AuthorityError::Write { source, .. } => Failure::unwritable(doing, "the solution's folder", &source),
            AuthorityError::Damaged { .. } => Failure::request(doing)
                .hint("run `edgectl simulate --reset` to make a new one; modules started by hand need it, too"),
            AuthorityError::Certificate(_) => Failure::machine(doing).hint("use a device id that is a host name"),
        }
    }
}

/// A certificate with its chain and its private key, as texts.
#[derive(Clone, PartialEq, Eq)]
pub struct CertifiedKey {
    /// PEM: the certificate, then the CA that signed it.
    pub chain: String,
    /// PEM (PKCS#8): the private key. A secret.
    pub key: String,
    /// When the certificate ends, as time since 1970.
    pub expires: Duration,
}

impl fmt::Debug for CertifiedKey {
    /// Leaves the private key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedKey")
            .field("chain", &self.chain)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The development CA of one device.
///
/// Only clients that were given [`Authority::trust_bundle`] trust it; it is installed nowhere.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    /// The file that holds the CA's certificate, in the folder that [`Authority::load_or_create`] was given.
    pub const CERTIFICATE_FILE: &'static str = "ca.pem";
    /// The file that holds the CA's private key, in the same folder.
    pub const KEY_FILE: &'static str = "ca.key.pem";

    /// Makes a new CA for a device, valid for ten years from `unix`.
    pub fn create(device: &DeviceId, unix: Duration) -> Result<Self, CertificateError> {
        let key = KeyPair::generate().map_err(signing)?;
        let params = authority_params(device, unix);
        let certificate = params.self_signed(&key).map_err(signing)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// Loads the CA of a device from `folder`, or makes one and keeps it there in files of mode 0600.
    ///
    /// The key is written first, so a certificate without a key is no interrupted creation but a loss, and an error:
    /// a new CA would quietly cut off every client that has the old certificate.
    pub fn load_or_create(folder: &Path, device: &DeviceId, unix: Duration) -> Result<Self, AuthorityError> {
        let certificate_path = folder.join(Self::CERTIFICATE_FILE);
        let key_path = folder.join(Self::KEY_FILE);
        let Some(certificate) = read_if_there(&certificate_path)? else {
            let authority = Self::create(device, unix)?;
            write_private(&key_path, &authority.issuer.key().serialize_pem())?;
            write_private(&certificate_path, &authority.certificate)?;
            return Ok(authority);
        };
        let Some(key) = read_if_there(&key_path)? else {
            return Err(AuthorityError::Damaged { path: key_path, problem: "is missing beside its certificate" });
        };
        let Ok(key) = KeyPair::from_pem(&key) else {
            return Err(AuthorityError::Damaged { path: key_path, problem: "holds no private key" });
        };
        let issuer = Issuer::new(authority_params(device, unix), key);
        match check_certificate(&certificate, issuer.key(), device) {
            Ok(()) => Ok(Self { issuer, certificate }),
            Err(problem) => Err(AuthorityError::Damaged { path: certificate_path, problem }),
        }
    }

    /// Returns the CA's certificate (PEM): what a client must trust.
    pub fn trust_bundle(&self) -> &str {
        &self.certificate
    }

    /// Issues a server certificate for host names and IP addresses; the first is also the common name.
    pub fn server_certificate(&self, names: &[String], unix: Duration) -> Result<CertifiedKey, CertificateError> {
        let common_name = names.first().map_or("", String::as_str);
        let names = names.iter().map(|name| host_name(name)).collect::<Result<_, _>>()?;
        self.issue(common_name, names, ExtendedKeyUsagePurpose::ServerAuth, unix)
    }

    /// Issues the server certificate that a module asked for (protocol.md §2.2).
    ///
    /// Names: `common_name` as host name or address, and the module's id without a leading `$`.
    pub fn module_server_certificate(
        &self,
        module: &ModuleId,
        common_name: &str,
        unix: Duration,
    ) -> Result<CertifiedKey, CertificateError> {
        let module = module.as_str();
        let names = vec![host_name(common_name)?, dns_name(module.strip_prefix('$').unwrap_or(module))?];
        self.issue(common_name, names, ExtendedKeyUsagePurpose::ServerAuth, unix)
    }

    /// Issues the client certificate of a module (protocol.md §2.2).
    ///
    /// `uri` is its name in the hub, `azureiot://…`; the product writes it as the *DNS* name `URI: azureiot://…`.
    pub fn identity_certificate(
        &self,
        module: &ModuleId,
        uri: &str,
        unix: Duration,
    ) -> Result<CertifiedKey, CertificateError> {
        let names = vec![dns_name(&format!("URI: {uri}"))?];
        self.issue(module.as_str(), names, ExtendedKeyUsagePurpose::ClientAuth, unix)
    }

    fn issue(
        &self,
        common_name: &str,
        names: Vec<SanType>,
        usage: ExtendedKeyUsagePurpose,
        unix: Duration,
    ) -> Result<CertifiedKey, CertificateError> {
        let mut params = params(common_name, unix, LEAF_LIFE);
        params.subject_alt_names = names;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(signing)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(signing)?;
        let chain = certificate.pem() + &self.certificate;
        Ok(CertifiedKey { chain, key: key.serialize_pem(), expires: Duration::from_secs((unix + LEAF_LIFE).as_secs()) })
    }
}

/// Everything of the CA's certificate but its key; the issuer's name and key usages depend on nothing else.
fn authority_params(device: &DeviceId, unix: Duration) -> CertificateParams {
    let mut params = params(&authority_name(device), unix, AUTHORITY_LIFE);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn authority_name(device: &DeviceId) -> String {
    let mut name = format!("edgectl dev CA {device}");
    name.truncate(COMMON_NAME_LIMIT);
    name
}

pub(super) fn params(common_name: &str, unix: Duration, life: Duration) -> CertificateParams {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.not_before = epoch + unix.saturating_sub(CLOCK_LAG);
    params.not_after = epoch + unix + life;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn host_name(name: &str) -> Result<SanType, CertificateError> {
    match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => dns_name(name),
    }
}

fn dns_name(name: &str) -> Result<SanType, CertificateError> {
    let refused = || CertificateError::Name(name.to_owned());
    if name.is_empty() || name.contains(char::is_control) {
        return Err(refused());
    }
    name.try_into().map(SanType::DnsName).map_err(|_| refused())
}

pub(super) fn signing(error: rcgen::Error) -> CertificateError {
    CertificateError::Signing(error.to_string())
}

/// Checks that a stored certificate belongs to this key and this device, without parsing it: both stand in it as
/// they are.
fn check_certificate(pem: &str, key: &KeyPair, device: &DeviceId) -> Result<(), &'static str> {
    let lines = pem.lines().map(str::trim).skip_while(|line| *line != "-----BEGIN CERTIFICATE-----").skip(1);
    let text: String = lines.take_while(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(text).map_err(|_| "holds no certificate")?;
    let holds = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
    if !holds(key.public_key_raw()) {
        return Err("does not belong to the key beside it");
    }
    if !holds(authority_name(device).as_bytes()) {
        return Err("is the CA of another device");
    }
    Ok(())
}

fn read_if_there(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::Read { path: path.to_owned(), source }),
    }
}

/// Writes a file of mode 0600 in one piece: it is either wholly there or not at all.
fn write_private(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let failed = |source| AuthorityError::Write { path: path.to_owned(), source };
    let part = path.with_extension("part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&part, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn device() -> DeviceId {
        DeviceId::parse("Hannover01").expect("valid")
    }

    #[test]
    fn the_authority_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Authority::load_or_create(folder.path(), &device(), NOW).expect("made");
        let again = Authority::load_or_create(folder.path(), &device(), NOW + DAY).expect("loaded");
        assert_eq!(first.trust_bundle(), again.trust_bundle());
        assert_eq!(first.issuer.key().serialize_der(), again.issuer.key().serialize_der());
        let modes = [Authority::CERTIFICATE_FILE, Authority::KEY_FILE]
            .map(|name| fs::metadata(folder.path().join(name)).expect("there").permissions().mode() & 0o777);
        assert_eq!(modes, [0o600, 0o600]);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }

    fn problem_after(change: impl Fn(&Path)) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        Authority::load_or_create(folder.path(), &device(), NOW).expect("made");
        change(folder.path());
        let error = Authority::load_or_create(folder.path(), &device(), NOW).expect_err("refused");
        error.to_string().replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn a_damaged_authority_is_refused_not_replaced() {
        let certificate = Authority::CERTIFICATE_FILE;
        let key = Authority::KEY_FILE;
        let lost = problem_after(|folder| fs::remove_file(folder.join(key)).expect("removed"));
        assert_eq!(lost, "`ca.key.pem` is missing beside its certificate");
        let garbage = problem_after(|folder| fs::write(folder.join(key), "x").expect("written"));
        assert_eq!(garbage, "`ca.key.pem` holds no private key");
        let no_certificate = problem_after(|folder| fs::write(folder.join(certificate), "%").expect("written"));
        assert_eq!(no_certificate, "`ca.pem` does not belong to the key beside it");
        let other_key = problem_after(|folder| {
            let other = Authority::create(&device(), NOW).expect("made");
            fs::write(folder.join(certificate), other.trust_bundle()).expect("written");
        });
        assert_eq!(other_key, "`ca.pem` does not belong to the key beside it");
    }

    #[test]
    fn the_authority_of_another_device_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        Authority::load_or_create(folder.path(), &device(), NOW).expect("made");
        let other = DeviceId::parse("Berlin02").expect("valid");
        let error = Authority::load_or_create(folder.path(), &other, NOW).expect_err("refused");
        assert!(matches!(error, AuthorityError::Damaged { problem: "is the CA of another device", .. }), "{error}");
    }

    #[test]
    fn an_interrupted_creation_is_begun_again() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(Authority::KEY_FILE), "half a k").expect("written");
        fs::write(folder.path().join("ca.part"), "").expect("written");
        Authority::load_or_create(folder.path(), &device(), NOW).expect("made");
    }

    #[test]
    fn a_chain_is_the_leaf_and_then_the_authority() {
        let authority = Authority::create(&device(), NOW).expect("made");
        let issued = authority.server_certificate(&["localhost".to_owned()], NOW).expect("issued");
        assert!(issued.chain.ends_with(authority.trust_bundle()));
        assert_eq!(issued.chain.matches("BEGIN CERTIFICATE").count(), 2);
        assert_eq!(issued.expires, NOW + LEAF_LIFE);
        assert!(issued.key.starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(!format!("{issued:?}").contains("PRIVATE KEY"));
    }

    #[test]
    fn a_name_that_no_certificate_can_carry_is_refused() {
        let authority = Authority::create(&device(), NOW).expect("made");
        let module = ModuleId::parse("filter").expect("valid");
        for name in ["", "münchen", "a\nb"] {
            let refused = authority.module_server_certificate(&module, name, NOW);
            assert_eq!(refused, Err(CertificateError::Name(name.to_owned())));
        }
    }

    #[test]
    fn the_longest_device_id_still_has_an_authority() {
        let long = DeviceId::parse(&"x".repeat(128)).expect("valid");
        assert_eq!(authority_name(&long).len(), COMMON_NAME_LIMIT);
        Authority::create(&long, NOW).expect("made");
    }
}

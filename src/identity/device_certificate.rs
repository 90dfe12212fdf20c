//! A certificate that a device signs itself, to prove by TLS who it is.

use std::time::Duration;

use rcgen::{DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

use super::certificate::{CertificateError, CertifiedKey, LEAF_LIFE, params, signing};
use super::{DeviceId, Thumbprints};

/// A new certificate of a device, with what a registry has to know of it.
#[derive(Debug, Clone)]
pub struct DeviceCertificate {
    /// The certificate and its private key.
    pub certified: CertifiedKey,
    /// What the registry knows it by.
    pub thumbprints: Thumbprints,
}

impl DeviceCertificate {
    /// Makes a key and a certificate whose common name is the device's id, as IoT Hub wants it; valid for a year.
    pub fn create(device: &DeviceId, unix: Duration) -> Result<Self, CertificateError> {
        let mut params = params(device.as_str(), unix, LEAF_LIFE);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name.push(DnType::OrganizationName, "edgectl");
        let key = KeyPair::generate().map_err(signing)?;
        let certificate = params.self_signed(&key).map_err(signing)?;
        let certified = CertifiedKey {
            chain: certificate.pem(),
            key: key.serialize_pem(),
            expires: Duration::from_secs((unix + LEAF_LIFE).as_secs()),
        };
        Ok(Self { certified, thumbprints: Thumbprints::of(certificate.der()) })
    }
}

//! What servers of tests show of themselves.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The certificate that signed the server's own.
pub fn authority() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls/authority.pem")
}

/// What a server shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Of the authority, for 127.0.0.1 and localhost.
    Good,
    /// As the good one, until 2021.
    Expired,
    /// Of the authority, for `mail.other.example`.
    OtherName,
    /// Signed by itself.
    SelfSigned,
}

pub fn acceptor(certificate: Certificate) -> TlsAcceptor {
    let pem: &[u8] = match certificate {
        Certificate::Good => include_bytes!("tls/server.pem"),
        Certificate::Expired => include_bytes!("tls/expired.pem"),
        Certificate::OtherName => include_bytes!("tls/other_name.pem"),
        Certificate::SelfSigned => include_bytes!("tls/self_signed.pem"),
    };
    let chain = CertificateDer::from_pem_slice(pem).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(builder.with_no_client_auth().with_single_cert(vec![chain], key).unwrap()))
}

//! One TLS set-up for every channel: ring, and the roots that Mozilla trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// How connections are encrypted. With a file of certificates (PEM), only those are trusted: a mail
/// server of one's own, or a test.
///
/// # Errors
/// When the file cannot be read or holds no certificate; the text says so.
pub fn client_config(authorities: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => read_authorities(&mut roots, path)?,
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn read_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let shown = path.display();
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| format!("the certificates in `{shown}` cannot be read: {error}"))?;
    for certificate in certificates {
        let certificate =
            certificate.map_err(|error| format!("`{shown}` is no file of PEM certificates: {error}"))?;
        roots.add(certificate).map_err(|error| format!("a certificate in `{shown}` is bad: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("`{shown}` holds no certificate; it must be PEM"));
    }
    Ok(())
}

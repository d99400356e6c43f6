//! TLS: the one crypto provider of the process, and the authorities that a connection trusts.
//!
//! Nothing here can switch verification off. It reads certificates; it must not know who presents them.

use super::error::BuildError;
use reqwest::Certificate;
use std::path::Path;

/// Makes aws-lc-rs the process's crypto provider for rustls. Calling it again does no harm.
pub fn install_provider() {
    // The error means that a provider is installed already.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
}

/// The certificates in a PEM file.
///
/// # Errors
/// [`BuildError::Authority`] if the file cannot be read or holds no certificate.
pub(super) fn authorities(path: &Path) -> Result<Vec<Certificate>, BuildError> {
    let fail = |reason: String| BuildError::Authority { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| fail("it is not PEM".to_owned()))?;
    if certificates.is_empty() {
        return Err(fail("it holds no certificate".to_owned()));
    }
    Ok(certificates)
}

/// Mozilla's authorities, for a machine without any certificate files.
pub(super) fn bundled_authorities() -> Vec<Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|certificate| Certificate::from_der(certificate).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_with_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        for text in ["", "not a certificate\n"] {
            std::fs::write(&path, text).unwrap();
            let error = authorities(&path).unwrap_err().to_string();
            assert!(error.contains("ca.pem"), "{error}");
        }
        assert!(authorities(&directory.path().join("missing.pem")).is_err());
    }

    #[test]
    fn the_bundled_authorities_make_a_client_where_the_machine_has_none() {
        install_provider();
        let authorities = bundled_authorities();
        assert!(authorities.len() > 50);
        assert!(reqwest::Client::builder().tls_certs_only(authorities).build().is_ok());
    }
}

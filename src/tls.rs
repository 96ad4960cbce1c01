//! Which implementation of TLS the HTTP clients use.

/// Sets it for the whole process; needed before a client is made.
pub fn install() {
    // An error says that it is set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

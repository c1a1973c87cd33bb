//! HTTPS, with an authority of the tests' own. Its certificates are valid for a century; the key of the authority
//! was thrown away.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::TestApp;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

fn acceptor() -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_file(file("server.pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(file("server.key")).expect("a key");
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("they belong together");
    TlsAcceptor::from(Arc::new(config))
}

#[actix_web::test]
async fn https_works_and_only_with_a_certificate_that_is_trusted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving = actix_web::rt::spawn(async move {
        let acceptor = acceptor();
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            // Who does not trust the certificate does not come this far.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
            let _ = stream.shutdown().await;
        }
    });
    let allow = format!("--egress-allow-private={address}");
    let authority = format!("--egress-ca-file={}", file("authority.pem").display());
    let program = "await fetch(input).then(async (r) => console.log(r.url.slice(0, 6), await r.text()), \
                   (e) => console.log(e.message))";
    let url = json!(format!("https://{address}/"));

    let app = TestApp::with(&[&allow, &authority]);
    let ran = app.run(program).input(url.clone()).expect_completed().await;
    assert_eq!(ran.lines(), ["https: secret"]);

    let app = TestApp::with(&[&allow]);
    let ran = app.run(program).input(url).expect_completed().await;
    assert!(ran.lines()[0].contains("invalid peer certificate"), "{:?}", ran.lines());
    serving.abort();
}

//! The server behind, over TLS.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::support::{Gate, Upstream};

#[tokio::test]
async fn a_certificate_is_checked_against_the_authorities_of_the_route() {
    keyward_server::net::tls::install_provider();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("authorities.pem");
    std::fs::write(&authorities, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let tls = ServerConfig::builder().with_no_client_auth();
    let tls = tls.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut heard = [0; 4096];
            let read = stream.read(&mut heard).await.unwrap();
            let first = String::from_utf8_lossy(&heard[..read]).lines().next().unwrap().to_owned();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{first}", first.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    let route = |path: &str, more: &str| {
        format!(
            "[[route]]\npath = \"{path}\"\nupstream = \"https://localhost:{port}\"\npermission = \"items:read\"\n{more}"
        )
    };
    let ca = format!("upstream_ca = {:?}\n", authorities.display().to_string());
    let routes = format!("{}{}", route("/known/*", &ca), route("/unknown/*", ""));
    let gate = Gate::start_before(Upstream::start().await, "", &routes).await;
    let said = gate.ask("GET /known/x", "", "").await;
    assert_eq!((said.status(), said.body.as_str()), (200, "GET /known/x HTTP/1.1"), "{said:?}");
    gate.ask("GET /unknown/x", "", "").await.problem(502, "upstream_down");
}

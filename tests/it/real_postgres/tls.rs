//! Encrypted connections, and servers that are not who they should be.

use super::*;
use crate::harness::authority::Authority;

fn url(server: &Postgres, host: &str, options: &str) -> String {
    format!("postgres://{}:{}@{host}:{}/postgres?{options}", Postgres::USER, Postgres::PASSWORD, server.port())
}

#[tokio::test]
async fn the_store_speaks_tls_with_a_server_that_its_authority_vouches_for() {
    let server = Postgres::start_encrypted().await;
    let trusted = format!("sslmode=verify-full&sslrootcert={}", server.authority_file().display());
    let store = opened(&url(&server, "localhost", &trusted)).await;
    store.commit(delivery("one")).await.unwrap();
    let mut connection = server.connection().await.unwrap();
    let text = "SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl
        JOIN pg_stat_activity USING (pid) WHERE application_name = 'standdown'";
    let (all, encrypted): (i64, i64) = sqlx::query_as(text).fetch_one(&mut connection).await.unwrap();
    assert!(all > 0 && all == encrypted, "{encrypted} of {all} connections are encrypted");
    store.close().await;
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_is_refused() {
    let server = Postgres::start_encrypted().await;
    let trusted = format!("sslmode=verify-full&sslrootcert={}", server.authority_file().display());
    let folder = tempfile::TempDir::new().unwrap();
    let stranger = folder.path().join("stranger.pem");
    std::fs::write(&stranger, Authority::new().certificate_pem()).unwrap();
    let untrusted = format!("sslmode=verify-full&sslrootcert={}", stranger.display());
    // The certificate is one for another name; then the authority is another.
    for wrong in [url(&server, "127.0.0.1", &trusted), url(&server, "localhost", &untrusted)] {
        let error =
            Store::open(&wrong, StoreOptions::default()).await.expect_err("the server is not trusted").to_string();
        assert!(error.contains("certificate") && !error.contains(Postgres::PASSWORD), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_demanded_and_taken_where_it_is_preferred() {
    let server = Postgres::start().await;
    let error = Store::open(&url(&server, "127.0.0.1", "sslmode=require"), StoreOptions::default()).await;
    assert!(error.expect_err("there is no TLS").to_string().contains("TLS"));
    opened(&url(&server, "127.0.0.1", "sslmode=prefer")).await.close().await;
}

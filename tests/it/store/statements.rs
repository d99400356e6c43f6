//! The statements and the tables of a database belong together.

use standdown::store::Store;

pub async fn every_statement_fits_the_tables(store: &Store) {
    assert!(store.check_statements().await.unwrap() >= 25);
}

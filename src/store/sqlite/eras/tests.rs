//! Eras tried on a database of their own: what is found, what is ruled out, and what is dropped.

use sqlx::Connection as _;

use super::ages::AGE_KEYS_MIN;
use super::*;

fn alert(number: u64) -> Key<'static> {
    // Any bytes: identities are digests.
    Key::Alert(number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes())
}

async fn database() -> SqliteConnection {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(include_str!("../../../../migrations/sqlite/0001_first.sql")).execute(&mut connection).await.unwrap();
    connection
}

async fn deliver(connection: &mut SqliteConnection, era: i64, delivery: &str) {
    let insert = "INSERT INTO deliveries (era, source, delivery, at, answer) VALUES (?, 'grafana', ?, 1, '{}')";
    sqlx::query(insert).bind(era).bind(delivery).execute(connection).await.unwrap();
}

#[test]
fn a_key_is_found_in_its_era_and_a_new_one_is_known_to_be_nowhere() {
    let eras = Eras::default();
    let places: Vec<i64> = (0..20_000).map(|number| eras.put(&alert(number))).collect();
    assert!(places.is_sorted() && places.last().is_some_and(|last| (39..45).contains(last)), "{:?}", places.last());
    for (number, place) in (0..).zip(&places) {
        assert!(eras.of(&alert(number)).contains(place), "key {number} is in era {place}");
    }
    let looked_into: usize = (0..20_000).map(|number| eras.of(&alert(number)).len()).sum();
    assert!(looked_into < 24_000, "{looked_into} eras would be looked into for 20,000 keys that are there");
    let looked_up = (20_000..40_000).filter(|number| eras.may_have(&alert(*number))).count();
    assert!(looked_up <= 20, "{looked_up} of 20,000 new keys would be looked up");
    assert!(!eras.may_have(&Key::Incident("0")) && !eras.may_have(&Key::Delivery("a", "b")), "kinds are apart");
}

#[test]
fn ages_and_eras_grow_with_what_is_stored_so_that_they_stay_few() {
    let mut ages = Ages::new();
    for hash in 0..1_500_000_u64 {
        ages.begin_next_if_full();
        ages.put(0, hash.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
    assert!((64..200).contains(&ages.age_count()), "{} ages", ages.age_count());
    assert!(ages.numbers().len() < 3_200, "{} eras", ages.numbers().len());
}

#[tokio::test]
async fn an_age_takes_no_more_keys_than_what_is_stored_asks_for_once_the_rest_was_forgotten() {
    let mut connection = database().await;
    let eras = Eras::default();
    for number in 0..600_000 {
        eras.put(&alert(number));
    }
    let keys_max = || eras.read_ages().age_keys_max();
    assert!(keys_max() > 2 * AGE_KEYS_MIN, "{} keys", keys_max());
    // Nothing of it is stored any more.
    eras.forget_some();
    eras.drop_empty(&mut connection).await.unwrap();
    for number in 600_000..620_000 {
        eras.put(&alert(number));
    }
    assert_eq!(keys_max(), AGE_KEYS_MIN);
}

#[tokio::test]
async fn looking_which_eras_have_rows_reads_no_table_from_end_to_end() {
    let mut connection = database().await;
    for text in PRESENT {
        let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let plan = sqlx::query(explained).bind("[0, 1]").fetch_all(&mut connection).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        let looks = ["alerts", "deliveries", "incidents"].map(|table| format!("SEARCH {table} "));
        assert!(steps.iter().any(|step| looks.iter().any(|look| step.starts_with(look))), "{steps:?}");
        let scans = steps.iter().filter(|step| step.starts_with("SCAN")).count();
        assert_eq!(scans, 1, "only the list of eras is gone through: {steps:?}");
    }
}

#[tokio::test]
async fn what_is_stored_is_found_after_a_start_whatever_its_id_is_made_of() {
    let mut connection = database().await;
    let ids = ["d-1", "with \"quotes\"", "with\na line", "\u{1f600}", "a\0b", ""];
    for (era, id) in (3..).zip(ids) {
        deliver(&mut connection, era, id).await;
    }
    let eras = Eras::read(&mut connection).await.unwrap();
    for (era, id) in (3..).zip(ids) {
        assert_eq!(eras.of(&Key::Delivery("grafana", id)), [era], "{id:?}");
    }
    assert!(!eras.may_have(&Key::Delivery("grafana", "d-2")));
    assert_eq!(eras.put(&alert(1)), 8, "the last era goes on");
}

#[tokio::test]
async fn an_era_whose_keys_can_not_be_read_is_always_looked_into() {
    let mut connection = database().await;
    deliver(&mut connection, 1, "sound").await;
    let damaged = "INSERT INTO deliveries (era, source, delivery, at, answer)
        VALUES (2, 'grafana', CAST(x'ff22' AS TEXT), 1, '{}')";
    sqlx::query(damaged).execute(&mut connection).await.unwrap();
    let eras = Eras::read(&mut connection).await.unwrap();
    assert_eq!(eras.of(&Key::Delivery("grafana", "sound")), [1, 2]);
    assert_eq!(eras.of(&Key::Delivery("grafana", "new")), [2]);
    assert_eq!(eras.put(&Key::Delivery("grafana", "new")), 3, "nothing new goes there");
    assert_eq!(eras.of(&Key::Delivery("grafana", "new")), [2, 3]);
}

#[tokio::test]
async fn eras_whose_rows_are_gone_are_dropped_when_rows_went() {
    let mut connection = database().await;
    for era in 0..3 {
        deliver(&mut connection, era, &format!("d-{era}")).await;
    }
    let eras = Eras::read(&mut connection).await.unwrap();
    sqlx::query("DELETE FROM deliveries WHERE era IN (0, 2)").execute(&mut connection).await.unwrap();
    eras.drop_empty(&mut connection).await.unwrap();
    assert!(eras.may_have(&Key::Delivery("grafana", "d-0")), "nobody said that rows went");
    eras.forget_some();
    eras.drop_empty(&mut connection).await.unwrap();
    let places = [0, 1, 2].map(|era| eras.of(&Key::Delivery("grafana", &format!("d-{era}"))));
    assert_eq!(places, [vec![], vec![1], vec![2]], "the era of now stays");
}

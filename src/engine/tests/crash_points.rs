//! A process ends at every moment of a call: in doing and undoing, whatever protects the action, on both databases.
//!
//! Each case aims at one moment and asserts that it came. What is allowed after it is judged by the target's books.

mod case;
mod child;
mod listener;

use self::case::{Case, PROTECTIONS, Stage};
use super::database::Database;

fn every_point(database: Database, protection: &'static str) {
    let stage = Stage::on(database);
    let mut life = stage.world.start();
    for case in Case::all(protection) {
        life = stage.stuck(life, &case);
    }
    life.stop();
}

fn every_point_of_a_process_of_its_own(database: Database, protection: &'static str) {
    let stage = Stage::on(database);
    for case in Case::all(protection) {
        stage.aborted(&case);
    }
}

macro_rules! every_protection {
    ($($protection:ident),+) => {
        mod sqlite {
            $(
                #[test]
                fn $protection() {
                    super::every_point(super::Database::Sqlite, stringify!($protection));
                }
            )+
        }
        mod real_postgres {
            $(
                #[test]
                fn $protection() {
                    super::every_point(super::Database::postgres(), stringify!($protection));
                }
            )+
        }
        mod sqlite_aborts {
            $(
                #[test]
                fn $protection() {
                    super::every_point_of_a_process_of_its_own(super::Database::Sqlite, stringify!($protection));
                }
            )+
        }
        mod real_postgres_aborts {
            $(
                #[test]
                fn $protection() {
                    super::every_point_of_a_process_of_its_own(super::Database::postgres(), stringify!($protection));
                }
            )+
        }

        #[test]
        fn no_protection_is_left_out() {
            assert_eq!([$(stringify!($protection)),+], PROTECTIONS);
        }
    };
}

every_protection!(read, idempotent, keyed, verifiable, none);

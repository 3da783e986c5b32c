//! Lists of secrets: what they find, and that they read no more than they must.

use coffer_store::rows::secrets::{self, SecretFilter, SecretOrder};
use coffer_store::rows::{Direction, Slice};
use coffer_types::{Scope, Scopes};

use crate::support::Fixture;

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];
const ORDERS: [SecretOrder; 7] = [
    SecretOrder::Name,
    SecretOrder::Comment,
    SecretOrder::Created,
    SecretOrder::Modified,
    SecretOrder::Status,
    SecretOrder::LastRead,
    SecretOrder::Workers,
];

fn all(fixture: &Fixture) -> SecretFilter {
    SecretFilter {
        store_id: fixture.store_id,
        search: None,
        scopes: Scopes::default(),
        pending: None,
    }
}

async fn plan(
    fixture: &Fixture,
    filter: &SecretFilter,
    order: SecretOrder,
    way: Direction,
) -> String {
    let mut reader = fixture.store.reader().await.unwrap();
    let steps = secrets::plan(&mut reader, filter, order, way).await;
    steps.unwrap().join("; ")
}

#[tokio::test]
async fn a_list_in_the_order_of_an_index_is_not_sorted() {
    let fixture = Fixture::new().await;
    for order in ORDERS {
        for way in DIRECTIONS {
            let plan = plan(&fixture, &all(&fixture), order, way).await;
            assert!(
                plan.starts_with("SEARCH secrets USING"),
                "{order:?}: {plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{order:?}: {plan}");
        }
    }
}

#[tokio::test]
async fn what_is_searched_and_sorted_otherwise_is_all_in_one_index() {
    let fixture = Fixture::new().await;
    let filters = [
        SecretFilter {
            search: Some("key".to_owned()),
            ..all(&fixture)
        },
        SecretFilter {
            scopes: Scopes::from_iter([Scope::Dex]),
            ..all(&fixture)
        },
        SecretFilter {
            pending: Some(true),
            ..all(&fixture)
        },
    ];
    for (filter, order) in filters
        .iter()
        .flat_map(|filter| ORDERS.map(|order| (filter.clone(), order)))
    {
        for way in DIRECTIONS {
            let plan = plan(&fixture, &filter, order, way).await;
            assert!(
                plan.contains("COVERING INDEX secrets_by_modified"),
                "{order:?}: {plan}"
            );
        }
    }
}

#[tokio::test]
async fn pages_one_after_the_other_are_the_whole_list() {
    let fixture = Fixture::new().await;
    for number in 0..17_i64 {
        let mut row = fixture.secret(&format!("S{:02}", number * 7 % 17));
        row.comment = (number % 3 > 0).then(|| format!("c{}", number % 5).parse().unwrap());
        row.modified_at = row.modified_at.plus_micros(number % 4);
        fixture.insert_secret(row).await.unwrap();
    }
    // Changes are counted from 1, and those of the last five secrets are not applied yet.
    let applied = 12;
    let narrow = SecretFilter {
        search: Some("s".to_owned()),
        ..all(&fixture)
    };
    for filter in [all(&fixture), narrow] {
        for (order, way) in ORDERS
            .iter()
            .flat_map(|order| DIRECTIONS.map(|way| (*order, way)))
        {
            let mut reader = fixture.store.reader().await.unwrap();
            let mut paged = Vec::new();
            for offset in (0..20).step_by(4) {
                let slice = Slice { limit: 4, offset };
                let page = secrets::list(&mut reader, &filter, order, way, slice, applied).await;
                let (rows, total) = page.unwrap();
                assert_eq!(total, 17, "{order:?}");
                paged.extend(rows);
            }
            let mut expected = paged.clone();
            expected.sort_by_key(|row| {
                let key = match order {
                    SecretOrder::Name => row.name.to_string(),
                    SecretOrder::Comment => row
                        .comment
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                    SecretOrder::Modified => row.modified_at.to_string(),
                    SecretOrder::Status => (row.change_seq > applied).to_string(),
                    // The same for all of these secrets.
                    SecretOrder::Created | SecretOrder::LastRead | SecretOrder::Workers => {
                        String::new()
                    }
                };
                (key, row.id.to_string())
            });
            if way == Direction::Descending {
                expected.reverse();
            }
            let names =
                |rows: &[secrets::SecretRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
            assert_eq!(paged.len(), 17, "{order:?} {way:?}");
            assert_eq!(names(&paged), names(&expected), "{order:?} {way:?}");
        }
    }
}

#[tokio::test]
async fn names_and_comments_are_found_without_regard_to_case() {
    let fixture = Fixture::new().await;
    for name in ["API_KEY", "api-key", "OTHER_100"] {
        let row = fixture.secret(name);
        fixture.insert_secret(row).await.unwrap();
    }
    for (search, found) in [
        ("Api", 2),
        ("api_", 1),
        ("100%", 0),
        ("%", 0),
        ("_", 2),
        ("", 3),
    ] {
        let filter = SecretFilter {
            search: Some(search.to_owned()),
            ..all(&fixture)
        };
        let mut reader = fixture.store.reader().await.unwrap();
        let (order, way) = (SecretOrder::Name, Direction::Ascending);
        let page = secrets::list(&mut reader, &filter, order, way, Slice::ALL, 0).await;
        let (rows, total) = page.unwrap();
        assert_eq!(
            (rows.len(), total),
            (found, u32::try_from(found).unwrap()),
            "{search}"
        );
    }
}

//! Lists of secrets: what they find, and that they read no more than they must.

use coffer_store::rows::secrets::{self, SecretFilter, SecretOrder};
use coffer_store::rows::{Direction, Slice};
use coffer_types::{Scope, Scopes};

use crate::support::Fixture;

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];
const ORDERS: [SecretOrder; 5] = [
    SecretOrder::Name,
    SecretOrder::Comment,
    SecretOrder::Created,
    SecretOrder::Modified,
    SecretOrder::Status,
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
    for order in [
        SecretOrder::Name,
        SecretOrder::Created,
        SecretOrder::Modified,
    ] {
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
        .chain([SecretOrder::Comment, SecretOrder::Status].map(|order| (all(&fixture), order)))
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

//! Tokens, and when they were last used.

use std::sync::Arc;

use coffer_store::rows::tokens::{self, TokenOwner, TokenRow};
use coffer_store::rows::{Direction, Slice, audit};
use coffer_store::{Observation, StoreError, Written};
use coffer_types::{IpCondition, SessionId, Timestamp, TokenId};

use crate::support::{Fixture, now};

impl Fixture {
    fn token_of_account(&self, count: u8) -> TokenRow {
        TokenRow {
            id: TokenId::from_bytes([count; 16]),
            owner: TokenOwner::Account(self.account_id),
            name: "token".parse().unwrap(),
            prefix: format!("prefix{count}"),
            mac: vec![count; 32],
            enabled: true,
            policies: Vec::new(),
            condition: IpCondition {
                within: vec!["203.0.113.0/24".parse().unwrap()],
                not_in: Vec::new(),
            },
            not_before: None,
            expires_at: Some(now().plus_micros(i64::from(count))),
            created_at: now(),
            issued_at: now(),
            modified_at: now(),
        }
    }

    async fn insert_tokens(&self, rows: Vec<TokenRow>) {
        let (rows, event) = (Arc::new(rows), self.event("tokens"));
        self.store
            .write::<(), StoreError, _>(move |tx| {
                let (rows, event) = (Arc::clone(&rows), event.clone());
                Box::pin(async move {
                    for row in rows.iter() {
                        tokens::insert(tx, row).await?;
                    }
                    Ok(Written::new((), event))
                })
            })
            .await
            .unwrap();
    }

    async fn last_use(&self, row: &TokenRow) -> Option<Timestamp> {
        let mut reader = self.store.reader().await.unwrap();
        let found = tokens::find(&mut reader, row.owner, row.id).await.unwrap();
        found.unwrap().1
    }
}

#[tokio::test]
async fn the_latest_use_is_kept_without_an_event() {
    let fixture = Fixture::new().await;
    let (used, unused) = (fixture.token_of_account(1), fixture.token_of_account(2));
    fixture
        .insert_tokens(vec![used.clone(), unused.clone()])
        .await;
    let events = async || {
        let mut reader = fixture.store.reader().await.unwrap();
        audit::count(&mut reader).await.unwrap()
    };
    let before = events().await;
    assert_eq!(fixture.last_use(&used).await, None);
    let gone = TokenId::from_bytes([9; 16]);
    for (micros, kept) in [(5, 5), (7, 7), (6, 7)] {
        let at = now().plus_micros(micros);
        let uses = Observation::TokenUses(vec![(gone, at), (used.id, at)]);
        fixture.store.observe(uses).await.unwrap();
        assert_eq!(fixture.last_use(&used).await, Some(now().plus_micros(kept)));
    }
    assert_eq!(fixture.last_use(&unused).await, None);
    // Nobody's session neither is kept nor fails.
    let nobody = SessionId::from_bytes([9; 16]);
    let uses = Observation::SessionUses(vec![(nobody, now())]);
    fixture.store.observe(uses).await.unwrap();
    assert_eq!(events().await, before);
}

#[tokio::test]
async fn tokens_are_read_as_they_were_written() {
    let fixture = Fixture::new().await;
    let rows: Vec<_> = (1..=3)
        .map(|count| fixture.token_of_account(count))
        .collect();
    fixture.insert_tokens(rows.clone()).await;
    let mut reader = fixture.store.reader().await.unwrap();
    let (found, _) = tokens::find(&mut reader, rows[0].owner, rows[0].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.condition, rows[0].condition);
    assert_eq!(
        (found.mac, found.name),
        (rows[0].mac.clone(), rows[0].name.clone())
    );
    assert_eq!(
        (found.created_at, found.expires_at),
        (now(), rows[0].expires_at)
    );
    let elsewhere = TokenOwner::Account(coffer_types::AccountId::from_bytes([7; 16]));
    let other = tokens::find(&mut reader, elsewhere, rows[0].id)
        .await
        .unwrap();
    assert!(other.is_none());

    // The second expires at that moment, so it is not there any more.
    for (moment, expected) in [(None, 3), (Some(now().plus_micros(2)), 1)] {
        let slice = Slice {
            limit: 1,
            offset: 0,
        };
        let (listed, total) = tokens::list(
            &mut reader,
            rows[0].owner,
            moment,
            Direction::Descending,
            slice,
        )
        .await
        .unwrap();
        assert_eq!((listed.len(), total), (1, expected));
        assert_eq!(listed[0].0.id, rows[2].id);
    }
}

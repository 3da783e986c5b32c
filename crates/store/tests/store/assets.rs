//! Files of static assets come and go with their contents.

use coffer_store::Observation;
use coffer_store::rows::account_assets::{self, AccountAssetRow, AssetProduct};
use coffer_store::rows::blobs;
use coffer_types::{Digest, Timestamp};

use crate::support::{Fixture, now};

const HASH: &str = "6e685e4883fed022eae92500f07d7f39";
const HOUR_MICROS: i64 = 3600 * 1_000_000;

fn digest(number: u8) -> Digest {
    Digest([number; 32])
}

fn row(number: u8, verified: bool) -> AccountAssetRow {
    AccountAssetRow {
        client_hash: HASH.to_owned(),
        digest: digest(number),
        size: 1,
        content_type: None,
        verified,
    }
}

impl Fixture {
    async fn send(&self, product: AssetProduct, file: AccountAssetRow, at: Timestamp) {
        let content = file.digest.0[..1].to_vec();
        self.store
            .observe(Observation::AssetFiles {
                account_id: self.account_id,
                product,
                files: vec![(file, content.into())],
                at,
            })
            .await
            .unwrap();
    }

    async fn ask(&self, product: AssetProduct, at: Timestamp) {
        self.store
            .observe(Observation::AssetsAskedFor {
                account_id: self.account_id,
                product,
                client_hashes: vec![HASH.to_owned()],
                at,
            })
            .await
            .unwrap();
    }

    async fn sent(&self, product: AssetProduct) -> Vec<AccountAssetRow> {
        let mut reader = self.store.reader().await.unwrap();
        account_assets::of_account(&mut reader, self.account_id, product)
            .await
            .unwrap()
    }

    /// Which of the contents 1 to 5 are kept.
    async fn contents(&self) -> Vec<u8> {
        let mut reader = self.store.reader().await.unwrap();
        let mut kept = Vec::new();
        for number in 1..=5 {
            let found = blobs::find(&mut reader, digest(number)).await.unwrap();
            kept.extend(found.map(|_| number));
        }
        kept
    }
}

#[tokio::test]
async fn a_content_that_another_takes_the_place_of_is_gone() {
    let fixture = Fixture::new().await;
    for number in 1..=5 {
        fixture
            .send(AssetProduct::Pages, row(number, false), now())
            .await;
        assert_eq!(fixture.contents().await, [number]);
    }
    // The same once more changes nothing.
    fixture
        .send(AssetProduct::Pages, row(5, false), now())
        .await;
    assert_eq!(fixture.contents().await, [5]);
    assert_eq!(fixture.sent(AssetProduct::Pages).await, [row(5, false)]);
}

#[tokio::test]
async fn a_content_that_takes_no_place_is_not_kept() {
    let fixture = Fixture::new().await;
    fixture.send(AssetProduct::Pages, row(1, true), now()).await;
    fixture
        .send(AssetProduct::Pages, row(2, false), now())
        .await;
    assert_eq!(fixture.contents().await, [1]);
    assert_eq!(fixture.sent(AssetProduct::Pages).await, [row(1, true)]);
}

#[tokio::test]
async fn each_product_has_files_of_its_own_under_the_same_hash() {
    let fixture = Fixture::new().await;
    fixture.send(AssetProduct::Pages, row(1, true), now()).await;
    assert_eq!(fixture.sent(AssetProduct::Workers).await, []);
    fixture
        .send(AssetProduct::Workers, row(1, true), now())
        .await;
    fixture
        .send(AssetProduct::Workers, row(2, true), now())
        .await;
    // The first content is still that of the other product's file.
    assert_eq!(fixture.contents().await, [1, 2]);
    assert_eq!(fixture.sent(AssetProduct::Pages).await, [row(1, true)]);
    assert_eq!(fixture.sent(AssetProduct::Workers).await, [row(2, true)]);
}

#[tokio::test]
async fn a_file_goes_a_day_after_it_was_last_asked_about() {
    let fixture = Fixture::new().await;
    let after = |hours: i64| now().plus_micros(hours * HOUR_MICROS);
    fixture
        .send(AssetProduct::Workers, row(1, true), now())
        .await;
    fixture.ask(AssetProduct::Workers, after(20)).await;
    // Whoever asks on behalf of the other product asks about another file, but sweeps.
    fixture.ask(AssetProduct::Pages, after(40)).await;
    assert_eq!(fixture.contents().await, [1]);
    fixture.ask(AssetProduct::Pages, after(45)).await;
    assert_eq!(fixture.contents().await, [0_u8; 0]);
    assert_eq!(fixture.sent(AssetProduct::Workers).await, []);
}

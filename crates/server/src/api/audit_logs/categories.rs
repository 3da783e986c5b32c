//! `GET …/logs/audit/product_categories`.

use coffer_engine::{ViewAudit, audit_product_categories};
use coffer_protocol::audit::ProductCategory;

use crate::api::answer::Answer;
use crate::api::permitted::Permitted;

/// The categories that the filter `product_category` takes.
pub(super) async fn list(_permitted: Permitted<ViewAudit>) -> Answer<Vec<ProductCategory>> {
    Answer::ok(audit_product_categories())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::audit_logs::testing::{RANGE, V2, ask, list};
    use crate::testing::{TestApp, result};

    #[tokio::test]
    async fn every_category_is_one_that_the_filter_takes() {
        let app = TestApp::new().await;
        let answer = ask(&app, &format!("{V2}/product_categories"), "").await;
        let categories = result(&answer).as_array().unwrap();
        assert_eq!(
            categories[0],
            json!({
                "value": "developer_platform",
                "label": "Developer platform",
                "products": [
                    { "value": "secrets_store", "label": "Secrets Store" },
                    { "value": "workers", "label": "Workers" },
                    { "value": "pages", "label": "Pages" },
                ],
            })
        );
        for category in categories {
            let value = category["value"].as_str().unwrap();
            list(&app, V2, &format!("{RANGE}&product_category={value}")).await;
        }
    }
}

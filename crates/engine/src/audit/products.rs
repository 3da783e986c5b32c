//! To which products the kinds of things belong, in the words of the audit log's APIs.

use coffer_protocol::audit::{Product, ProductCategory};
use coffer_types::audit::ResourceKind;

/// Every kind of thing that an event can be about.
pub(super) const KINDS: [ResourceKind; 15] = [
    ResourceKind::Account,
    ResourceKind::User,
    ResourceKind::Member,
    ResourceKind::Token,
    ResourceKind::Store,
    ResourceKind::Secret,
    ResourceKind::Worker,
    ResourceKind::Version,
    ResourceKind::Deployment,
    ResourceKind::WorkerSecret,
    ResourceKind::Session,
    ResourceKind::Tail,
    ResourceKind::PagesProject,
    ResourceKind::PagesSecret,
    ResourceKind::PagesDeployment,
];

const SECRETS_STORE: Product = Product {
    value: "secrets_store",
    label: "Secrets Store",
};
const WORKERS: Product = Product {
    value: "workers",
    label: "Workers",
};
const PAGES: Product = Product {
    value: "pages",
    label: "Pages",
};
const ACCOUNTS: Product = Product {
    value: "accounts",
    label: "Accounts",
};
const MEMBERS: Product = Product {
    value: "members",
    label: "Members",
};
const API_TOKENS: Product = Product {
    value: "api_tokens",
    label: "API tokens",
};
const USERS: Product = Product {
    value: "users",
    label: "Users",
};
const SESSIONS: Product = Product {
    value: "sessions",
    label: "Sessions",
};

/// The categories that products can be asked for by.
pub fn categories() -> Vec<ProductCategory> {
    let category = |value, label, products: &[Product]| ProductCategory {
        value,
        label,
        products: products.to_vec(),
    };
    vec![
        category(
            "developer_platform",
            "Developer platform",
            &[SECRETS_STORE, WORKERS, PAGES],
        ),
        category(
            "account_management",
            "Account management",
            &[ACCOUNTS, MEMBERS, API_TOKENS],
        ),
        category("user_management", "User management", &[USERS, SESSIONS]),
    ]
}

/// The product that a kind of thing belongs to.
pub(super) const fn product(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Account => ACCOUNTS,
        ResourceKind::User => USERS,
        ResourceKind::Member => MEMBERS,
        ResourceKind::Token => API_TOKENS,
        ResourceKind::Store | ResourceKind::Secret => SECRETS_STORE,
        ResourceKind::Worker
        | ResourceKind::Version
        | ResourceKind::Deployment
        | ResourceKind::WorkerSecret
        | ResourceKind::Tail => WORKERS,
        ResourceKind::PagesProject | ResourceKind::PagesSecret | ResourceKind::PagesDeployment => {
            PAGES
        }
        ResourceKind::Session => SESSIONS,
    }
    .value
}

/// What a kind of thing in an account belongs to: `accounts`, `user` or `memberships`.
pub(super) const fn scope(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User | ResourceKind::Session => "user",
        ResourceKind::Member => "memberships",
        ResourceKind::Account
        | ResourceKind::PagesProject
        | ResourceKind::PagesSecret
        | ResourceKind::PagesDeployment
        | ResourceKind::Token
        | ResourceKind::Store
        | ResourceKind::Secret
        | ResourceKind::Worker
        | ResourceKind::Version
        | ResourceKind::Deployment
        | ResourceKind::WorkerSecret
        | ResourceKind::Tail => "accounts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_is_in_one_category() {
        for kind in KINDS {
            let found = categories()
                .into_iter()
                .flat_map(|category| category.products)
                .filter(|of_category| of_category.value == product(kind))
                .count();
            assert_eq!(found, 1, "{kind:?}");
        }
    }
}

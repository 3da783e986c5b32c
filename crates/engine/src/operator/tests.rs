use std::sync::Arc;

use coffer_crypto::{PasswordHasher, RootKey, SecretValue, SystemRandom};
use coffer_protocol::operator::{ChangeLimits, NewAccount, NewUser, RenameAccount};
use coffer_store::rows::users;
use coffer_types::{Email, MembershipStatus, Role, SystemClock};

use super::{Entry, Operator};
use crate::{Conflict, Error, Installation, Missing, NewInstallation};

async fn operator(directory: &std::path::Path) -> Operator {
    let new = NewInstallation {
        account_name: "Test".to_owned(),
        subdomain: "dev".parse().unwrap(),
        email: email("admin@example.com"),
    };
    let hasher = PasswordHasher::fast_for_tests(1);
    let (installation, _initialised) = Installation::create(
        directory,
        &RootKey::from_bytes(&[7; 32]).unwrap(),
        &hasher,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        new,
    )
    .await
    .unwrap();
    Operator::new(installation, hasher)
}

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

async fn lets_in(operator: &Operator, address: &str, password: &SecretValue) -> bool {
    let mut reader = operator.installation().store.reader().await.unwrap();
    let row = users::with_email(&mut reader, &email(address))
        .await
        .unwrap();
    let password = Arc::new(SecretValue::new(password.expose_secret().to_owned()));
    operator
        .0
        .passwords
        .is_of(row.as_ref(), &password)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_account_is_made_with_its_super_administrator_and_renamed() {
    let directory = tempfile::tempdir().unwrap();
    let operator = operator(directory.path()).await;
    let new = |name: &str, label: Option<&str>, address: &str| NewAccount {
        name: name.parse().unwrap(),
        subdomain: label.map(|label| label.parse().unwrap()),
        email: email(address),
    };
    let made = operator
        .create_account(new("Second", Some("second"), "new@example.com"))
        .await
        .unwrap();
    assert!(lets_in(&operator, "new@example.com", &made.password.unwrap()).await);
    assert_eq!(made.user.accounts.len(), 1);
    assert_eq!(made.user.accounts[0].roles, [Role::SuperAdministrator]);
    assert_eq!(made.user.accounts[0].name, "Second");

    // Whoever is a user keeps the password.
    let third = operator
        .create_account(new("Third", None, "new@example.com"))
        .await
        .unwrap();
    assert!(third.password.is_none());
    assert_eq!(third.user.accounts.len(), 2);

    let taken = operator
        .create_account(new("Fourth", Some("dev"), "x@example.com"))
        .await;
    assert!(matches!(taken, Err(Error::Conflict(Conflict::Subdomain))));
    let names = |accounts: Vec<coffer_protocol::operator::Account>| {
        let mut names: Vec<_> = accounts.into_iter().map(|account| account.name).collect();
        names.sort();
        names
    };
    assert_eq!(
        names(operator.accounts().await.unwrap()),
        ["Second", "Test", "Third"]
    );
    // Nothing of the refused one is there.
    assert_eq!(operator.users().await.unwrap().len(), 2);

    let rename = RenameAccount {
        account: third.account.id,
        name: "Renamed".parse().unwrap(),
    };
    assert_eq!(
        operator.rename_account(rename).await.unwrap().name,
        "Renamed"
    );
}

#[tokio::test]
async fn limits_are_set_one_by_one_and_within_bounds() {
    let directory = tempfile::tempdir().unwrap();
    let operator = operator(directory.path()).await;
    let account = operator.accounts().await.unwrap().remove(0);
    let none = ChangeLimits {
        account: account.id,
        stores: None,
        secrets: None,
        value_bytes: None,
        workers: None,
    };
    let events = operator.installation().log_head().size;
    assert_eq!(operator.change_limits(none).await.unwrap(), account);
    assert_eq!(operator.installation().log_head().size, events);
    let change = ChangeLimits {
        secrets: Some(500),
        ..none
    };
    let changed = operator.change_limits(change).await.unwrap();
    assert_eq!(changed.limits.secrets, 500);
    assert_eq!(changed.limits.stores, account.limits.stores);
    assert_eq!(operator.installation().log_head().size, events + 1);
    for wrong in [0, 65_537] {
        let change = ChangeLimits {
            value_bytes: Some(wrong),
            ..none
        };
        let refused = operator.change_limits(change).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{wrong}");
    }
}

#[tokio::test]
async fn users_are_made_with_a_password_or_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let operator = operator(directory.path()).await;
    let account = operator.accounts().await.unwrap().remove(0).id;
    let new = |address: &str, invite| NewUser {
        email: email(address),
        account,
        roles: vec![Role::SecretsStoreReporter],
        invite,
    };
    let made = operator
        .create_user(new("a@example.com", false))
        .await
        .unwrap();
    let Entry::Password(password) = made.entry else {
        panic!("no password");
    };
    assert!(lets_in(&operator, "a@example.com", &password).await);
    assert_eq!(made.user.accounts[0].status, MembershipStatus::Accepted);

    let invited = operator
        .create_user(new("b@example.com", true))
        .await
        .unwrap();
    assert!(matches!(invited.entry, Entry::Invitation(..)));
    assert!(!invited.user.has_password);
    assert_eq!(invited.user.accounts[0].status, MembershipStatus::Pending);
    // Anew, with another link.
    operator
        .create_user(new("b@example.com", true))
        .await
        .unwrap();

    for (address, invite, expected) in [
        ("a@example.com", false, Conflict::UserExists),
        ("b@example.com", false, Conflict::UserExists),
        ("a@example.com", true, Conflict::AlreadyMember),
    ] {
        let refused = operator.create_user(new(address, invite)).await;
        let Err(Error::Conflict(conflict)) = refused else {
            panic!("{address} was made");
        };
        assert_eq!(conflict.to_string(), expected.to_string());
    }
    let elsewhere = NewUser {
        account: coffer_types::AccountId::random(&SystemRandom),
        ..new("c@example.com", false)
    };
    let refused = operator.create_user(elsewhere).await;
    assert!(matches!(refused, Err(Error::NotFound(Missing::Account))));
    let no_role = NewUser {
        roles: Vec::new(),
        ..new("c@example.com", false)
    };
    assert!(matches!(
        operator.create_user(no_role).await,
        Err(Error::Invalid(_))
    ));
    let addresses: Vec<_> = operator.users().await.unwrap();
    let addresses: Vec<_> = addresses.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(
        addresses,
        ["a@example.com", "admin@example.com", "b@example.com"]
    );
}

#[tokio::test]
async fn a_password_is_set_without_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let operator = operator(directory.path()).await;
    let admin = email("admin@example.com");
    let chosen = || SecretValue::new("a long enough password".to_owned());
    let (_ended, told) = operator.set_password(&admin, Some(chosen())).await.unwrap();
    assert!(told.is_none());
    assert!(lets_in(&operator, "admin@example.com", &chosen()).await);
    let (_ended, told) = operator.set_password(&admin, None).await.unwrap();
    assert!(lets_in(&operator, "admin@example.com", &told.unwrap()).await);
    assert!(!lets_in(&operator, "admin@example.com", &chosen()).await);

    let short = SecretValue::new("short".to_owned());
    assert!(matches!(
        operator.set_password(&admin, Some(short)).await,
        Err(Error::Invalid(_))
    ));
    assert!(matches!(
        operator
            .set_password(&email("nobody@example.com"), None)
            .await,
        Err(Error::NotFound(Missing::User))
    ));
}

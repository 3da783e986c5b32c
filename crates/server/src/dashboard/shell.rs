//! What stands around every page of someone who is signed in.

use coffer_engine::{AccountList, Caller, Direction, Engine, Result};
use coffer_protocol::identity::Account;
use coffer_types::{AccountId, Permission, Permissions};

/// A part of the dashboard, as the list at the side has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Workers,
    SecretsStore,
    AuditLog,
    Members,
    Tokens,
    Account,
    Profile,
    Docs,
    /// Pages that stand in no part.
    Elsewhere,
}

/// What a page needs besides what it is about.
#[derive(Debug)]
pub(super) struct Shell {
    /// The account whose pages are open; `None` on pages of the user alone.
    pub(super) account: Option<Account>,
    /// All accounts of the user.
    pub(super) accounts: Vec<Account>,
    /// The user's address.
    pub(super) email: String,
    /// Shows that a form is one of this session's own pages.
    pub(super) form_token: String,
    /// What was just done, in a sentence.
    pub(super) notice: Option<&'static str>,
    permissions: Permissions,
    section: Section,
}

/// One entry of the list at the side.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) icon: &'static str,
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

/// Some entries under one heading.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) heading: &'static str,
    pub(super) entries: Vec<Entry>,
}

/// Section, icon, label, place below the account, and what one must be permitted to see it.
type Line = (
    Section,
    &'static str,
    &'static str,
    &'static str,
    Permission,
);

const BUILD: &[Line] = &[
    (
        Section::Workers,
        "boxes",
        "Workers & Pages",
        "workers",
        Permission::ViewWorkers,
    ),
    (
        Section::SecretsStore,
        "vault",
        "Secrets Store",
        "secrets-store",
        Permission::ViewSecrets,
    ),
];
const MANAGE: &[Line] = &[
    (
        Section::AuditLog,
        "scroll-text",
        "Audit log",
        "audit-log",
        Permission::ViewAudit,
    ),
    (
        Section::Members,
        "users",
        "Members",
        "members",
        Permission::ViewMembers,
    ),
    (
        Section::Tokens,
        "key-round",
        "API tokens",
        "api-tokens",
        Permission::ViewTokens,
    ),
    (
        Section::Account,
        "settings",
        "Account",
        "settings",
        Permission::ViewAccount,
    ),
];

impl Shell {
    /// That of a page in an account, or of the user alone. An account that the user may not know of counts as none.
    pub(super) async fn of(
        engine: &Engine,
        caller: &Caller,
        account_id: Option<AccountId>,
        section: Section,
    ) -> Result<Self> {
        let list = AccountList {
            name: None,
            direction: Direction::Ascending,
        };
        let accounts = engine.accounts_of(caller, &list).await?;
        let account = accounts.iter().find(|one| Some(one.id) == account_id);
        let permissions = account.and_then(|one| caller.actor.permissions_in(one.id));
        let user = caller.actor.user();
        Ok(Self {
            account: account.cloned(),
            email: user.map(|user| user.email.to_string()).unwrap_or_default(),
            form_token: engine.form_token(caller).unwrap_or_default(),
            notice: None,
            permissions: permissions.unwrap_or(Permissions::NONE),
            accounts,
            section,
        })
    }

    /// That of a page which stands in no account: around it stands the one that was open last, or else the user's
    /// first.
    pub(super) async fn around(
        engine: &Engine,
        caller: &Caller,
        last: Option<AccountId>,
        section: Section,
    ) -> Result<Self> {
        let shell = Self::of(engine, caller, None, section).await?;
        let open = shell.accounts.iter().find(|one| Some(one.id) == last);
        match open.or(shell.accounts.first()) {
            Some(account) => Self::of(engine, caller, Some(account.id), section).await,
            None => Ok(shell),
        }
    }

    /// Whether the user is permitted something in the account.
    pub(super) fn permits(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Whether the page stands in this account.
    pub(super) fn is_in(&self, account: &Account) -> bool {
        self.account
            .as_ref()
            .is_some_and(|one| one.id == account.id)
    }

    /// A place below the account, such as `/0123…/secrets-store`.
    pub(super) fn place(&self, below: &str) -> String {
        match &self.account {
            Some(account) => format!("/{}/{below}", account.id),
            None => "/".to_owned(),
        }
    }

    /// The list at the side: what the user is permitted to see.
    pub(super) fn groups(&self) -> Vec<Group> {
        let group = |heading, lines: &[Line]| Group {
            heading,
            entries: lines
                .iter()
                .filter(|(.., permission)| self.permits(*permission))
                .map(|(section, icon, label, below, _)| Entry {
                    icon,
                    label,
                    href: self.place(below),
                    current: *section == self.section,
                })
                .collect(),
        };
        let groups = [group("Build", BUILD), group("Manage", MANAGE)];
        groups
            .into_iter()
            .filter(|group| !group.entries.is_empty())
            .collect()
    }

    /// Whether the page is one of the user alone.
    pub(super) fn is_profile(&self) -> bool {
        self.section == Section::Profile
    }

    /// Whether the page is one of the guide.
    pub(super) fn is_docs(&self) -> bool {
        self.section == Section::Docs
    }

    /// The page that an account opens with.
    pub(super) fn first_place(&self) -> String {
        let groups = self.groups();
        let entries = groups.iter().flat_map(|group| &group.entries);
        // Secrets are what people come for.
        let secrets = entries.clone().find(|entry| entry.icon == "vault");
        let first = secrets.or_else(|| entries.clone().next());
        first.map_or_else(|| "/profile".to_owned(), |entry| entry.href.clone())
    }
}

//! `coffer admin`: accounts, users and limits.

use clap::{Args, Subcommand};
use coffer_types::{AccountId, AccountName, Email, Role, Subdomain};

use super::DataSettings;

/// What the operator does; on a running server, too.
#[derive(Debug, Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(crate) action: AdminAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminAction {
    /// List, make and rename accounts.
    Account(Account),
    /// List and make users, and help those who are locked out.
    User(User),
    /// Show or set what an account may hold.
    #[command(
        after_help = "Examples:\n  coffer admin limits --data /var/lib/coffer\n  coffer admin limits --secrets 500 --value-bytes 65536"
    )]
    Limits(Limits),
    /// Show the accounts.
    #[command(hide = true)]
    Accounts(DataSettings),
}

#[derive(Debug, Args)]
pub(crate) struct Account {
    #[command(subcommand)]
    pub(crate) action: AccountAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountAction {
    /// Show the accounts and what they may hold.
    List(DataSettings),
    /// Make an account with its Super Administrator.
    #[command(
        after_help = "Example:\n  coffer admin account create Research --subdomain research --email ada@example.com"
    )]
    Create(CreateAccount),
    /// Give an account another name.
    #[command(
        after_help = "Example:\n  coffer admin account rename 023e105f4ecef8ad9ca31a8372d0c353 \"Research and development\""
    )]
    Rename(RenameAccount),
}

#[derive(Debug, Args)]
pub(crate) struct CreateAccount {
    /// Its name.
    pub(crate) name: AccountName,
    /// Its label in the host names of its Workers; it can be chosen later.
    #[arg(long, value_name = "LABEL")]
    pub(crate) subdomain: Option<Subdomain>,
    /// Its Super Administrator. A user who is made for that gets a password, which is shown once.
    #[arg(long, value_name = "ADDRESS", value_parser = Email::normalised)]
    pub(crate) email: Email,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}

#[derive(Debug, Args)]
pub(crate) struct RenameAccount {
    /// The account.
    #[arg(value_name = "ID")]
    pub(crate) account: AccountId,
    /// Its new name.
    pub(crate) name: AccountName,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}

#[derive(Debug, Args)]
pub(crate) struct User {
    #[command(subcommand)]
    pub(crate) action: UserAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserAction {
    /// Show the users and the accounts that they are in.
    List(DataSettings),
    /// Make a user in an account: with a password that is shown once, or by an invitation.
    #[command(
        after_help = "Examples:\n  coffer admin user create ada@example.com --role workers_platform_admin\n  coffer admin user create ada@example.com --role audit_logs_viewer --invite"
    )]
    Create(CreateUser),
    /// Give a user another password, read from a prompt or stdin, and end the user's sessions.
    #[command(
        after_help = "Examples:\n  coffer admin user set-password ada@example.com\n  coffer admin user set-password ada@example.com --generate"
    )]
    SetPassword(SetPassword),
    /// Remove the second factor of a user who lost it, and end the user's sessions.
    #[command(after_help = "Example:\n  coffer admin user remove-second-factor ada@example.com")]
    RemoveSecondFactor(OfUser),
}

#[derive(Debug, Args)]
pub(crate) struct CreateUser {
    /// The address.
    #[arg(value_name = "ADDRESS", value_parser = Email::normalised)]
    pub(crate) email: Email,
    /// The account; may be left out where there is one.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// A role in the account; it may be given several times.
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
    pub(crate) roles: Vec<Role>,
    /// Make a link by which the user chooses a password, instead of a password.
    #[arg(long)]
    pub(crate) invite: bool,
    /// Where people reach the API, for the link, if no server runs [default: as the server's].
    #[arg(long, value_name = "URL", env = "COFFER_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}

#[derive(Debug, Args)]
pub(crate) struct SetPassword {
    /// The user's address.
    #[arg(value_name = "ADDRESS", value_parser = Email::normalised)]
    pub(crate) email: Email,
    /// Make up a password, which is shown once.
    #[arg(long)]
    pub(crate) generate: bool,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}

#[derive(Debug, Args)]
pub(crate) struct OfUser {
    /// The user's address.
    #[arg(value_name = "ADDRESS", value_parser = Email::normalised)]
    pub(crate) email: Email,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}

/// Limits that are named are set; the account may be left out where there is one.
#[derive(Debug, Args)]
pub(crate) struct Limits {
    /// The account.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// Secrets Stores.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) stores: Option<u32>,
    /// Secrets in all stores together.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
    pub(crate) secrets: Option<u32>,
    /// Bytes of one secret's value, 65536 at the most.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) value_bytes: Option<u32>,
    /// Workers.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) workers: Option<u32>,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}

/// A role by its word, such as `super_administrator`; hyphens and capitals do not matter.
fn role(text: &str) -> Result<Role, String> {
    let word = text.to_lowercase().replace(['-', ' '], "_");
    word.parse().map_err(|_| {
        let words: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("there is no such role: choose one of {}", words.join(", "))
    })
}

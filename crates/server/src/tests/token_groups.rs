//! Which permission groups open which operation, against what the API's description says of them.

use coffer_types::{PermissionGroup, Permissions};

use crate::{RouteInfo, route_table};

/// Of each operation that the description names groups for: method, path and those of the groups that there are here.
const DESCRIBED: &str = include_str!("token_groups.txt");

/// Where groups open more than the description says, and why they may: operations, or with `*` how they begin, and
/// the groups; without any, every group of the account.
const MORE: [(&str, &[&str], &[&str]); 7] = [
    (
        "a group of our own: binding a secret means finding it",
        &["GET /accounts/{account_id}/secrets_store/*"],
        &["Secrets Store Bind"],
    ),
    (
        "a group of our own: the audit log and nothing else",
        &[
            "GET /accounts/{account_id}/audit_logs",
            "GET /accounts/{account_id}/logs/audit*",
        ],
        &["Account Audit Logs Read"],
    ),
    (
        "whoever acts in an account may see its name",
        &["GET /accounts/{account_id}"],
        &[],
    ),
    (
        "whoever acts in an account may see how it would be billed elsewhere",
        &["GET /accounts/{account_id}/workers/account-settings"],
        &[],
    ),
    (
        "groups are the same for everybody, and clients look up their names",
        &[
            "GET /accounts/{account_id}/iam/permission_groups*",
            "GET /accounts/{account_id}/tokens/permission_groups",
            "GET /user/tokens/permission_groups",
        ],
        &[],
    ),
    (
        "a tail's client reads all of the Worker",
        &[
            "GET /accounts/{account_id}/workers/scripts/{script_name}/schedules",
            "GET /accounts/{account_id}/workers/subdomain",
        ],
        &["Workers Tail Read"],
    ),
    (
        "the user's own log goes with the user's own details",
        &["GET /user/audit_logs"],
        &["User Details Read", "User Details Write"],
    ),
];

/// Where groups open less than the description says, and why.
const LESS: [(&str, &[&str], &[&str]); 1] = [(
    "the log is of the user, and these are of an account",
    &["GET /user/audit_logs"],
    &["Account Settings Read", "Account Settings Write"],
)];

fn opens(route: &RouteInfo, group: &PermissionGroup) -> bool {
    let granted = group.permissions;
    let any_of = route.and_any_of;
    route
        .permission
        .is_some_and(|needed| granted.contains(needed))
        && (any_of == Permissions::NONE || !granted.intersection(any_of).is_empty())
}

fn is_in(
    differences: &[(&str, &[&str], &[&str])],
    operation: &str,
    group: &PermissionGroup,
) -> bool {
    differences.iter().any(|(_, operations, groups)| {
        let is_of = operations.iter().any(|known| {
            let beginning = known.strip_suffix('*');
            beginning.map_or(operation == *known, |beginning| {
                operation.starts_with(beginning)
            })
        });
        is_of && (groups.is_empty() || groups.contains(&group.name))
    })
}

#[test]
fn no_group_opens_more_or_less_than_its_description_says() {
    let routes = route_table();
    let mut different = Vec::new();
    for line in DESCRIBED.lines() {
        let (operation, groups) = line.split_once(" = ").unwrap();
        let (method, path) = operation.split_once(' ').unwrap();
        let route = routes
            .iter()
            .find(|route| route.served && (route.method, route.path) == (method, path))
            .unwrap_or_else(|| panic!("{operation} is not served"));
        let described: Vec<_> = groups.split(", ").collect();
        for group in &PermissionGroup::ALL {
            let expected = described.contains(&group.name);
            let found = opens(route, group);
            let known: &[_] = if found { &MORE } else { &LESS };
            if found != expected && !is_in(known, operation, group) {
                different.push(format!("{operation}: {} {found}", group.name));
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}

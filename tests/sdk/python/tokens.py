"""API tokens of a user and of an account, and that what they permit ends when they do."""

from datetime import datetime, timedelta, timezone

from cloudflare import AuthenticationError, BadRequestError, Cloudflare, NotFoundError, PermissionDeniedError

from session import ACCOUNT, NOWHERE, all_of, by_key, by_token, client, done, refused

NEXT_YEAR = (datetime.now(timezone.utc) + timedelta(days=365)).replace(microsecond=0)
YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)

# The same steps for both kinds: the account's take its id, the user's take none.
KINDS = [
    (by_token().accounts, {"account_id": ACCOUNT}, lambda api: api.accounts.tokens.verify(account_id=ACCOUNT)),
    (by_key().user, {}, lambda api: api.user.tokens.verify()),
]


def policy(group_id: str, effect: str = "allow") -> dict:
    resources = {f"com.cloudflare.api.account.{ACCOUNT}": "*"}
    return {"effect": effect, "permission_groups": [{"id": group_id}], "resources": resources}


def create_store(api: Cloudflare) -> None:
    """Needs the permission to manage secrets."""
    store = api.secrets_store.stores.create(account_id=ACCOUNT, name="made")
    api.secrets_store.stores.delete(store_id=store.id, account_id=ACCOUNT)


def drive(owner, of_owner: dict, verify) -> dict:
    tokens = owner.tokens
    groups = all_of(lambda: tokens.permission_groups.list(**of_owner), requests=1)
    assert {"Secrets Store Read", "Secrets Store Write", "Secrets Store Bind"} <= {one.name for one in groups}
    by_scope = all_of(lambda: tokens.permission_groups.list(**of_owner, scope="com.cloudflare.api.account"))
    assert by_scope and all(one.scopes == ["com.cloudflare.api.account"] for one in by_scope), by_scope
    ids = {one.name: one.id for one in groups}
    read, write = ids["Secrets Store Read"], ids["Secrets Store Write"]
    found = all_of(lambda: tokens.permission_groups.list(**of_owner, name="Secrets Store Read"))
    assert [one.id for one in found] == [read], found

    # One token: its value is shown once, and works.
    before = all_of(lambda: tokens.list(**of_owner, per_page=5))
    addresses = {"request_ip": {"in": ["127.0.0.0/8", "::1"], "not_in": ["127.0.0.2/32"]}}
    rights = {"policies": [policy(read)], "expires_on": NEXT_YEAR, "condition": addresses}
    created = tokens.create(**of_owner, name="reader", **rights)
    assert created and created.value and created.status == "active", created.id
    assert created.name == "reader" and created.expires_on == NEXT_YEAR and created.issued_on, created.id
    shown = created.policies[0]
    assert shown.effect == "allow" and [one.id for one in shown.permission_groups] == [read], shown
    assert shown.resources == {f"com.cloudflare.api.account.{ACCOUNT}": "*"}, shown
    got = tokens.get(token_id=created.id, **of_owner)
    assert got and got.name == "reader" and not hasattr(got, "value"), got
    assert got.condition.request_ip.not_in == ["127.0.0.2/32"], got.condition
    assert len(got.condition.request_ip.in_) == 2, got.condition
    reader = client(api_token=created.value)
    verified = verify(reader)
    assert (verified.id, verified.status, verified.expires_on) == (created.id, "active", NEXT_YEAR), verified
    assert all_of(lambda: reader.secrets_store.stores.list(account_id=ACCOUNT)) == []
    refused(PermissionDeniedError, 10000, lambda: create_store(reader))
    refused(PermissionDeniedError, 10000, lambda: reader.accounts.tokens.list(account_id=ACCOUNT))

    # Other policies: the same value may more, then less again because a denial wins.
    change = {"token_id": created.id, **of_owner, "name": "writer"}
    updated = tokens.update(**change, policies=[policy(write)])
    assert updated and updated.name == "writer" and not hasattr(updated, "value"), updated
    create_store(reader)
    denied = [policy(write), policy(ids["Workers Scripts Read"]), policy(write, "deny")]
    tokens.update(**change, policies=denied)
    refused(PermissionDeniedError, 10000, lambda: create_store(reader))
    tokens.update(**change, policies=[policy(write)], condition={"request_ip": {"in": ["192.0.2.0/24"]}})
    refused(PermissionDeniedError, 9109, lambda: create_store(reader))
    disabled = tokens.update(**change, policies=[policy(write)], status="disabled")
    assert disabled and disabled.status == "disabled", disabled
    refused(AuthenticationError, 10000, lambda: create_store(reader))
    tokens.update(**change, policies=[policy(write)], status="active")
    create_store(reader)

    # Another value: the old one stops at once.
    rolled = tokens.value.update(token_id=created.id, **of_owner)
    assert rolled != created.value and len(rolled) >= 40
    refused(AuthenticationError, 10000, lambda: create_store(reader))
    writer = client(api_token=rolled)
    create_store(writer)
    assert verify(writer).id == created.id

    # Every page to the last: each token once.
    made = [tokens.create(**of_owner, name=f"token {number}", policies=[policy(read)]) for number in range(25)]
    expected = {one.id for one in [*before, created, *made]}
    pages = -(-len(expected) // 10)
    listed = all_of(lambda: tokens.list(**of_owner, per_page=10), requests=pages + 1)
    assert {one.id for one in listed} == expected
    oldest = all_of(lambda: tokens.list(**of_owner, per_page=50, direction="asc"), requests=2)
    assert {one.id for one in oldest} == expected and oldest[0].issued_on <= oldest[-1].issued_on

    # What is refused changes nothing.
    new = {**of_owner, "name": "new"}
    for wrong, pointer in [
        ({"policies": []}, "/policies"),
        ({"policies": [policy(NOWHERE)]}, "/policies/0/permission_groups/0/id"),
        ({"policies": [{**policy(read), "resources": {}}]}, "/policies/0/resources"),
        ({"policies": [policy(read)], "expires_on": YESTERDAY}, "/expires_on"),
        ({"policies": [policy(read)], "not_before": NEXT_YEAR, "expires_on": NEXT_YEAR - timedelta(days=1)}, "/not_before"),
        ({"policies": [policy(read)], "condition": {"request_ip": {"in": ["127.0.0.1/33"]}}}, "/condition/request_ip/in/0"),
        ({"policies": [policy(read)], "name": "n" * 121}, "/name"),
    ]:
        refused(BadRequestError, 1001, lambda: tokens.create(**{**new, **wrong}), pointer=pointer)
    refused(BadRequestError, 1001, lambda: tokens.update(**change, policies=[]), pointer="/policies")
    refused(NotFoundError, 1003, lambda: tokens.get(token_id=NOWHERE, **of_owner))

    # Deleted: neither it nor its value is there.
    gone = tokens.delete(token_id=created.id, **of_owner)
    assert gone and gone.id == created.id, gone
    refused(AuthenticationError, 10000, lambda: create_store(writer))
    refused(NotFoundError, 1003, lambda: tokens.get(token_id=created.id, **of_owner))
    refused(NotFoundError, 1003, lambda: tokens.delete(token_id=created.id, **of_owner))
    left = all_of(lambda: tokens.list(**of_owner, per_page=50))
    assert {one.id for one in left} == expected - {created.id}
    return {"deleted": created.id, "left": [one.id for one in left]}


# The account's groups are offered by a second method, too.
groups = by_token().accounts.tokens.permission_groups
listed = [group.model_dump() for group in groups.list(account_id=ACCOUNT)]
assert [group.model_dump() for group in groups.get(account_id=ACCOUNT)] == listed, listed

of_account, of_user = [drive(*kind) for kind in KINDS]
done(account=of_account, user=of_user)

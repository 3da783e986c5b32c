"""The whole of Secrets Store: stores, secrets and the quota."""

from datetime import datetime, timezone

from cloudflare import AuthenticationError, BadRequestError, ConflictError, NotFoundError

from session import ACCOUNT, NOWHERE, all_of, by_token, client, done, refused, sent_by

api = by_token()
stores = api.secrets_store.stores
secrets = stores.secrets


def usage() -> float:
    quota = api.secrets_store.quota.get(account_id=ACCOUNT)
    assert quota and quota.secrets.quota == 100, quota
    return quota.secrets.usage


# Stores.
assert all_of(lambda: stores.list(account_id=ACCOUNT), requests=1) == []
store = stores.create(account_id=ACCOUNT, name="production")
assert store and store.name == "production" and store.account_id == ACCOUNT, store
assert store.created == store.modified and store.created <= datetime.now(timezone.utc)
of_store = {"store_id": store.id, "account_id": ACCOUNT}
assert stores.get(**of_store).id == store.id
assert [one.id for one in all_of(lambda: stores.list(account_id=ACCOUNT), requests=2)] == [store.id]
refused(BadRequestError, 1003, lambda: stores.create(account_id=ACCOUNT, name="second"))
refused(BadRequestError, 1001, lambda: stores.create(account_id=ACCOUNT, name=""), pointer="/name")
refused(NotFoundError, 1001, lambda: stores.get(store_id=NOWHERE, account_id=ACCOUNT))
refused(NotFoundError, 7003, lambda: stores.list(account_id=NOWHERE))

# Secrets, five at a time.
created = []
for start in range(0, 25, 5):
    body = [
        {"name": f"KEY_{number:02}", "value": f"value {number}", "scopes": ["workers"], "comment": f"number {number}"}
        for number in range(start, start + 5)
    ]
    page = secrets.create(**of_store, body=body)
    assert [one.name for one in page.result] == [one["name"] for one in body]
    created += page.result
first = created[0]
assert first.store_id == store.id and first.comment == "number 0" and first.scopes == ["workers"], first
assert usage() == 25

# Every page to the last: 10, 10, 5 and the empty one that ends it.
listed = all_of(lambda: secrets.list(**of_store, per_page=10), requests=4)
assert {one.id for one in listed} == {one.id for one in created}
by_name = all_of(lambda: secrets.list(**of_store, per_page=5, order="name", direction="asc"), requests=6)
assert [one.name for one in by_name] == [f"KEY_{number:02}" for number in range(25)]
found = all_of(lambda: secrets.list(**of_store, per_page=2, search="KEY_1"), requests=6)
assert {one.name for one in found} == {f"KEY_{number}" for number in range(10, 20)}
refused(BadRequestError, 1001, lambda: secrets.list(**of_store, per_page=101))

# One secret: get, edit each part alone, duplicate, delete.
assert secrets.get(secret_id=first.id, **of_store).name == "KEY_00"
edited = secrets.edit(secret_id=first.id, **of_store, scopes=["workers", "ai_gateway"])
assert edited and edited.scopes == ["ai_gateway", "workers"] and edited.comment == "number 0", edited
edited = secrets.edit(secret_id=first.id, **of_store, comment="changed")
assert edited and edited.scopes == ["ai_gateway", "workers"] and edited.comment == "changed", edited
edited = secrets.edit(secret_id=first.id, **of_store, value="another value")
assert edited and edited.modified > edited.created and not hasattr(edited, "value"), edited
scoped = all_of(lambda: secrets.list(**of_store, scopes=["ai_gateway", "dex"]))
assert [one.id for one in scoped] == [first.id]
copy = secrets.duplicate(secret_id=first.id, **of_store, name="COPY", scopes=["access"], comment="a copy")
assert copy and copy.id != first.id and copy.name == "COPY" and copy.scopes == ["access"], copy
assert usage() == 26
assert secrets.delete(secret_id=copy.id, **of_store) is None
refused(NotFoundError, 1001, lambda: secrets.get(secret_id=copy.id, **of_store))
refused(NotFoundError, 1001, lambda: secrets.delete(secret_id=copy.id, **of_store))
assert usage() == 25

# A conflict is told once and not tried again: nothing of the request is done.
new = {"name": "NEW", "value": "value", "scopes": ["workers"]}
conflict = refused(ConflictError, 1003, lambda: secrets.create(**of_store, body=[new, {**new, "name": "KEY_07"}]))
assert conflict == "secret_name_already_exists: KEY_07", conflict
copying = {"secret_id": first.id, **of_store, "scopes": ["workers"]}
refused(ConflictError, 1003, lambda: secrets.duplicate(**copying, name="KEY_01"))
for body, pointer in [
    ([{**new, "name": "not a name"}], "/0/name"),
    ([new, {**new, "name": "OTHER", "scopes": ["satellites"]}], "/1/scopes/0"),
    ([{**new, "value": "v" * 1025}], "/0/value"),
    ([{**new, "value": ""}], "/0/value"),
]:
    refused(BadRequestError, 1001, lambda: secrets.create(**of_store, body=body), pointer=pointer)
refused(BadRequestError, 1001, lambda: secrets.edit(secret_id=first.id, **of_store, scopes=["satellites"]))
wrong = client(api_token="cfr_0000000000000000000000000000000000000000000AAAAAA")
refused(AuthenticationError, 10000, lambda: wrong.secrets_store.stores.list(account_id=ACCOUNT))
assert usage() == 25

# Several at once. The SDK has no parameter for which; without a list nothing may go.
refused(BadRequestError, 1001, lambda: secrets.bulk_delete(**of_store))
gone = [{"id": one.id} for one in created[1:11]]
answer, sent = sent_by(lambda: secrets.bulk_delete(**of_store, extra_body=gone))
assert answer is None and [request.method for request in sent] == ["DELETE"]
left = all_of(lambda: secrets.list(**of_store, per_page=10), requests=3)
assert {one.id for one in left} == {one.id for one in [first, *created[11:]]}

# A store goes only when it is empty, or by force.
refused(ConflictError, 1003, lambda: stores.delete(**of_store))
assert stores.delete(**of_store, force=True) is None
refused(NotFoundError, 1001, lambda: secrets.list(**of_store))
store = stores.create(account_id=ACCOUNT, name="again")
kept = secrets.create(store_id=store.id, account_id=ACCOUNT, body=[new]).result[0]
assert usage() == 1

done(store=store.id, secret=kept.id, conflict=conflict)

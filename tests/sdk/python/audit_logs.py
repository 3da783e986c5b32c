"""Audit logs: of the account in both versions, and of the user."""

import csv
import io
from datetime import datetime, timedelta, timezone

from cloudflare import BadRequestError, PermissionDeniedError

from session import ACCOUNT, EMAIL, all_of, by_key, by_token, client, done, refused, sent_by

api = by_token()
stores = api.secrets_store.stores
secrets = stores.secrets
since = datetime.now(timezone.utc)
before = since + timedelta(days=1)

# What is there to find: 16 created, 3 updated, 2 deleted, and one refusal.
store = stores.create(account_id=ACCOUNT, name="audited")
of_store = {"store_id": store.id, "account_id": ACCOUNT}
ids = []
for number in range(13):
    body = [{"name": f"KEY_{number}", "value": "never in a log", "scopes": ["workers"]}]
    ids.append(secrets.create(**of_store, body=body).result[0].id)
for secret_id in ids[:3]:
    secrets.edit(secret_id=secret_id, **of_store, comment="edited")
copy = secrets.duplicate(secret_id=ids[0], **of_store, name="COPY", scopes=["workers"])
for secret_id in ids[11:]:
    secrets.delete(secret_id=secret_id, **of_store)
groups = {group.name: group.id for group in api.accounts.tokens.permission_groups.list(account_id=ACCOUNT)}
token = api.accounts.tokens.create(
    account_id=ACCOUNT,
    name="reader",
    policies=[
        {
            "effect": "allow",
            "permission_groups": [{"id": groups["Secrets Store Read"]}],
            "resources": {f"com.cloudflare.api.account.{ACCOUNT}": "*"},
        }
    ],
)
reader = client(api_token=token.value)
refused(
    PermissionDeniedError,
    10000,
    lambda: reader.secrets_store.stores.delete(store_id=store.id, account_id=ACCOUNT),
)

# Version 2: the cursor is followed over pages of five to the end.
audit = api.accounts.logs.audit
within = {"account_id": ACCOUNT, "since": since, "before": before}


def found(extra: dict | None = None, **filters) -> list:
    return all_of(lambda: audit.list(**within, limit=5, **filters, extra_query=extra or {}))


events, sent = sent_by(found)
assert len(events) == 22, [(event.action, event.resource) for event in events]
assert len(sent) in (5, 6) and all("cursor=" in str(request.url) for request in sent[1:]), sent
assert [event.action.time for event in events] == sorted((event.action.time for event in events), reverse=True)
ascending = found(direction="asc")
assert [event.id for event in ascending] == [event.id for event in reversed(events)]
at_once = all_of(lambda: audit.list(**within, limit=1000), requests=1)
assert [event.id for event in at_once] == [event.id for event in events]

first = ascending[0]
assert (first.action.type, first.action.result) == ("create", "success"), first
assert first.account and first.account.id == ACCOUNT and first.resource.id == store.id, first
assert (first.actor.email, first.actor.type, first.actor.context) == (EMAIL, "user", "api_token"), first
assert first.actor.ip_address == "127.0.0.1" and first.actor.token_id and first.actor.token_name, first
assert (first.raw.method, first.raw.status_code) == ("POST", 200) and "Python" in first.raw.user_agent, first
copied = next(event for event in events if event.resource.id == copy.id)
assert ids[0] in copied.model_dump_json() and "duplicated_from_id" in copied.model_dump_json(), copied
assert not any("never in a log" in event.model_dump_json() for event in events)

# Filters, repeated and negated.
def types(events: list) -> list[str]:
    return sorted(event.action.type for event in events)


assert types(found({"action_type": ["update", "delete"], "action_result": "success"})) == ["delete"] * 2 + ["update"] * 3
assert types(found(action_type={"not": ["create", "delete"]})) == ["update"] * 3
assert types(found(action_type={"not": ["create"]}, action_result={"not": ["failure"]})) == ["delete"] * 2 + ["update"] * 3
(failure,) = found(action_result={"not": ["success"]})
assert (failure.action.type, failure.action.result) == ("delete", "failure"), failure
assert (failure.actor.type, failure.actor.token_id, failure.raw.status_code) == ("account", token.id, 403), failure
assert [event.id for event in found(actor_email={"not": [EMAIL]})] == [failure.id]
assert [event.id for event in found({"actor_token_name": "reader"})] == [failure.id]
assert found(actor_context={"not": ["api_token"]}) == []
assert types(found(raw_method={"not": ["POST", "DELETE"]})) == ["update"] * 3
assert types(found({"raw_status_code": 202})) == ["delete"] * 2
assert types(found({"resource_id": [ids[0], ids[12]]})) == ["create", "create", "delete", "update"]
kind = copied.resource.type
assert {event.resource.type for event in found({"resource_type": kind})} == {kind}
assert len(found({"resource_type": kind})) + len(found(resource_type={"not": [kind]})) == 22
assert [event.id for event in found({"id": first.id})] == [first.id]
assert len(found(id={"not": [first.id]})) == 21
categories = list(audit.product_categories(account_id=ACCOUNT))
assert categories and all(one.value and one.label and one.products for one in categories), categories
listed = [len(found(product_category=[one.value])) for one in categories]
assert sum(listed) >= 21, (categories, listed)

changes = audit.history(
    next(event.id for event in ascending if event.resource.id == ids[0]),
    account_id=ACCOUNT,
    action_time=first.action.time,
    since=since,
    before=before,
)
assert {change.resource.id for change in changes} == {ids[0]}, changes
assert types(changes) == ["create", "update"], changes

backwards = {"account_id": ACCOUNT, "since": before, "before": since}
refused(BadRequestError, 1001, lambda: audit.list(**backwards), pointer="since")
refused(BadRequestError, 1001, lambda: audit.list(**within, limit=1001), pointer="limit")
refused(BadRequestError, 1001, lambda: audit.list(**within, cursor="no cursor"), pointer="cursor")
refused(PermissionDeniedError, 10000, lambda: reader.accounts.logs.audit.list(**within))

# Version 1: pages of ten to the empty one.
v1 = {"account_id": ACCOUNT, "since": since, "before": before}
logs = all_of(lambda: api.audit_logs.list(**v1, per_page=10), requests=4)
assert len(logs) == 22, [(log.action, log.resource) for log in logs]
oldest = all_of(lambda: api.audit_logs.list(**v1, per_page=10, direction="asc"))
assert [log.id for log in oldest] == [log.id for log in reversed(logs)]
assert oldest[0].resource.id == store.id and oldest[0].action.result is True, oldest[0]
assert (oldest[0].actor.email, oldest[0].actor.type, oldest[0].actor.ip) == (EMAIL, "user", "127.0.0.1")
assert [log.id for log in all_of(lambda: api.audit_logs.list(**v1, id=oldest[3].id))] == [oldest[3].id]
updates = all_of(lambda: api.audit_logs.list(**v1, per_page=2, action={"type": "update"}), requests=3)
assert {log.resource.id for log in updates} == set(ids[:3]), updates
by_actor = all_of(lambda: api.audit_logs.list(**v1, actor={"email": EMAIL, "ip": "127.0.0.0/8"}))
assert len(by_actor) == 21, by_actor
exported = api.audit_logs.with_raw_response.list(**v1, export=True).text()
assert "never in a log" not in exported
rows = list(csv.DictReader(io.StringIO(exported)))
assert len(rows) == 22 and all(any(log.id in row.values() for row in rows) for log in logs), exported

# What the user did that is no account's.
me = by_key()
me.user.edit(first_name="Ada")
user_logs = all_of(lambda: me.user.audit_logs.list(since=since, before=before, per_page=5))
edits = [log for log in user_logs if log.resource.id == me.user.get().id]
assert len(edits) == 1 and edits[0].action.result is True, user_logs
assert (edits[0].actor.email, edits[0].actor.ip) == (EMAIL, "127.0.0.1"), edits

done(events=[event.id for event in events], first=first.id, failure=failure.id)

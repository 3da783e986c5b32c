"""Accounts, the user who acts, and the user's memberships: by token and by global key."""

from cloudflare import BadRequestError, NotFoundError

from session import ACCOUNT, EMAIL, NOWHERE, all_of, by_key, by_token, done, refused

for api in [by_token(), by_key()]:
    # The only page, then the empty one that ends it.
    listed = all_of(lambda: api.accounts.list(per_page=5), requests=2)
    assert [one.id for one in listed] == [ACCOUNT], listed
    account = api.accounts.get(account_id=ACCOUNT)
    assert account and account.type == "standard" and account.created_on, account
    assert account.settings and account.settings.enforce_twofactor is False, account
    assert all_of(lambda: api.accounts.list(name=account.name)) == listed
    assert all_of(lambda: api.accounts.list(name="no such account"), requests=1) == []

    user = api.user.get()
    assert user and user.email == EMAIL and len(user.id) == 32, user
    assert user.two_factor_authentication_enabled is False and user.suspended is False, user

    memberships = all_of(lambda: api.memberships.list(per_page=5), requests=2)
    assert [one.account and one.account.id for one in memberships] == [ACCOUNT], memberships
    ended = all_of(lambda: api.memberships.list(status="pending", order="status", direction="asc"), requests=1)
    assert ended == []
    membership = api.memberships.get(memberships[0].id)
    assert membership and membership.status == "accepted", membership
    assert membership.roles == ["Super Administrator - All Privileges"], membership
    refused(NotFoundError, 1003, lambda: api.memberships.get(NOWHERE))
    refused(NotFoundError, 7003, lambda: api.accounts.get(account_id=NOWHERE))

# What may be edited, by each proof once.
api = by_token()
renamed = api.accounts.update(account_id=ACCOUNT, id=ACCOUNT, name="Renamed by Python", type="standard")
assert renamed and renamed.id == ACCOUNT and renamed.name == "Renamed by Python", renamed
assert api.accounts.get(account_id=ACCOUNT).name == "Renamed by Python"
empty = {"account_id": ACCOUNT, "id": ACCOUNT, "name": "", "type": "standard"}
refused(BadRequestError, 1001, lambda: api.accounts.update(**empty), pointer="/name")

api = by_key()
edited = api.user.edit(first_name="Ada", last_name="Lovelace")
assert edited and (edited.first_name, edited.last_name, edited.email) == ("Ada", "Lovelace", EMAIL), edited
edited = api.user.edit(last_name=None)
assert edited and (edited.first_name, edited.last_name) == ("Ada", None), edited
refused(BadRequestError, 1001, lambda: api.user.edit(first_name="n" * 1000), pointer="/first_name")
assert api.user.get().first_name == "Ada"

done(name=renamed.name, first_name="Ada", last_name=None)

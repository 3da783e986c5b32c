"""Roles and members of an account."""

from cloudflare import BadRequestError, ConflictError, NotFoundError

from session import ACCOUNT, EMAIL, NOWHERE, all_of, by_token, done, refused

api = by_token()
members = api.accounts.members
of_account = {"account_id": ACCOUNT}

# Roles: 5, 2 and the empty page that ends them.
roles = all_of(lambda: api.accounts.roles.list(**of_account, per_page=5), requests=3)
by_name = {role.name: role for role in roles}
administrator = by_name["Super Administrator - All Privileges"]
reporter, deployer = by_name["Secrets Store Reporter"], by_name["Secrets Store Deployer"]
assert len(roles) == 7 and all(role.description for role in roles), roles
assert api.accounts.roles.get(role_id=reporter.id, **of_account) == reporter
refused(NotFoundError, 1003, lambda: api.accounts.roles.get(role_id=NOWHERE, **of_account))

# Members: the one who acts, and 25 invited.
(owner,) = all_of(lambda: members.list(**of_account), requests=2)
assert owner.status == "accepted" and owner.user and owner.user.email == EMAIL, owner
invited = []
for number in range(25):
    email = f"member{number:02}@example.com"
    member = members.create(**of_account, email=email, roles=[reporter.id])
    assert member and member.status == "pending" and member.user and member.user.email == email, member
    assert [role.id for role in member.roles or []] == [reporter.id], member
    assert "/invitations/" in member.coffer["invitation_url"], "the link is shown to who invites"
    invited.append(member)

# Every page to the last: 10, 10, 6 and the empty one.
listed = all_of(lambda: members.list(**of_account, per_page=10), requests=4)
assert {one.id for one in listed} == {one.id for one in [owner, *invited]}
pending = {"status": "pending", "order": "user.email", "direction": "desc"}
listed = all_of(lambda: members.list(**of_account, **pending, per_page=5), requests=6)
assert [one.id for one in listed] == [one.id for one in reversed(invited)]
refused(BadRequestError, 1001, lambda: members.list(**of_account, per_page=51))

# One member: get, other roles, delete.
first, second = invited[0], invited[1]
got = members.get(member_id=first.id, **of_account)
assert got and got.user == first.user and got.roles == first.roles, got
assert not hasattr(got, "coffer"), "the link is shown once"
again = members.create(**of_account, email="member00@example.com", roles=[reporter.id])
assert again and again.id == first.id and again.coffer != first.coffer, "another link, not another member"
changed = members.update(member_id=first.id, **of_account, roles=[{"id": deployer.id}, {"id": reporter.id}])
assert changed and {role.id for role in changed.roles or []} == {deployer.id, reporter.id}, changed
changed = members.update(member_id=first.id, **of_account, roles=[{"id": deployer.id}])
assert changed and [role.name for role in changed.roles or []] == ["Secrets Store Deployer"], changed
assert members.get(member_id=first.id, **of_account) == changed
removed = members.delete(member_id=second.id, **of_account)
assert removed and removed.id == second.id, removed
refused(NotFoundError, 1003, lambda: members.get(member_id=second.id, **of_account))
refused(NotFoundError, 1003, lambda: members.delete(member_id=second.id, **of_account))

# What is refused changes nothing.
new = {**of_account, "email": "new@example.com"}
refused(BadRequestError, 1001, lambda: members.create(**new, roles=[NOWHERE]), pointer="/roles/0")
refused(BadRequestError, 1001, lambda: members.create(**new, roles=[]), pointer="/roles")
refused(BadRequestError, 1001, lambda: members.create(**{**new, "email": "nobody"}, roles=[reporter.id]), pointer="/email")
refused(ConflictError, 1004, lambda: members.create(**{**new, "email": EMAIL}, roles=[reporter.id]))
unknown = [{"id": deployer.id}, {"id": NOWHERE}]
refused(BadRequestError, 1001, lambda: members.update(member_id=first.id, **of_account, roles=unknown))
# Somebody must be left who may do everything.
refused(ConflictError, 1005, lambda: members.update(member_id=owner.id, **of_account, roles=[{"id": reporter.id}]))
refused(ConflictError, 1005, lambda: members.delete(member_id=owner.id, **of_account))
kept = all_of(lambda: members.list(**of_account, per_page=50))
assert len(kept) == 25 and administrator.id in [role.id for role in owner.roles or []], kept

done(members=[one.id for one in kept], changed=first.id, owner=owner.id)

"""Pages projects: their variables and secrets, of production and of previews."""

from cloudflare import BadRequestError, ConflictError, NotFoundError

from session import ACCOUNT, NOWHERE, all_of, by_token, done, refused

projects = by_token().pages.projects
of_site = {"project_name": "site", "account_id": ACCOUNT}


def configured(value: str) -> dict:
    """A variable and a secret of this value, of production."""
    variables = {
        "PLAIN": {"type": "plain_text", "value": value},
        "KEY": {"type": "secret_text", "value": "marked python value"},
    }
    return {"production": {"env_vars": variables, "compatibility_date": "2026-01-01"}}


made = projects.create(
    account_id=ACCOUNT, name="site", production_branch="main", deployment_configs=configured("one")
)
assert made and made.name == "site" and made.production_branch == "main", made
refused(ConflictError, 8000002, lambda: projects.create(account_id=ACCOUNT, name="site", production_branch="main"))
refused(BadRequestError, 1001, lambda: projects.create(account_id=ACCOUNT, name="No Name", production_branch="main"))
projects.create(account_id=ACCOUNT, name="other", production_branch="trunk")
listed = all_of(lambda: projects.list(account_id=ACCOUNT, per_page=1))
assert {one.name for one in listed} == {"site", "other"}, listed

edited = projects.edit(**of_site, deployment_configs=configured("two"), production_branch="release")
assert edited and edited.production_branch == "release", edited
production = projects.get(**of_site).deployment_configs.production
assert production.compatibility_date == "2026-01-01", production
assert production.env_vars["PLAIN"].value == "two" and production.env_vars["KEY"].type == "secret_text", production
assert "marked" not in repr(projects.get(**of_site))
removed = {"production": {"env_vars": {"KEY": None}}}
edited = projects.edit(**of_site, deployment_configs=removed)
assert set(edited.deployment_configs.production.env_vars) == {"PLAIN"}, edited

projects.delete(project_name="other", account_id=ACCOUNT)
refused(NotFoundError, 8000007, lambda: projects.get(project_name="other", account_id=ACCOUNT))
refused(NotFoundError, 8000007, lambda: projects.delete(project_name="other", account_id=ACCOUNT))
refused(NotFoundError, 7003, lambda: projects.get(project_name="site", account_id=NOWHERE))

done(project=edited.id, branch="release")

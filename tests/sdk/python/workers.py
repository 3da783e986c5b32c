"""Workers: uploaded as forms and in JSON, with their versions, deployments, settings and secrets."""

import base64

from cloudflare import BadRequestError, ConflictError, NotFoundError

from session import ACCOUNT, NOWHERE, all_of, by_token, done, refused

api = by_token()
scripts = api.workers.scripts
workers = api.workers.beta.workers
MODULE = "application/javascript+module"
UNKNOWN = "01234567-89ab-4cde-8f01-23456789abcd"


def answering(text: str, extra: str = "") -> str:
    """A module that answers with this text and what it is bound to."""
    return f"{extra}export default {{ fetch(_, env) {{ return Response.json(['{text}', env.VAR, env.KEY]) }} }}"


def uploaded(text: str, **metadata: object) -> dict:
    """What an upload of two modules sends."""
    main = answering(text, "import './other.js';\n")
    return {
        "account_id": ACCOUNT,
        "metadata": {"main_module": "index.js", "compatibility_date": "2026-01-01", **metadata},
        "files": [
            ("index.js", main.encode(), MODULE),
            ("other.js", b"export default 1", MODULE),
        ],
    }


# A form: metadata in one part, every module in a part named files.
bindings = [
    {"name": "VAR", "type": "plain_text", "text": "variable"},
    {"name": "KEY", "type": "secret_text", "text": "marked python value"},
]
made = scripts.update("form", **uploaded("first", bindings=bindings, tags=["python"]))
assert made and made.id == "form" and made.has_modules and made.handlers == ["fetch"], made
of_form = {"script_name": "form", "account_id": ACCOUNT}
assert scripts.subdomain.create(**of_form, enabled=True).previews_enabled is True
assert scripts.subdomain.get(**of_form).enabled is True
missing = uploaded("never", bindings=[{"name": "GONE", "type": "inherit"}])
refused(BadRequestError, 10057, lambda: scripts.update("form", **missing, bindings_inherit="strict"))
refused(BadRequestError, 10021, lambda: scripts.update("form", **uploaded("never", main_module="none.js")))
refused(BadRequestError, 10016, lambda: scripts.update("No Name", **uploaded("never")))

# What was uploaded is listed, searched for and given back.
listed = all_of(lambda: scripts.list(account_id=ACCOUNT))
assert [one.id for one in listed] == ["form"] and listed[0].tags == ["python"], listed
found = all_of(lambda: scripts.search(account_id=ACCOUNT, name="or"))
assert [one.script_name for one in found] == ["form"] and found[0].id == listed[0].tag, found
assert all_of(lambda: scripts.search(account_id=ACCOUNT, name="nope")) == []
assert "other.js" in scripts.content.get(**of_form).text()
assert "first" in scripts.content.get(**of_form).text()

# New code alone, by metadata and by header.
code = {"account_id": ACCOUNT, "files": [("main.js", answering("second").encode(), MODULE)]}
assert scripts.content.update("form", **code, metadata={"main_module": "main.js"}).id == "form"
assert "second" in scripts.content.get(**of_form).text()
code["files"] = [("main.js", answering("third").encode(), MODULE)]
assert scripts.content.update("form", **code, metadata={}, cf_worker_main_module_part="main.js").id == "form"
refused(NotFoundError, 10007, lambda: scripts.content.update("nope", **code, metadata={"main_module": "main.js"}))

# Settings of the Worker, and of its newest version with what it is bound to.
assert scripts.settings.edit(**of_form, logpush=True).logpush is True
assert scripts.settings.get(**of_form).tags == ["python"]
kept = [{"name": "VAR", "type": "plain_text", "text": "edited"}, {"name": "KEY", "type": "inherit"}]
# No placement is an empty object, which the SDK's types do not know, so these answers are read as they are.
both = scripts.script_and_version_settings.with_raw_response
edit = {"bindings": kept, "compatibility_flags": ["nodejs_compat"]}
edited = both.edit(**of_form, settings=edit).json()["result"]
assert [one["name"] for one in edited["bindings"]] == ["VAR", "KEY"], edited
settings = both.get(**of_form).json()["result"]
assert settings["compatibility_flags"] == ["nodejs_compat"] and settings["logpush"] is True, settings
assert settings["compatibility_date"] == "2026-01-01" and settings["placement"] == {}, settings
assert settings["bindings"][0]["text"] == "edited", settings

# Secrets.
secrets = scripts.secrets
made = secrets.update(**of_form, name="OWN", text="a value", type="secret_text")
assert made and (made.name, made.type) == ("OWN", "secret_text"), made
secrets.bulk_update(
    **of_form, secrets={"OWN": None, "TWO": {"name": "TWO", "text": "another value", "type": "secret_text"}}
)
assert [one.name for one in secrets.list(**of_form)] == ["KEY", "TWO"]
assert secrets.get(**of_form, secret_name="TWO").type == "secret_text"
secrets.delete(**of_form, secret_name="TWO")
refused(NotFoundError, 10056, lambda: secrets.get(**of_form, secret_name="TWO"))

# Cron triggers.
schedules = scripts.schedules
assert [one.cron for one in schedules.update(**of_form, body=[{"cron": "0 3 * * *"}]).schedules] == ["0 3 * * *"]
assert [one.cron for one in schedules.get(**of_form).schedules] == ["0 3 * * *"]
refused(BadRequestError, 10100, lambda: schedules.update(**of_form, body=[{"cron": "never"}]))

# A version, not deployed and then deployed beside the one that serves.
# The SDK expects pages of items here, of which the API has none: the answer is read as it is.
listing = scripts.deployments.with_raw_response.list(**of_form).json()
active = listing["result"]["deployments"][0]
upload = uploaded("fourth", keep_bindings=["plain_text", "secret_text"])
# The SDK's types of one version cannot be built with this pydantic: these answers are read as they are, too.
raw = scripts.versions.with_raw_response
version = raw.create("form", **upload).json()["result"]
assert [one["name"] for one in version["resources"]["bindings"]] == ["VAR", "KEY"], version
got = raw.get(version["id"], **of_form).json()["result"]
assert got["number"] == version["number"] and got["resources"]["script"]["handlers"] == ["fetch"], got
numbers = [one.number for one in all_of(lambda: scripts.versions.list(**of_form, per_page=3))]
assert numbers == sorted(numbers, reverse=True) and len(numbers) == version["number"], numbers
split = [
    {"version_id": active["versions"][0]["version_id"], "percentage": 99.9},
    {"version_id": version["id"], "percentage": 0.1},
]
deployed = scripts.deployments.create(**of_form, strategy="percentage", versions=split)
assert [one.percentage for one in deployed.versions] == [99.9, 0.1], deployed
split[0]["percentage"] = 50
bad = {"strategy": "percentage", "versions": split}
refused(BadRequestError, 10021, lambda: scripts.deployments.create(**of_form, **bad))
assert scripts.deployments.get(deployed.id, **of_form).id == deployed.id
refused(ConflictError, 1003, lambda: scripts.deployments.delete(deployed.id, **of_form))
scripts.deployments.delete(active["id"], **of_form)
refused(NotFoundError, 10336, lambda: scripts.deployments.get(active["id"], **of_form))
whole = [{"version_id": version["id"], "percentage": 100}]
scripts.deployments.create(**of_form, strategy="percentage", versions=whole)

# The newer way: a Worker, then versions in JSON.
worker = workers.create(account_id=ACCOUNT, name="json", tags=["a"], subdomain={"enabled": True})
assert worker and worker.name == "json" and worker.subdomain.enabled, worker
of_worker = {"worker_id": worker.id, "account_id": ACCOUNT}
refused(ConflictError, 10016, lambda: workers.create(account_id=ACCOUNT, name="json"))
whole = {"name": "json", "logpush": True, "tags": ["a", "b"], "tail_consumers": []}
whole |= {"observability": {"enabled": True}, "subdomain": {"enabled": True}}
edited = workers.edit(**of_worker, **whole)
assert set(edited.tags) == {"a", "b"} and edited.observability.enabled and edited.logpush, edited
assert workers.update(**of_worker, name="json", tags=["b"], subdomain={"enabled": True}).logpush is False
assert workers.get(**of_worker).tags == ["b"]
assert {one.name for one in all_of(lambda: workers.list(account_id=ACCOUNT, per_page=1))} == {"form", "json"}


def version_of(text: str) -> dict:
    """A version in JSON."""
    content = base64.b64encode(answering(text).encode()).decode()
    return {
        "main_module": "index.js",
        "modules": [{"name": "index.js", "content_type": MODULE, "content_base64": content}],
        "bindings": bindings,
        "compatibility_date": "2026-01-01",
    }


versions = workers.versions
first = versions.create(**of_worker, **version_of("json one"), annotations={"workers_tag": "one"}, deploy=True)
assert first and first.number == 1 and first.main_module == "index.js", first
second = versions.create(**of_worker, **version_of("json two"))
assert [one.number for one in all_of(lambda: versions.list(**of_worker, per_page=1))] == [2, 1]
got = versions.get(second.id, **of_worker, include="modules")
assert "json two" in base64.b64decode(got.modules[0].content_base64).decode(), got
assert "marked python value" not in repr(got)
refused(ConflictError, 1003, lambda: versions.delete(first.id, **of_worker))
versions.delete(second.id, **of_worker)
refused(NotFoundError, 100146, lambda: versions.get(second.id, **of_worker))
refused(NotFoundError, 100146, lambda: versions.delete(UNKNOWN, **of_worker))
bad = version_of("never") | {"modules": []}
refused(BadRequestError, 10021, lambda: versions.create(**of_worker, **bad))

# Custom domains.
domains = api.workers.domains
domain = domains.update(account_id=ACCOUNT, hostname="python.example.com", service="form")
assert domain and (domain.hostname, domain.service) == ("python.example.com", "form"), domain
assert domains.get(domain.id, account_id=ACCOUNT).zone_id == domain.zone_id
other = domains.update(account_id=ACCOUNT, hostname="other.example.com", service="json")
assert {one.id for one in all_of(lambda: domains.list(account_id=ACCOUNT))} == {domain.id, other.id}
assert [one.id for one in all_of(lambda: domains.list(account_id=ACCOUNT, service="json"))] == [other.id]
domains.delete(other.id, account_id=ACCOUNT)
refused(NotFoundError, 1003, lambda: domains.get(other.id, account_id=ACCOUNT))
taken = {"account_id": ACCOUNT, "hostname": "python.example.com", "service": "json"}
refused(ConflictError, 100116, lambda: domains.update(**taken))
refused(BadRequestError, 1001, lambda: domains.update(account_id=ACCOUNT, hostname="no host", service="form"))

# What an account has set.
settings = api.workers.account_settings
assert settings.get(account_id=ACCOUNT).default_usage_model == "standard"
assert settings.update(account_id=ACCOUNT, green_compute=True).green_compute is True

# What is deleted is gone.
scripts.update("gone", **uploaded("gone"))
scripts.delete("gone", account_id=ACCOUNT)
refused(NotFoundError, 10007, lambda: scripts.get("gone", account_id=ACCOUNT))
workers.create(account_id=ACCOUNT, name="gone")
workers.delete("gone", account_id=ACCOUNT)
refused(NotFoundError, 10007, lambda: workers.get("gone", account_id=ACCOUNT))
refused(NotFoundError, 7003, lambda: scripts.delete("form", account_id=NOWHERE))

done(form=["fourth", "edited", "marked python value"], json=["json one", "variable", "marked python value"])

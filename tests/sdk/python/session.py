"""What every script stands on: clients of the server that it drives, which count what they send, and refusals."""

import json
import os
from itertools import islice
from typing import Any, Callable, Iterable, TypeVar

import httpx
from cloudflare import APIStatusError, Cloudflare, DefaultHttpxClient

Item = TypeVar("Item")
Result = TypeVar("Result")

ACCOUNT = os.environ["COFFER_ACCOUNT_ID"]
EMAIL = os.environ["COFFER_EMAIL"]
NOWHERE = "0" * 32

# More than any listing of the scripts has: one that never ends fails instead of hanging.
ENDLESS = 10_000

_sent: list[httpx.Request] = []


def client(**proof: str) -> Cloudflare:
    """A client with this proof of who it is: `api_token`, or `api_email` with `api_key`."""
    return Cloudflare(
        **proof,
        base_url=os.environ["COFFER_API_BASE_URL"],
        http_client=DefaultHttpxClient(event_hooks={"request": [_sent.append]}),
        # An answer that is not of the type that the SDK documents is an error.
        _strict_response_validation=True,
    )


def by_token() -> Cloudflare:
    """The administrator, with the API token."""
    return client(api_token=os.environ["COFFER_API_TOKEN"])


def by_key() -> Cloudflare:
    """The administrator, with the global API key."""
    return client(api_email=EMAIL, api_key=os.environ["COFFER_GLOBAL_API_KEY"])


def sent_by(call: Callable[[], Result]) -> tuple[Result, list[httpx.Request]]:
    """What a call returns, and the requests that the SDK sent for it."""
    before = len(_sent)
    result = call()
    return result, _sent[before:]


def all_of(listing: Callable[[], Iterable[Item]], requests: int | None = None) -> list[Item]:
    """Every item of a listing that the SDK follows to its end, each once, in as many requests."""
    items, sent = sent_by(lambda: list(islice(listing(), ENDLESS)))
    assert len(items) < ENDLESS, "the listing does not end"
    ids = [item.id for item in items]  # type: ignore[attr-defined]
    assert len(set(ids)) == len(ids), f"an item comes twice: {ids}"
    assert requests in (None, len(sent)), f"{len(sent)} requests instead of {requests}: {sent}"
    return items


def refused(
    kind: type[APIStatusError],
    code: int,
    call: Callable[[], Any],
    *,
    pointer: str | None = None,
) -> str:
    """The message of a refusal of this kind, with this code, that the SDK does not try again."""
    before = len(_sent)
    try:
        call()
    except APIStatusError as error:
        assert type(error) is kind, repr(error)
        first = error.errors[0]
        assert first.code == code, repr(error)
        found = first.source and first.source.pointer
        assert pointer is None or found == pointer, f"{found}: {error!r}"
        assert len(_sent) == before + 1, f"sent {len(_sent) - before} times: {error!r}"
        assert first.message
        return first.message
    raise AssertionError(f"not refused with {kind.__name__} {code}")


def done(**summary: Any) -> None:
    """Says what was found, for the test that started the script."""
    print(json.dumps(summary))

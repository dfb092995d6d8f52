"""The API as it is described: every route, and every field of real answers."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from starlette.routing import Route

from dialer.web import app
from tests.pages import Page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.web.site import Site

DESCRIPTION: dict[str, Any] = json.loads((Path(app.__file__).parent / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = DESCRIPTION["components"]["schemas"]
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def check(value: object, schema: dict[str, Any], at: str = "") -> None:
    """Fail where a value is not what a schema of the description says."""
    if "$ref" in schema:
        check(value, SCHEMAS[schema["$ref"].rpartition("/")[2]], at)
        return
    if "anyOf" in schema:
        assert value is None or [one for one in schema["anyOf"] if one != {"type": "null"}], at
        if value is not None:
            check(value, schema["anyOf"][0], at)
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if value is None:
        assert "null" in kinds, at
        return
    (kind,) = [one for one in kinds if one != "null"]
    assert isinstance(value, TYPES[kind]), (at, value)
    assert isinstance(value, bool) is (kind == "boolean"), (at, value)
    if schema.get("format") == "date-time":
        assert datetime.fromisoformat(str(value)).tzinfo is not None, at
    if isinstance(value, list):
        for number, item in enumerate(value):
            check(item, schema["items"], f"{at}[{number}]")
    if isinstance(value, dict):
        _check_fields(value, schema, at)


def _check_fields(value: dict[str, Any], schema: dict[str, Any], at: str) -> None:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", False)
    assert set(schema.get("required", ())) <= value.keys(), at
    for name, item in value.items():
        assert name in properties or others, f"{at}.{name} is not described"
        check(item, properties.get(name, others), f"{at}.{name}")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("workspace")
    text = 'agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "people.csv"\n'
    (folder / "spring.toml").write_text(text)
    (folder / "people.csv").write_text("phone\n+919812345600\n")
    with serving(folder, environment={"BOLNA_BASE_URL": "http://127.0.0.1:9"}) as page:
        yield page


def test_every_route_of_the_api_is_described_and_no_other() -> None:
    routes = {
        (method.lower(), route.path)
        for route in app.build(cast("Site", None)).routes
        if isinstance(route, Route) and route.path.startswith(("/api/", "/healthz"))
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {
        (method, path) for path, methods in DESCRIPTION["paths"].items() for method in methods if method != "parameters"
    }
    assert routes == described


def test_answers_have_the_fields_that_are_described(page: Page) -> None:
    (batch,) = page.campaigns().values()
    for path in ("/api/v1/campaigns", "/api/v1/campaigns/{id}", "/api/v1/organisation"):
        schema = DESCRIPTION["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        check(page.web.get(path.replace("{id}", batch["id"])).json(), schema)


def test_what_cannot_be_done_is_said_in_the_field_that_is_described(page: Page) -> None:
    (batch,) = page.campaigns().values()
    headers = {"Origin": page.address, "X-CSRF-Token": page.csrf}
    for path in ("campaigns/0000000000000000/start", f"campaigns/{batch['id']}/answer", "organisation/block"):
        answer = page.web.post(f"/api/v1/{path}", json={"question": "x", "number": "12"}, headers=headers)
        assert 400 <= answer.status_code < 500
        check(answer.json(), SCHEMAS["Problem"])
    answer = page.web.post("/api/v1/organisation/block", json={"number": "+919812345699"}, headers=headers)
    check(answer.json(), SCHEMAS["Done"])

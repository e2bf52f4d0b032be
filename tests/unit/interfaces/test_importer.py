"""Documents from a published description."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from easement.cli.import_command import app
from easement.contract.kinds import Classification
from easement.contract.loader import load
from easement.interfaces.importer import ImportRefusedError, import_openapi, referenced_files

API = json.dumps(
    {
        "openapi": "3.0.0",
        "info": {"title": "Pets & <co>: #1", "version": "v2.1"},
        "paths": {
            "/pets/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": {
                    "operationId": "getPet",
                    "responses": {
                        "200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "pet.json"}}}}
                    },
                },
            }
        },
    }
).encode()
PET = json.dumps(
    {"properties": {"name": {"type": "string"}, "owner": {"properties": {"mail": {}, "full name": {}}}}}
).encode()
SIBLINGS = {"pet.json": PET}


def imported(**options):
    defaults = {
        "file_name": "pets.json",
        "system": "pets",
        "url": "https://pets.example",
        "country": "DE",
        "siblings": SIBLINGS,
    }
    return import_openapi(API, **{**defaults, **options})


def test_the_documents_load():
    files = imported(owner="zoo", default_classification=Classification.INTERNAL, source="shop", operations=["getPet"])
    assert sorted(files) == [
        "integrations/shop-to-pets.yaml",
        "interfaces/pets-api.yaml",
        "interfaces/pets-api/pet.json",
        "interfaces/pets-api/pets.json",
        "systems/pets.yaml",
    ]
    bundle = load(files)
    assert bundle.problems == ()
    documents = {one.document.kind: one.document for one in bundle.documents}
    assert str(documents["Interface"].spec.version) == "2.1.0"
    assert documents["Interface"].spec.definition.openapi == "./pets-api/pets.json"
    assert documents["Interface"].metadata.title == "Pets & <co>: #1"
    assert list(documents["Integration"].spec.fields) == ["name", "owner.mail"]
    assert files["interfaces/pets-api/pets.json"] == API


def test_a_registered_system_is_left_out():
    assert "systems/pets.yaml" not in imported(with_system=False, country="")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"system": "Pets!"}, "no name for the system"),
        ({"interface": "../x"}, "no name for the interface"),
        ({"country": ""}, "not known"),
        ({"country": "Germany"}, "not be valid"),
        ({"url": "ftp://pets"}, "not be valid"),
        ({"source": "shop"}, "source and operations"),
        ({"source": "shop", "operations": ["getPets"]}, "no operation 'getPets'"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(ImportRefusedError, match=words):
        imported(**options)


def test_a_description_that_cannot_be_read_is_refused_with_its_problems():
    with pytest.raises(ImportRefusedError) as refused:
        import_openapi(b'{"swagger": "2.0"}', file_name="x.json", system="x", url="https://x", country="DE")
    assert [problem.code for problem in refused.value.problems] == ["EAS-2005"]


def test_referenced_files_stay_in_the_folder():
    data = (
        b'{"a": {"$ref": "b/c.json#/x"}, "d": [{"$ref": "../e.json"}, {"$ref": "https://f/g.json"}, {"$ref": "#/a"}]}'
    )
    assert referenced_files({"x.json": data}, "x.json") == {"b/c.json"}


def test_the_command_writes_once(tmp_path):
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "pets.json").write_bytes(API)
    (tmp_path / "api" / "pet.json").write_bytes(PET)
    out = tmp_path / "estate"
    arguments = ["openapi", str(tmp_path / "api" / "pets.json"), "--system", "pets", "--url", "https://pets.example"]
    arguments += ["--source", "shop", "--operations", "getPet", "--out", str(out)]
    runner = CliRunner()
    assert "--country" in runner.invoke(app, arguments).output
    first = runner.invoke(app, [*arguments, "--country", "DE"])
    assert first.exit_code == 0, first.output
    assert (out / "interfaces" / "pets-api" / "pet.json").read_bytes() == PET
    again = runner.invoke(app, arguments)
    assert again.exit_code == 1
    assert "already there" in again.output
    assert runner.invoke(app, [*arguments, "--force"]).exit_code == 0


def test_the_command_names_a_missing_file(tmp_path):
    result = CliRunner().invoke(app, ["openapi", str(tmp_path / "no.yaml"), "--system", "x", "--url", "https://x"])
    assert result.exit_code == 1
    assert "cannot read" in result.output


def test_plain_http_is_an_endpoint_for_development_only():
    def endpoints(url: str) -> list[str]:
        (system,) = (one.document for one in load(imported(url=url)).documents if one.document.kind == "System")
        return list(system.spec.endpoints)

    assert endpoints("http://127.0.0.1:9000") == ["development"]
    assert endpoints("https://pets.example") == ["production"]

"""An installation says through which layers its traffic goes, and takes no description with a credential in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from easement.testing.installation import Installation, running
from easement.testing.small_estate import INTEGRATION, openapi, small_files

KEY = "AKIA" + "A1B2C3D4E5F6G7H8"


@pytest.fixture(scope="module")
def explained_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running(tmp_path_factory.mktemp("access")) as installation:
        installation.person("dora", "developer")
        installation.person("rolf", "reviewer", "security", "compliance", "coe")
        installation.apply("dora", small_files())
        installation.approve_all("rolf")
        yield installation


def test_the_registry_explains_what_it_enforces(explained_installation: Installation) -> None:
    said = explained_installation.command("explain", "access", INTEGRATION, "-o", "json", "--owasp")
    tree = json.loads(said.stdout)
    assert tree["plan"] == explained_installation.api("operator", "GET", "/plan").json()["hash"]
    assert tree["flows"] is True
    assert [way["name"] for way in tree["ways"]] == ["getStock"]
    assert len(tree["owasp"]) == 10
    unknown = explained_installation.command("explain", "access", "shop-read-stock", check=False)
    assert unknown.returncode == 1
    assert f"did you mean '{INTEGRATION}'?" in unknown.stderr


def test_attack_a_description_with_a_credential_is_not_taken(explained_installation: Installation) -> None:
    tree = json.loads(openapi())
    tree["servers"] = [{"url": f"https://store.internal/{KEY}"}]
    before = explained_installation.api("operator", "GET", "/plan").json()["hash"]
    with pytest.raises(RuntimeError, match="credential-in-description") as refused:
        explained_installation.apply("dora", small_files(description=json.dumps(tree)))
    assert KEY[4:] not in str(refused.value)
    stored = explained_installation.api("operator", "GET", "/interfaces").text
    assert KEY[4:] not in stored
    assert explained_installation.api("operator", "GET", "/plan").json()["hash"] == before


def test_a_folder_with_a_credential_fails_the_check_with_its_place(
    explained_installation: Installation, tmp_path: Path
) -> None:
    tree = json.loads(openapi())
    tree["x-note"] = KEY
    for name, data in small_files(description=json.dumps(tree, indent=1)).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    done = explained_installation.command("check", ".", cwd=tmp_path, check=False)
    assert done.returncode == 3
    (line,) = [one for one in done.stdout.splitlines() if "credential-in-description" in one]
    assert line.startswith("interface/stock.json:")
    assert KEY[4:] not in done.stdout + done.stderr


def test_what_ends_soon_is_listed_and_measured(explained_installation: Installation) -> None:
    def expiring(days: int) -> tuple[int, list[tuple[str, str, bool]]]:
        done = explained_installation.command("credential", "expiring", "--days", str(days), "-o", "json", check=False)
        items = json.loads(done.stdout)
        return done.returncode, [(one["kind"], one["name"], one["replaced"]) for one in items]

    explained_installation.command("credential", "issue", "shop", "--days", "20")
    status, soon = expiring(10)
    assert status == 0
    assert {kind for kind, _, _ in soon} == {"certificate"}, "leaves live for a week, and renew themselves"
    status, later = expiring(30)
    assert status == 3
    assert ("secret", "shop", False) in later
    explained_installation.command("credential", "rotate", "shop", "--days", "200", "--overlap", "700")
    status, replaced = expiring(30)
    assert status == 0
    assert ("secret", "shop", True) in replaced
    assert 'easement_expiry_timestamp_seconds{kind="secret",name="shop"}' in metrics(explained_installation)
    with pytest.raises(RuntimeError, match="403"):
        explained_installation.api("dora", "GET", "/expiries")


def metrics(installation: Installation) -> str:
    token = (installation.data.keys / "operator.token").read_text().strip()
    return installation.control.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text

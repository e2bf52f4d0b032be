"""An author of a document who has our own secrets, or another team's, sent to a host of theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from easement.gateway.place import GatewayPlace
from easement.gateway.render_credentials import credential_file
from easement.gateway.target_credentials import TargetCredentials
from easement.keys.local_secrets import local_secrets
from easement.plan.model import Upstream, UpstreamCredential
from easement.testing.plans import make_upstream

STOLEN = "value-that-must-not-leave"


def shown(folder: Path, reference: str) -> tuple[str, dict[str, str]]:
    """What Envoy would be given for a target whose document refers to ``reference``, and what is said of it."""
    place = GatewayPlace(
        folder=folder / "gateway",
        certificates=folder,
        host="127.0.0.1",
        port=1,
        decider_port=2,
        admin_port=3,
        control_port=4,
        console_port=5,
        issuer="https://issuer.example",
    )
    credentials = TargetCredentials(place, local_secrets(folder))
    wanted = UpstreamCredential(header="x-key", prefix="", secret=reference)
    upstream: Upstream = replace(make_upstream(1), credential=wanted)
    credentials.refresh([upstream])
    return credential_file(place, upstream.name).read_text(), credentials.problems


def lay(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(STOLEN)


def test_the_good_twin_is_shown(tmp_path: Path) -> None:
    lay(tmp_path, "secrets/partner")
    content, problems = shown(tmp_path, "secret://file/secrets/partner")
    assert STOLEN in content
    assert not problems


@pytest.mark.parametrize(
    "name",
    [
        "node.token",
        "keys/operator.token",
        "keys/master.key",
        "gateway/live/credentials/other.json",
        "secrets/../node.token",
        "secrets/./../node.token",
        "secretsx/partner",
    ],
)
def test_our_own_files_are_not_shown_to_a_target(tmp_path: Path, name: str) -> None:
    lay(tmp_path, "secrets/partner")
    lay(tmp_path, name.replace("secrets/../", "").replace("secrets/./../", ""))
    content, problems = shown(tmp_path, f"secret://file/{name}")
    assert STOLEN not in content + str(problems)
    assert "may not name it" in str(problems)


@pytest.mark.parametrize("name", ["EASEMENT_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "XSECRET_A"])
def test_variables_that_were_not_laid_down_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, STOLEN)
    content, problems = shown(tmp_path, f"secret://env/{name}")
    assert STOLEN not in content + str(problems)
    assert "EASEMENT_DOCUMENT_SECRETS" in str(problems)


def test_a_link_below_the_folder_of_secrets_does_not_lead_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lay(tmp_path, "outside")
    (data / "secrets").mkdir(parents=True)
    (data / "secrets" / "partner").symlink_to(tmp_path / "outside")
    content, problems = shown(data, "secret://file/secrets/partner")
    assert STOLEN not in content
    assert "leaves" in str(problems)


def test_a_link_to_our_own_files_does_not_lead_out_of_the_folder_of_secrets(tmp_path: Path) -> None:
    lay(tmp_path, "node.token")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "partner").symlink_to(tmp_path / "node.token")
    content, problems = shown(tmp_path, "secret://file/secrets/partner")
    assert STOLEN not in content
    assert "leaves" in str(problems)

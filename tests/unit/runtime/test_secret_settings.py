"""Settings of secret stores that cannot work are refused before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from easement.runtime.layout import DataDirectory
from easement.runtime.secret_stores import secret_stores
from easement.runtime.settings import load_settings


def stores(tmp_path: Path, **flags: Any) -> frozenset[str]:
    return frozenset(secret_stores(load_settings(**flags), DataDirectory(tmp_path)).stores)


def test_only_what_is_set_is_there(tmp_path: Path) -> None:
    assert stores(tmp_path) == {"env", "file"}
    assert "vault" in stores(tmp_path, vault_address="https://bao.example", vault_login="secret://env/VAULT_TOKEN")
    assert "aws" in stores(tmp_path, aws_region="eu-central-1")
    assert "azure" in stores(tmp_path, azure_vault="https://x.vault.azure.net")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            {"vault_address": "http://bao.example", "environment": "production", "vault_login": "secret://env/T"},
            "https",
        ),
        ({"vault_address": "file:///etc/passwd", "vault_login": "secret://env/T"}, "https"),
        ({"vault_address": "https://bao.example"}, "EASEMENT_VAULT_LOGIN"),
        ({"vault_address": "https://b", "vault_login": "secret://vault/a/b#c"}, "cannot lie in the store"),
        ({"vault_address": "https://b", "vault_method": "approle", "vault_login": "secret://env/T"}, "VAULT_ROLE"),
        ({"azure_vault": "http://x.vault.azure.net"}, "EASEMENT_AZURE_VAULT"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, flags: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stores(tmp_path, **flags)

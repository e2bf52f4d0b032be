"""Which secrets a document may refer to: what was laid down for its owner, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from easement.keys.local_secrets import local_secrets
from easement.keys.secret_stores import DocumentSecrets
from easement.keys.secrets import SecretError, read_reference


@pytest.mark.parametrize(
    "reference",
    [
        "env/SECRET_PARTNER",
        "file/secrets/partner#key",
        "file/secrets/deep/partner",
        "vault/kv/easement/shop#key",
        "vault/kv/easement/shop/hook#key",
        "vault/database/easement/shop/creds/app#password",
        "aws/easement/shop",
        "aws/easement/shop/hook#key",
        "azure/easement-shop#key",
    ],
)
def test_what_is_laid_down_for_the_owner_may_be_named(reference: str) -> None:
    assert DocumentSecrets().permits(read_reference(f"secret://{reference}"), "shop")


@pytest.mark.parametrize(
    "reference",
    [
        "env/EASEMENT_DATABASE_URL",  # our own password
        "env/AWS_SECRET_ACCESS_KEY",
        "env/PATH",
        "file/node.token",  # our own tokens and keys
        "file/keys/operator.token",
        "file/secrets/../keys/operator.token",
        "file/secrets/./../node.token",
        "file/secrets",
        "file/secretsx/partner",
        "vault/kv/easement/stock#key",  # another owner's
        "vault/kv/easement/shop-eu/hook#key",
        "vault/kv/easement/shopx#key",
        "vault/kv/easement/shop/../stock#key",
        "vault/kv/other/easement/shop/x#key",  # deeper than the mount: somebody else's naming
        "vault/sys/mounts",
        "aws/easement/shop-eu",
        "aws/prod/database",
        "azure/easement-shop-eu",
        "azure/database",
    ],
)
def test_what_is_not_the_owners_may_not_be_named(reference: str) -> None:
    assert not DocumentSecrets().permits(read_reference(f"secret://{reference}"), "shop")


def test_an_owner_cannot_be_a_pattern() -> None:
    reference = read_reference("secret://aws/easement/stock")
    assert not DocumentSecrets().permits(reference, "*")
    assert not DocumentSecrets().permits(reference, "")
    assert not DocumentSecrets().permits(reference, ".+")


def test_the_operator_says_what_else_is_laid_down() -> None:
    documents = DocumentSecrets(("vault/teams/{owner}-*/x",))
    assert documents.permits(read_reference("secret://vault/teams/shop-eu/x#a"), "shop")
    assert not documents.permits(read_reference("secret://file/secrets/partner"), "shop")


def test_a_documents_reference_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    token = tmp_path / "node.token"
    token.touch(mode=0o600)
    token.write_text("the-token-of-nodes")
    stores = local_secrets(tmp_path)
    assert stores.of_operator("secret://file/node.token").reveal() == "the-token-of-nodes"
    with pytest.raises(SecretError, match="EASEMENT_DOCUMENT_SECRETS") as refusal:
        stores.of_document("secret://file/node.token", "shop")
    assert "the-token" not in str(refusal.value)

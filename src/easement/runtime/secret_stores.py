"""The secret stores that the settings name."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from easement.keys.cloud_secrets import AwsSecrets, AzureSecrets
from easement.keys.local_secrets import local_secrets
from easement.keys.secret_stores import DocumentSecrets, SecretStore, SecretStores
from easement.keys.vault_secrets import VaultSecrets, VaultServer
from easement.runtime.layout import DataDirectory
from easement.runtime.settings import Settings


def secret_stores(settings: Settings, data: DataDirectory) -> SecretStores:
    """Environment and files always, the others where they are set. Raises ``ValueError`` for settings that cannot work.

    Nothing is asked of a store before the first reference to it.
    """
    patterns = tuple(part for text in settings.document_secrets.split(",") if (part := text.strip()))
    documents = DocumentSecrets(patterns)
    remote: dict[str, SecretStore] = {}
    if settings.vault_address:
        remote["vault"] = VaultSecrets(_vault(settings, data))
    if settings.aws_region:
        remote["aws"] = AwsSecrets(settings.aws_region)
    if settings.azure_vault:
        if urlsplit(settings.azure_vault).scheme != "https":
            raise ValueError(
                "setting azure_vault (EASEMENT_AZURE_VAULT): write its address, https://NAME.vault.azure.net"
            )
        remote["azure"] = AzureSecrets(settings.azure_vault)
    return local_secrets(data.root, documents, remote)


def _vault(settings: Settings, data: DataDirectory) -> VaultServer:
    scheme = urlsplit(settings.vault_address).scheme
    if scheme != "https" and not (scheme == "http" and settings.environment == "development"):
        raise ValueError("setting vault_address (EASEMENT_VAULT_ADDRESS): secrets travel by https only")
    method = settings.vault_method
    if method in {"approle", "jwt", "kubernetes"} and not settings.vault_role:
        raise ValueError(f"setting vault_role (EASEMENT_VAULT_ROLE): {method} wants a role")
    if method != "cert" and not settings.vault_login:
        raise ValueError(f"setting vault_login (EASEMENT_VAULT_LOGIN): {method} wants a reference to what signs us in")
    if settings.vault_login.startswith("secret://vault/"):
        raise ValueError("setting vault_login (EASEMENT_VAULT_LOGIN): it cannot lie in the store that it opens")
    certificate = (str(data.certificates / "gateway.pem"), str(data.certificates / "gateway.key"))
    return VaultServer(
        address=settings.vault_address,
        method=method,
        role=settings.vault_role,
        login=partial(local_secrets(data.root).of_operator, settings.vault_login) if settings.vault_login else None,
        mount=settings.vault_mount,
        namespace=settings.vault_namespace,
        ca=settings.vault_ca,
        client_certificate=certificate if method == "cert" else None,
    )

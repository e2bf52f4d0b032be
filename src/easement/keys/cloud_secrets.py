"""Secrets of AWS Secrets Manager (``secret://aws/NAME``) and of Azure Key Vault (``secret://azure/NAME``).

Both by their makers' libraries, which find the identity of the machine, container or pod we run in: no key of the cloud
has to be kept here. ``#key`` is one text member of a secret that is a JSON object.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from easement.keys.secret_stores import StoredSecret, remote_secret
from easement.keys.secrets import SecretError, SecretUnreachableError

_TIMEOUT_S: Final = 5
_AWS_NAME: Final = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_AZURE_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,127}")


@dataclass(slots=True)
class AwsSecrets:
    """The current version of secrets of one region. Needs the extra ``aws``."""

    region: str
    make: Callable[[str], Any] = field(default_factory=lambda: _aws_client, repr=False)
    _client: Any = field(default=None, repr=False)

    def read(self, path: str) -> StoredSecret:
        """The text of the secret ``path``. Raises :class:`SecretError`, :class:`SecretUnreachableError`."""
        if not _AWS_NAME.fullmatch(path):
            raise SecretError("write secret://aws/NAME or secret://aws/NAME#KEY")
        if self._client is None:
            self._client = self.make(self.region)
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            text = self._client.get_secret_value(SecretId=path).get("SecretString")
        except ClientError as error:
            refusal = error.response
            if int(refusal.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500 or _is_throttled(refusal):
                raise SecretUnreachableError(f"AWS cannot answer now ({_aws_code(refusal)})") from error
            raise SecretError(f"AWS refuses it ({_aws_code(refusal)})") from error
        except BotoCoreError as error:
            raise SecretUnreachableError(f"AWS does not answer ({type(error).__name__})") from error
        if not isinstance(text, str):
            raise SecretError("it is binary; a secret here is text")
        return remote_secret(text)


@dataclass(slots=True)
class AzureSecrets:
    """The current version of secrets of one vault, such as ``https://NAME.vault.azure.net``. Needs ``azure``."""

    vault: str
    make: Callable[[str], Any] = field(default_factory=lambda: _azure_client, repr=False)
    _client: Any = field(default=None, repr=False)

    def read(self, path: str) -> StoredSecret:
        """The text of the secret ``path``. Raises :class:`SecretError`, :class:`SecretUnreachableError`."""
        if not _AZURE_NAME.fullmatch(path):
            raise SecretError("write secret://azure/NAME or secret://azure/NAME#KEY, in letters, digits and hyphens")
        if self._client is None:
            self._client = self.make(self.vault)
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

        try:
            text = self._client.get_secret(path).value
        except ClientAuthenticationError as error:
            raise SecretError("Azure refuses our identity") from error
        except HttpResponseError as error:
            status = error.status_code or 0
            if status >= 500 or status == 429:
                raise SecretUnreachableError(f"Azure cannot answer now ({status})") from error
            raise SecretError(f"Azure refuses it ({status or type(error).__name__})") from error
        except AzureError as error:
            raise SecretUnreachableError(f"Azure does not answer ({type(error).__name__})") from error
        if not isinstance(text, str):
            raise SecretError("it has no value")
        return remote_secret(text)


def _aws_client(region: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise SecretError("boto3 is not installed: pip install 'easement[aws]'") from error
    limits = Config(connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 2})
    return boto3.session.Session().client("secretsmanager", region_name=region, config=limits)


def _azure_client(vault: str) -> Any:
    try:
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.secrets import SecretClient
    except ImportError as error:
        raise SecretError("azure-keyvault-secrets is not installed: pip install 'easement[azure]'") from error
    limits = {"retry_total": 1, "connection_timeout": _TIMEOUT_S, "read_timeout": _TIMEOUT_S}
    return SecretClient(vault_url=vault, credential=DefaultAzureCredential(), **limits)


def _aws_code(refusal: Any) -> str:
    return str(refusal.get("Error", {}).get("Code", "no reason"))[:80]


def _is_throttled(refusal: Any) -> bool:
    return "Throttl" in _aws_code(refusal) or _aws_code(refusal) == "InternalServiceError"

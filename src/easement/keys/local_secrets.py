"""Secrets of this machine: ``secret://env/NAME`` and ``secret://file/relative/path``.

A file's last line break is removed. ``#key`` is one text member of the JSON object that stands there.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from easement.keys.private_file import PrivateFileError, read_private_file
from easement.keys.secret_stores import DocumentSecrets, SecretStore, SecretStores, StoredSecret
from easement.keys.secrets import SecretError

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_OTHERS: Final = 0o007  # a group may read a mounted secret; the world may not


@dataclass(frozen=True, slots=True)
class EnvironmentSecrets:
    """Variables of this process's environment."""

    def read(self, path: str) -> StoredSecret:
        """The value of the variable ``path``. Raises :class:`SecretError`."""
        if not _VARIABLE.fullmatch(path):
            raise SecretError("write secret://env/NAME with the name of one environment variable")
        value = os.environ.get(path)
        if value is None:
            raise SecretError(f"{path} is not set in the environment of this process")
        return StoredSecret(value=value)


@dataclass(frozen=True, slots=True)
class FileSecrets:
    """Files below ``base`` that others cannot read. They are read each time, so a new value counts at once."""

    base: Path

    def read(self, path: str) -> StoredSecret:
        """The text of the file ``path``. Raises :class:`SecretError`, also when it would leave ``base``."""
        relative = PurePosixPath(path)
        if relative.is_absolute() or ".." in relative.parts:
            raise SecretError(f"the path must stay below {self.base}")
        try:
            resolved = (self.base / relative).resolve(strict=True)
        except OSError as error:
            raise SecretError(f"{self.base / relative} cannot be read: {error.strerror}") from error
        folder = self.base.resolve().joinpath(*relative.parts[:-1][:1])
        if not resolved.is_relative_to(folder):
            raise SecretError(f"the file is a link that leaves {folder}")
        try:
            text = read_private_file(resolved, forbidden_mode=_OTHERS).decode()
        except PrivateFileError as error:
            raise SecretError(str(error)) from error
        except UnicodeDecodeError as error:
            raise SecretError("the file is not UTF-8 text") from error
        return StoredSecret(value=text.removesuffix("\n").removesuffix("\r"))


def local_secrets(
    base: Path, documents: DocumentSecrets | None = None, remote: dict[str, SecretStore] | None = None
) -> SecretStores:
    """Environment, files below ``base``, and what else is set up."""
    stores: dict[str, SecretStore] = {"env": EnvironmentSecrets(), "file": FileSecrets(base), **(remote or {})}
    return SecretStores(stores, documents or DocumentSecrets())

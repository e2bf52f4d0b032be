"""A folder of manifests as a JSON body. File names are data here, and held to what a folder could hold."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from easement.api.problem import ApiError
from easement.contract.loader import Bundle, load
from easement.governance.entries import REGISTERED_FOLDER

MAX_FILES: Final = 20_000
_PATH: Final = re.compile(r"[^\x00-\x1f\x7f\\]{1,500}")


class Base64File(BaseModel):
    """A file that is not text."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    base64: str


class BundleBody(BaseModel):
    """Files by relative path, text or base64. ``base`` is the registry that a preview showed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    files: Annotated[dict[str, str | Base64File], Field(max_length=MAX_FILES)]
    base: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    prune: bool = False

    def digest(self) -> str:
        """The hash of what is asked, to recognise a repetition."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def bundle(self) -> Bundle:
        """Load the documents. Raises :class:`~easement.api.problem.ApiError` for a path that no folder has."""
        return load({_checked(path): _content(path, file) for path, file in self.files.items()})


def _checked(path: str) -> str:
    parts = path.split("/")
    if not _PATH.fullmatch(path) or parts[0] == REGISTERED_FOLDER or any(part in {"", ".", ".."} for part in parts):
        raise ApiError(
            422,
            "bad-path",
            f"{path[:80]!r} is not a file below the folder: use relative paths such as systems/crm.yaml",
        )
    return path


def _content(path: str, file: str | Base64File) -> bytes:
    if isinstance(file, str):
        return file.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(file.base64, validate=True)
    except ValueError as error:  # of the decoder, or for text that is not even ASCII
        raise ApiError(422, "malformed", f"{path!r} is not base64") from error

"""The entry to this package: the bytes of a description into the model, with every problem at its place."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Literal

from easement.contract.kinds import Severity
from easement.contract.problems import Place, Problem
from easement.contract.suggestion import did_you_mean
from easement.interfaces.asyncapi import read_asyncapi
from easement.interfaces.model import InterfaceModel
from easement.interfaces.openapi import read_openapi
from easement.interfaces.sources import Sources


def read_definition(
    kind: Literal["openapi", "asyncapi"], path: str, files: Mapping[str, bytes]
) -> tuple[InterfaceModel | None, tuple[Problem, ...]]:
    """Read the description at ``path`` of ``files``, with the files it refers to.

    Never raises because a description is bad. The model is None where nothing can be read of it; otherwise what is
    wrong is left out or accepts nothing, and says so in a problem.
    """
    file = posixpath.normpath(path)
    if file not in files:
        problem = Problem(
            code="EAS-2001",
            message=f"there is no file {file}",
            place=Place(file=file),
            hint=did_you_mean(file, files) or "The path is relative to the document that names it.",
            severity=Severity.ERROR,
        )
        return None, (problem,)
    sources = Sources(files)
    model = read_openapi(sources, file) if kind == "openapi" else read_asyncapi(sources, file)
    return model, sources.all_problems(file)

"""Standards tried on everything that is registered. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping

from easement.contract.kinds import Severity, Standard
from easement.contract.loader import load
from easement.governance.errors import InvalidBundleError
from easement.governance.reading import registered_estate
from easement.governance.registry import Registry
from easement.standards.trial import Trial, try_standards


def try_on_registry(registry: Registry, file: str, files: Mapping[str, bytes]) -> Trial:
    """Try the Standard documents of ``file``, whose rulesets lie in ``files``.

    Raises :class:`InvalidBundleError` where the file is no sound file of documents, or has no Standard.
    """
    bundle = load({file: files[file]} if file in files else {})
    errors = tuple(problem for problem in bundle.problems if problem.severity is Severity.ERROR)
    standards = [loaded.document for loaded in bundle.documents if isinstance(loaded.document, Standard)]
    if errors or not standards:
        raise InvalidBundleError("there is nothing to try: no sound Standard document", errors)
    return try_standards(registered_estate(registry), standards, registry.today, file=file, files=files)

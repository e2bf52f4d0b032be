"""The question of can-i-change without a registry: on an estate in a folder, on two folders, on two descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from easement.cli.bundle_request import sound_bundle
from easement.cli.failure import ExitCode, fail
from easement.contract.identity import UnknownKeyError, document_key, resolve_key
from easement.contract.loader import Bundle
from easement.contract.revision import definition_files
from easement.estate.assemble import assemble
from easement.estate.contract_losses import consumer_of, losses
from easement.estate.model import Estate, LifecycleState, Registration
from easement.governance.can_i_change import ChangeAnswer, ChangeQuestion, answer, answer_json
from easement.governance.change_gate import interface_refusals, live_uses
from easement.governance.entries import Entries, entries_of
from easement.governance.interface_comparison import compare_entries, held_against
from easement.interfaces.compatibility.compare import DefinitionSource
from easement.interfaces.compatibility.consumers import Impact, Use, impact_on
from easement.interfaces.compatibility.verdict import Comparison, Verdict

_UNREGISTERED: Final = "INT-0000"
_MOST_FILES: Final = 2_000
_MOST_BYTES: Final = 64 * 1024 * 1024
_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})
Answers = list[dict[str, Any]]


def compare_folder(name: str, file: Path, version: str, folder: Path) -> Answers:
    """The new description of one interface, against an estate in a folder whose contracts all count as live."""
    estate, entries = _estate(folder)
    try:
        key = resolve_key("Interface", name.removeprefix("interface/"), estate.interfaces)
    except UnknownKeyError as error:
        fail(str(error))
    path, files = description_files(file)
    question = ChangeQuestion(interface=key, path=path, files=files, version=version)
    return [answer_json(answer(estate, key, entries["Interface", key], question))]


def compare_paths(old: Path, new: Path) -> Answers:
    """Two folders with documents, or two descriptions."""
    if old.is_dir() and new.is_dir():
        return _compare_estates(old, new)
    if old.is_file() and new.is_file():
        return [_compare_descriptions(old, new)]
    return fail(f"{old} and {new} must both be folders or both be files", code=ExitCode.USAGE)


def description_files(file: Path) -> tuple[str, dict[str, bytes]]:
    """The name of a description and the bytes of it and of what it refers to, below its own folder."""
    found: dict[str, bytes] = {file.name: file.read_bytes()}
    if b"$ref" in found[file.name]:
        folder = file.parent
        total = 0
        for each in sorted(folder.rglob("*"))[:_MOST_FILES]:
            if each.suffix not in _SUFFIXES or not each.is_file() or each.is_symlink():
                continue
            total += each.stat().st_size
            if total > _MOST_BYTES:
                break
            found[each.relative_to(folder).as_posix()] = each.read_bytes()
    names = definition_files(file.name, found)
    return file.name, {name: found[name] for name in names}


def _compare_estates(old: Path, new: Path) -> Answers:
    before, was = _estate(old)
    after, will = _estate(new)
    answers = []
    for key in sorted(before.interfaces):
        entry, next_entry = was["Interface", key], will.get(("Interface", key))
        if next_entry is None:
            answers.append(_removed(before, key))
        elif next_entry.revision != entry.revision:
            comparison, problems = compare_entries(entry, next_entry)
            broken = impact_on(comparison, live_uses(before, key))
            said = [line for line in interface_refusals(before, key, entry, next_entry) if "would break" not in line]
            found = ChangeAnswer(
                interface=key, comparison=comparison, impact=broken, problems=problems,
                refusals=() if problems else tuple(said), side_by_side=False,
            )  # fmt: skip
            answers.append(answer_json(found))
    return answers + _narrowed(before, after)


def _narrowed(before: Estate, after: Estate) -> Answers:
    """Contracts that take something away, as answers without verdicts."""
    answers = []
    for name, integration in sorted(before.integrations.items()):
        changed = after.integrations.get(name)
        taken = losses(integration, changed) if changed else ("it is gone",)
        if taken:
            consumer = consumer_of(before, integration)
            answers.append(_plain(f"integration/{name}", f"it takes away from {consumer}: {'; '.join(taken)}"))
    return answers


def _removed(estate: Estate, key: str) -> dict[str, Any]:
    users = ", ".join(use.integration for use in live_uses(estate, key))
    return _plain(key, f"{key} is gone and {users} stands on it") if users else _plain(key, "")


def _plain(subject: str, refusal: str) -> dict[str, Any]:
    found = ChangeAnswer(
        interface=subject, comparison=Comparison(), impact=Impact(consumers=(), unnoticed=()), problems=(),
        refusals=(refusal,) if refusal else (), side_by_side=False,
    )  # fmt: skip
    return answer_json(found)


def _compare_descriptions(old: Path, new: Path) -> dict[str, Any]:
    """Without contracts every operation and field may be used, so every breaking change breaks somebody."""
    old_path, old_files = description_files(old)
    new_path, new_files = description_files(new)
    kind = _format(old_files[old_path])
    located, problems = held_against(
        DefinitionSource(format=kind, path=old_path, files=old_files),
        DefinitionSource(format=kind, path=new_path, files=new_files),
    )
    found = ChangeAnswer(
        interface=old.name, comparison=located, impact=impact_on(located, [_everything(located.verdicts)]),
        problems=problems, refusals=(), side_by_side=False,
    )  # fmt: skip
    return answer_json(found)


def _everything(verdicts: tuple[Verdict, ...]) -> Use:
    return Use(
        integration="any integration",
        consumer="any consumer",
        operations=frozenset(verdict.operation for verdict in verdicts),
        fields={verdict.field_path: "clear" for verdict in verdicts if verdict.field_path},
    )


def _format(content: bytes) -> Literal["openapi", "asyncapi"]:
    return (
        "asyncapi" if b"asyncapi" in content[:4096].lower() and b"openapi" not in content[:512].lower() else "openapi"
    )


def _estate(folder: Path) -> tuple[Estate, Entries]:
    bundle: Bundle = sound_bundle(folder)
    registrations = {
        document_key(loaded.document): Registration(
            id=_UNREGISTERED, revision=loaded.revision, state=LifecycleState.LIVE
        )
        for loaded in bundle.documents
        if loaded.document.kind == "Integration"
    }
    estate, _problems = assemble(bundle, registrations)
    return estate, entries_of(bundle)

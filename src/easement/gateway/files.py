"""The files that the running Envoy watches, exchanged so that no route ever names a cluster that is not there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from easement.gateway.envoy_admin import EnvoyAdmin
from easement.gateway.envoy_types import Tree, typed
from easement.gateway.render_limits import LIMITS
from easement.gateway.rendering import CLUSTERS, LISTENERS, ROUTES, SECRETS, Rendering
from easement.gateway.watched_files import discovery
from easement.store.atomic_file import write_atomically

_TAKE_S: Final = 60.0
_FILES: Final = (SECRETS, CLUSTERS, LIMITS, ROUTES, LISTENERS)


@dataclass(slots=True)
class LiveFiles:
    """The folder of watched files. What is there is the last good configuration."""

    folder: Path
    _written: dict[str, bytes] = field(default_factory=dict, init=False)
    _before: dict[str, bytes] = field(default_factory=dict, init=False)
    """The files without what was added to them, while something is."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _FILES:
            if (self.folder / name).exists():
                self._written[name] = (self.folder / name).read_bytes()
        for name in {CLUSTERS, LISTENERS} & self._written.keys():
            self._write(name, _without_added(self._written[name]))

    @property
    def complete(self) -> bool:
        """Whether there is a configuration to start with."""
        return self._written.keys() == set(_FILES)

    def place(self, rendering: Rendering) -> None:
        """Write all files, for an Envoy that does not run yet."""
        for name, data in rendering.live_files().items():
            self._write(name, data)

    async def exchange(self, rendering: Rendering, admin: EnvoyAdmin) -> None:
        """Bring a running Envoy to ``rendering``: new clusters, routes, listeners, then drop the clusters of old.

        What was added goes. Raises :class:`~easement.gateway.envoy_admin.NotTakenError` after putting the former
        files back.
        """
        async with self._turn:
            await self._exchange(rendering, admin)

    async def add(self, listeners: Sequence[Tree], clusters: Sequence[Tree], admin: EnvoyAdmin) -> None:
        """Have listeners and clusters beside those of the plan, until :meth:`take_away` or the next plan.

        Raises :class:`~easement.gateway.envoy_admin.NotTakenError`; then they are gone again.
        """
        async with self._turn:
            self._before = self._before or dict(self._written)
            named = [typed("envoy.config.cluster.v3.Cluster", **cluster) for cluster in clusters]
            more = {CLUSTERS: named, LISTENERS: list(listeners)}
            rejected = await admin.rejected()
            try:
                for name, resources in more.items():
                    data = _with(self._before[name], resources)
                    if self._write(name, data):
                        await admin.wait_version(name, _version(data), rejected=rejected, seconds=_TAKE_S)
            except Exception:
                self._restore()
                raise

    async def take_away(self, admin: EnvoyAdmin) -> None:
        """Remove what was added, and wait until it is gone. Nothing happens when a new plan has already done so."""
        async with self._turn:
            if not self._before:
                return
            rejected = await admin.rejected()
            data = self._before[LISTENERS]
            self._restore()
            await admin.wait_version(LISTENERS, _version(data), rejected=rejected, seconds=_TAKE_S)

    def _restore(self) -> None:
        for name in (LISTENERS, CLUSTERS):
            self._write(name, self._before[name])
        self._before = {}

    async def _exchange(self, rendering: Rendering, admin: EnvoyAdmin) -> None:
        former = self._before or dict(self._written)
        self._before = {}
        files = rendering.live_files()
        rejected = await admin.rejected()
        steps = [(CLUSTERS, _both(former.get(CLUSTERS), files[CLUSTERS])), (LIMITS, files[LIMITS])]
        steps += [(ROUTES, files[ROUTES])]
        steps += [(LISTENERS, files[LISTENERS]), (CLUSTERS, files[CLUSTERS])]
        self._write(SECRETS, files[SECRETS])
        try:
            for name, data in steps:
                if self._write(name, data):
                    await admin.wait_version(name, _version(data), rejected=rejected, seconds=_TAKE_S)
        except Exception:
            for name in (CLUSTERS, LIMITS, ROUTES, LISTENERS):
                if name in former:
                    self._write(name, former[name])
            raise

    def _write(self, name: str, data: bytes) -> bool:
        if self._written.get(name) == data:
            return False
        write_atomically(self.folder / name, data)
        self._written[name] = data
        return True


ADDED: Final = "probe"
"""What is added goes by a name with this in it: an agent that was killed meanwhile leaves it behind in its files."""


def _without_added(data: bytes) -> bytes:
    """The file as it was, or without what a killed agent had added to it."""
    resources = json.loads(data)["resources"]
    kept = [one for one in resources if not _is_added(one["name"])]
    return data if len(kept) == len(resources) else discovery(kept)


def _is_added(name: str) -> bool:
    return name.startswith(ADDED) or name.endswith(f"/{ADDED}@easement")


def _with(data: bytes, more: Sequence[Tree]) -> bytes:
    return discovery([*json.loads(data)["resources"], *more])


def _both(old: bytes | None, new: bytes) -> bytes:
    """The clusters of both; where they differ, the new one."""
    if old is None:
        return new
    fresh: dict[str, Any] = json.loads(new)
    names = {cluster["name"] for cluster in fresh["resources"]}
    kept = [cluster for cluster in json.loads(old)["resources"] if cluster["name"] not in names]
    if not kept:
        return new
    fresh["resources"] += kept
    fresh["version_info"] += "+former"
    return json.dumps(fresh, sort_keys=True, separators=(",", ":")).encode()


def _version(data: bytes) -> str:
    version: str = json.loads(data)["version_info"]
    return version

"""Putting a node state in force: render, validate, try in the shadow, exchange the files. All or nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from easement.gateway.changed_part import changed_part
from easement.gateway.envoy_admin import EnvoyAdmin, NotTakenError
from easement.gateway.envoy_process import EnvoyError, EnvoyProcess, validate
from easement.gateway.files import LiveFiles
from easement.gateway.place import GatewayPlace
from easement.gateway.plan_index import PlanArchive
from easement.gateway.render_api_keys import KEYS, key_file
from easement.gateway.render_control_proof import PROOF, proof_file
from easement.gateway.render_quotas import QUOTAS, quota_file
from easement.gateway.render_revocations import REVOCATIONS, revocation_file
from easement.gateway.rendering import BOOTSTRAP, SECRETS, Rendering, bootstrap, render, static_bootstrap
from easement.gateway.shadow import probe
from easement.gateway.target_credentials import TargetCredentials
from easement.plan.codec import decode_plan
from easement.plan.model import Plan
from easement.store.api_key_hashes import NO_KEYS, ApiKeyHashes
from easement.store.atomic_file import write_atomically
from easement.store.node_state import NodeState
from easement.store.revocations import NOTHING_REVOKED, Revocations
from easement.store.used_quotas import NOTHING_USED_UP, UsedQuotas

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A plan that is enforced, by its hash, and the keys of tokens with it."""

    plan: Plan
    plan_hash: str
    jwks: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Activation:
    """Brings one Envoy from one node state to the next. What is tried is the difference to the plan in force."""

    place: GatewayPlace
    binary: str
    live: LiveFiles
    archive: PlanArchive
    admin: EnvoyAdmin
    credentials: TargetCredentials
    in_force: InForce | None = field(default=None, init=False, repr=False)
    """What the running Envoy has, once this process has put it there."""

    def write_bootstrap(self) -> None:
        """What Envoy starts from; it holds no plan."""
        path = self.place.folder / BOOTSTRAP
        write_atomically(path, json.dumps(bootstrap(self.place), sort_keys=True, indent=1).encode())
        if self.place.node_token is not None:
            _exchanged(self.place.live / PROOF, proof_file(self.place.node_token.read_text().strip()))
        if not (self.place.live / REVOCATIONS).exists():
            self.revoke(NOTHING_REVOKED)
        if not (self.place.live / KEYS).exists():
            self.know_keys(NO_KEYS)
        if not (self.place.live / QUOTAS).exists():
            self.use_up(NOTHING_USED_UP)

    def revoke(self, revocations: Revocations) -> bool:
        """Have Envoy refuse what is revoked, from its next request on; whether that is news."""
        return _exchanged(self.place.live / REVOCATIONS, revocation_file(revocations))

    def know_keys(self, hashes: ApiKeyHashes) -> bool:
        """Have Envoy know these API keys and no others, from its next request on; whether that is news."""
        return _exchanged(self.place.live / KEYS, key_file(hashes))

    def use_up(self, used: UsedQuotas) -> bool:
        """Have Envoy refuse those whose quota is used up, from its next request on; whether that is news."""
        return _exchanged(self.place.live / QUOTAS, quota_file(used))

    async def activate(self, state: NodeState, envoy: EnvoyProcess) -> int:
        """Put ``state`` in force; the former one stays when anything is wrong.

        Returns the number of probes that were tried. Raises
        :class:`~easement.gateway.envoy_process.EnvoyError` (EAS-5902) with the reason.
        """
        plan, rendering, probes = await self._tried(state)
        await asyncio.to_thread(self.archive.add, state.plan_hash, state.plan)
        if not envoy.alive:
            self.live.place(rendering)
            self.in_force = InForce(plan=plan, plan_hash=state.plan_hash, jwks=state.jwks)
            return probes
        try:
            await self.live.exchange(rendering, self.admin)
        except NotTakenError as error:
            raise EnvoyError(f"EAS-5902: {error}") from error
        self.in_force = InForce(plan=plan, plan_hash=state.plan_hash, jwks=state.jwks)
        await asyncio.to_thread(self.credentials.forget_others, plan.upstreams)
        return probes

    async def _tried(self, state: NodeState) -> tuple[Plan, Rendering, int]:
        def rendered(some: Plan) -> Rendering:
            return render(some, plan_hash=state.plan_hash, jwks=state.jwks, place=self.place)

        try:
            plan = await asyncio.to_thread(decode_plan, state.plan)
            part = changed_part(plan, self.in_force.plan if self.in_force else None)
            rendering = await asyncio.to_thread(rendered, plan)
            trial = rendering if part is plan else await asyncio.to_thread(rendered, part)
            await asyncio.to_thread(self.credentials.refresh, plan.upstreams)
        except ValueError as error:
            raise EnvoyError(f"EAS-5902: the plan cannot be rendered: {error}") from error
        candidate = self.place.folder / "candidate.json"
        secrets = self.place.live / SECRETS
        if not secrets.exists():
            write_atomically(secrets, rendering.live_files()[SECRETS])
        tree = static_bootstrap(trial)
        await asyncio.to_thread(lambda: write_atomically(candidate, json.dumps(tree).encode(), durable=False))
        await validate(self.binary, candidate)
        probes = await probe(part, state.plan_hash, self.place, self.binary)
        _log.info(
            "gateway.plan_tried", plan=state.plan_hash, routes=len(plan.routes), tried=len(part.routes), probes=probes
        )
        return plan, rendering, probes


def _exchanged(path: Path, content: bytes) -> bool:
    if path.exists() and path.read_bytes() == content:
        return False
    write_atomically(path, content)
    return True

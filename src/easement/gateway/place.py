"""Where one gateway is: addresses, ports, files. What does not come from the plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlace:
    """Everything that a rendering needs besides plan and keys. All servers but the two listeners are on loopback.

    ``issuer`` is who signs access tokens. ``control_port`` 0 leaves the control-plane listener out. ``tls`` is False
    only for the shadow (loopback, throw-away keys) and for benchmarks.
    """

    folder: Path
    certificates: Path
    host: str
    port: int
    control_port: int
    console_port: int
    decider_port: int
    admin_port: int
    issuer: str
    tls: bool = True
    max_response_bytes: int = 8 * 1024 * 1024
    max_heap_bytes: int = 2 * 1024 * 1024 * 1024
    max_connections: int = 10_000
    node_token: Path | None = None
    """By which the control plane knows its own gateway."""
    hash_key: Path | None = None
    """The key by which fields are hashed, the same at every gateway and relay: equal values stay equal. By default one
    of this gateway's own."""
    gateways: int = 1
    """How many gateways bear the load evenly; each lets its part of every rate through."""

    @property
    def access_log(self) -> Path:
        """The access log that Envoy writes."""
        return self.folder / "access.log"

    @property
    def field_hash_key(self) -> Path:
        """The file of the key of field hashes."""
        return self.hash_key or self.folder / "field-hash.key"

    @property
    def live(self) -> Path:
        """The folder of the configuration that Envoy watches."""
        return self.folder / "live"

"""What tells the control plane that a request came through our own gateway: a header, from a file that Envoy reads.

The control plane believes what the gateway says of a caller's certificate (``x-forwarded-client-cert``) for the sake of
an authentication only where this header has the node token; who reaches its loopback port past the gateway has not.
"""

from __future__ import annotations

from typing import Final

from easement.gateway.envoy_types import Tree, http_filter, typed
from easement.gateway.place import GatewayPlace
from easement.gateway.watched_files import discovery, watched

PROOF: Final = "control-proof.json"
PROOF_HEADER: Final = "x-easement-gateway"
_SECRET: Final = "control-proof"  # noqa: S105 - a name


def proof_filters(place: GatewayPlace) -> list[Tree]:
    """The filters of the control plane's cluster; the first overwrites whatever a caller sent under that name."""
    generic = typed(
        "envoy.extensions.http.injected_credentials.generic.v3.Generic",
        credential={"name": _SECRET, "sds_config": watched(place.live / PROOF)},
        header=PROOF_HEADER,
    )
    return [
        http_filter(
            "envoy.filters.http.credential_injector",
            "credential_injector.v3.CredentialInjector",
            overwrite=True,
            allow_request_without_credential=True,
            credential={"name": "envoy.http.injected_credentials.generic", "typed_config": generic},
        ),
        http_filter("envoy.filters.http.upstream_codec", "upstream_codec.v3.UpstreamCodec"),
    ]


def proof_file(node_token: str) -> bytes:
    """What the filter reads."""
    secret = typed(
        "envoy.extensions.transport_sockets.tls.v3.Secret",
        name=_SECRET,
        generic_secret={"secret": {"inline_string": node_token}},
    )
    return discovery([secret])

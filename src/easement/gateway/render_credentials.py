"""What targets are shown: a header that Envoy writes on its way to the upstream, from a file of its own.

The secret is in no plan, no route and no cluster: Envoy reads it from a watched file that the agent writes from the
reference, so that a turned secret counts from the next request on, and drains nothing. What a caller sends under the
same name is overwritten. Without a secret the request is refused, never sent without one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from easement.gateway.envoy_types import Tree, http_filter, typed
from easement.gateway.place import GatewayPlace
from easement.gateway.watched_files import discovery, watched
from easement.keys.secrets import Secret
from easement.plan.model import Upstream

FOLDER: Final = "credentials"
_INJECTOR: Final = "envoy.filters.http.credential_injector"


def credential_file(place: GatewayPlace, upstream: str) -> Path:
    """Where the secret of an upstream is."""
    return place.live / FOLDER / f"{upstream}.json"


def credential_filters(upstream: Upstream, place: GatewayPlace) -> list[Tree]:
    """The filter that shows the upstream its credential; none where it wants none."""
    wanted = upstream.credential
    if wanted is None:
        return []
    source = watched(credential_file(place, upstream.name))
    generic = typed(
        "envoy.extensions.http.injected_credentials.generic.v3.Generic",
        credential={"name": secret_name(upstream.name), "sds_config": source},
        header=wanted.header,
    )
    credential = {"name": "envoy.http.injected_credentials.generic", "typed_config": generic}
    return [
        http_filter(
            _INJECTOR,
            "credential_injector.v3.CredentialInjector",
            overwrite=True,
            allow_request_without_credential=False,
            credential=credential,
        )
    ]


def secret_name(upstream: str) -> str:
    """Of the secret in its file."""
    return f"credential/{upstream}"


def credential_content(upstream: Upstream, secret: Secret | None) -> bytes:
    """What the filter reads; without a secret it reads of none, and refuses."""
    resources = []
    if secret is not None and upstream.credential is not None:
        value = {"inline_string": upstream.credential.prefix + secret.reveal()}
        resources = [
            typed(
                "envoy.extensions.transport_sockets.tls.v3.Secret",
                name=secret_name(upstream.name),
                generic_secret={"secret": value},
            )
        ]
    return discovery(resources)

"""Listeners: the data plane with its chain of filters, and the control plane behind the same TLS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from easement.gateway.envoy_types import (
    ACCESS_CLAIMS,
    ACCESS_TOKEN_TYPE,
    ANSWERS_ONLY,
    BUFFER,
    EXT_AUTHZ,
    JWT_AUTHN,
    LOCAL_RATELIMIT,
    LUA,
    OTHER_CLAIMS,
    RBAC,
    ROUTER,
    Tree,
    http_filter,
    typed,
)
from easement.gateway.lua_source import lua_source, lua_text
from easement.gateway.place import GatewayPlace
from easement.gateway.refusals import TRANSACTION_HEADER
from easement.gateway.render_access_log import access_log
from easement.gateway.render_api_keys import key_filter
from easement.gateway.render_clusters import CONTROL_CLUSTER, DECIDER_CLUSTER, server_certificate
from easement.gateway.render_control_proof import PROOF_HEADER
from easement.gateway.render_inspection import inspection_filter
from easement.gateway.render_issuers import provider
from easement.gateway.render_limits import integration_limits_filter
from easement.gateway.render_quotas import quota_filter
from easement.gateway.render_replies import header, local_replies, security_headers
from easement.gateway.render_revocations import revocation_filter
from easement.keys.jose import header_segment
from easement.plan.model import Limit, OutsideIdentity

_NOBODY: Final = [{"address_prefix": "255.255.255.255", "prefix_len": 32}]
"""No caller is internal: Envoy's own x-envoy-* headers are stripped from every request."""
_CLOCK_SKEW_S: Final = 5
_FORGOTTEN: Final = (
    "x-(envoy|easement|forwarded|original|rewrite|remote|ssl|consumer|auth-request|authenticated|amzn-oidc|webauth)-.*"
    "|x-(real|client|cluster-client|originating|proxyuser)-ip|x-custom-ip-authorization|x-goog-authenticated-.*"
    "|x-middleware-subrequest|(true-)?client-ip|cf-connecting-ip|ssl-client-.*|remote-user|front-end-https"
    "|forwarded|proxy-authorization|x-client-cert|x-host|x-http-method(-override)?|x-method-override"
    "|accept-encoding|if-range|range|te"
)
"""Headers of a caller's that go before anything reads them and before Envoy writes its own: those by which targets are
made to believe in another user, host, path or method, and those that let a target compress or cut its answer, which
could then not be held to its contract."""
Issuers = Mapping[str, tuple[OutsideIdentity, ...]]
NO_ISSUERS: Final[Issuers] = MappingProxyType({})
NO_LIMITS: Final[Mapping[str, Limit]] = MappingProxyType({})
_RUNTIME: Final = ("sha256", "documents", "conditions", "contract_runtime")
_TOKEN_CACHE: Final = 10_000
_BEARER: Final = "Bearer "


def data_listener(
    jwks: dict[str, Any],
    place: GatewayPlace,
    routes: Tree,
    issuers: Issuers = NO_ISSUERS,
    limits: Mapping[str, Limit] = NO_LIMITS,
) -> Tree:
    """The data plane. ``routes`` is ``{"rds": ...}`` or ``{"route_config": ...}``; ``issuers`` are those outside.

    A listener whose routes come from a file has its limits from one too; any other has ``limits``.

    The order of filters is policy: token, revocations, keys, grants, quota, limits, size, contract, decider,
    inspection, and only then the target. Answers pass the contract runtime on their way back.
    """
    manager = _manager("data")
    manager |= routes
    manager["early_header_mutation_extensions"] = [_forget_proxies()]
    manager["access_log"] = access_log(str(place.access_log))
    manager["local_reply_config"] = local_replies()
    manager["http_filters"] = [
        _tokens(jwks, place.issuer, issuers),
        revocation_filter(place, live="rds" in routes),
        key_filter(place, live="rds" in routes),
        http_filter(RBAC, "rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {}}),
        quota_filter(place, live="rds" in routes),
        http_filter(
            LOCAL_RATELIMIT, "local_ratelimit.v3.LocalRateLimit", disabled=True, stat_prefix="limits",
            max_dynamic_descriptors=20, always_consume_default_token_bucket=False,
        ),
        integration_limits_filter(place, live="rds" in routes, limits=limits),
        http_filter(BUFFER, "buffer.v3.Buffer", disabled=True, max_request_bytes=1),
        _contracts(place),
        _decider(),
        inspection_filter(),
        http_filter(ROUTER, "router.v3.Router", suppress_envoy_headers=True),
    ]  # fmt: skip
    return _listener("data", place.port, manager, place)


def control_listener(place: GatewayPlace) -> Tree:
    """OAuth server, API and console: TLS here, plain HTTP to loopback. What nodes ask, they ask on loopback only."""
    manager = _manager("control")
    manager["route_config"] = {
        "name": "control",
        "request_headers_to_remove": [
            "forwarded",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            PROOF_HEADER,
        ],
        "request_headers_to_add": [header(TRANSACTION_HEADER, "%REQ(X-REQUEST-ID)%")],
        "response_headers_to_remove": ["server"],
        "response_headers_to_add": security_headers(),
        "virtual_hosts": [
            {
                "name": "control",
                "domains": ["*"],
                "routes": [
                    {"match": {"prefix": "/internal/"}, "direct_response": {"status": 404}},
                    {"match": {"prefix": "/"}, "route": {"cluster": CONTROL_CLUSTER, "timeout": "120s"}},
                ],
            }
        ],
    }
    manager["http_filters"] = [http_filter(ROUTER, "router.v3.Router", suppress_envoy_headers=True)]
    manager["forward_client_cert_details"] = "SANITIZE_SET"
    manager["set_current_client_cert_details"] = {"uri": True}
    manager["stream_idle_timeout"] = "120s"
    manager["request_timeout"] = "120s"
    return _listener("control", place.control_port, manager, place)


def contract_runtime(place: GatewayPlace) -> str:
    """The source of the contract runtime, with the file of the key by which it hashes fields."""
    key = lua_text(str(place.field_hash_key))
    return "\n".join([f"local HASH_KEY_FILE = {key}", *map(lua_source, _RUNTIME)])


def _contracts(place: GatewayPlace) -> Tree:
    """Two scripts of one source: Envoy enters a phase only where the script has a function for it."""
    source = contract_runtime(place)
    return http_filter(
        LUA,
        "lua.v3.Lua",
        disabled=True,
        default_source_code={"inline_string": source},
        source_codes={ANSWERS_ONLY: {"inline_string": f"{source}\nenvoy_on_request = nil\n"}},
    )


def _manager(name: str) -> Tree:
    return typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        codec_type="AUTO",
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        use_remote_address=True,
        xff_num_trusted_hops=0,
        internal_address_config={"unix_sockets": False, "cidr_ranges": _NOBODY},
        server_header_transformation="PASS_THROUGH",
        strip_any_host_port=True,
        generate_request_id=True,
        preserve_external_request_id=False,
        always_set_request_id_in_response=False,
        max_request_headers_kb=32,
        stream_idle_timeout="60s",
        request_timeout="60s",
        request_headers_timeout="10s",
        drain_timeout="5s",
        common_http_protocol_options={
            "headers_with_underscores_action": "REJECT_REQUEST",
            "idle_timeout": "120s",
            "max_headers_count": 100,
            "max_requests_per_connection": 1_000_000,
        },
        http_protocol_options={"accept_http_10": False, "allow_chunked_length": False},
        http2_protocol_options={
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65536,
            "initial_connection_window_size": 1048576,
        },
        upgrade_configs=[],
    )


def _forget_proxies() -> Tree:
    matcher = {"safe_regex": {"regex": _FORGOTTEN}}
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": typed(
            "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            mutations=[{"remove_on_match": {"key_matcher": matcher}}],
        ),
    }


def _tokens(jwks: dict[str, Any], issuer: str, outside: Issuers) -> Tree:
    """RFC 9068 tokens from the Authorization header alone, and a token on every path, known or not.

    Who sends an API key and no token is asked for none here: the filter of keys and the grants decide about them.

    Grants read the claims of access tokens only (RFC 9068 §4: ``typ`` is checked). The header of our own tokens follows
    from key and type, so an access token is known by how it begins, and Envoy copies no header for each request. Any
    other token of the issuer's is verified too, but its claims go by another name, which no grant reads.
    """
    shared = {
        "require_expiration": True,
        "clock_skew_seconds": _CLOCK_SKEW_S,
        "from_headers": [{"name": "authorization", "value_prefix": _BEARER}],
        "forward": False,
        "jwt_cache_config": {"jwt_cache_size": _TOKEN_CACHE},
    }
    own = {**shared, "issuer": issuer, "local_jwks": {"inline_string": json.dumps(jwks, sort_keys=True)}}
    others = [{"provider_name": name} for name in ("other-token", *outside)]
    rest = {"requires_any": {"requirements": others}} if outside else others[0]
    return http_filter(
        JWT_AUTHN,
        "jwt_authn.v3.JwtAuthentication",
        providers={
            "access-token": {**own, "payload_in_metadata": ACCESS_CLAIMS},
            "other-token": {**own, "payload_in_metadata": OTHER_CLAIMS},
            **{name: provider(name, identities, shared) for name, identities in outside.items()},
        },
        rules=[
            {"match": {"prefix": "/", "headers": [_header("authorization", present=False), _header("x-api-key")]}},
            *({"match": _begins(jwk["kid"]), "requires": {"provider_name": "access-token"}} for jwk in jwks["keys"]),
            {"match": {"prefix": "/"}, "requires": rest},
        ],
    )


def _header(name: str, *, present: bool = True) -> Tree:
    return {"name": name, "present_match": True, "invert_match": not present}


def _begins(kid: str) -> Tree:
    """A request whose token begins as an access token of one key.

    The filter reads the token from the same place: after the first ``Bearer`` of the header, or of all of them joined.
    """
    start = f"{_BEARER}{header_segment(kid, type=ACCESS_TOKEN_TYPE)}."
    return {"prefix": "/", "headers": [{"name": "authorization", "string_match": {"prefix": start}}]}


def _decider() -> Tree:
    """Run only by routes of cost class decision, which name the schema and the size themselves."""
    return http_filter(
        EXT_AUTHZ,
        "ext_authz.v3.ExtAuthz",
        disabled=True,
        transport_api_version="V3",
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        with_request_body={"max_request_bytes": 1, "allow_partial_message": False},
        allowed_headers={"patterns": [{"exact": "content-type"}, {"exact": "x-request-id"}]},
        http_service={
            "server_uri": {"uri": "http://127.0.0.1/", "cluster": DECIDER_CLUSTER, "timeout": "1s"},
            "path_prefix": "/schema/none",
        },
    )


def _listener(name: str, port: int, manager: Tree, place: GatewayPlace) -> Tree:
    chain: Tree = {
        "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
        "transport_socket_connect_timeout": "10s",
    }
    if place.tls:
        chain["transport_socket"] = _tls(place)
    return typed(
        "envoy.config.listener.v3.Listener",
        name=name,
        address={"socket_address": {"address": place.host, "port_value": port}},
        per_connection_buffer_limit_bytes=place.max_response_bytes,
        filter_chains=[chain],
    )


def _tls(place: GatewayPlace) -> Tree:
    """The server's certificate by SDS from files, so that a renewed one is taken up without a restart.

    A caller may present a certificate of our own authority; one of another's ends the handshake. Which operation needs
    one is for its grants to say.
    """
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            require_client_certificate=False,
            common_tls_context={
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
                "alpn_protocols": ["h2", "http/1.1"],
                "validation_context": {"trusted_ca": {"filename": str(place.certificates / "ca.pem")}},
                "tls_certificate_sds_secret_configs": [server_certificate(place)],
            },
        ),
    }

"""The control plane's HTTP application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI

from easement import __version__
from easement.api.api_description import describe_api
from easement.api.audit_routes import audit_router
from easement.api.change_case_routes import change_case_router
from easement.api.change_routes import change_router
from easement.api.discovery_routes import discovery_router
from easement.api.excellence_routes import excellence_router
from easement.api.export_routes import export_router
from easement.api.health_routes import health_router, probe_router
from easement.api.lifecycle_routes import lifecycle_router
from easement.api.plan_routes import node_router, plan_router
from easement.api.problem import install_problem_handlers
from easement.api.protection import Protection
from easement.api.registry_routes import registry_router
from easement.api.review_routes import review_router
from easement.api.search_routes import search_router
from easement.api.services import ControlServices
from easement.api.standard_routes import standard_router
from easement.api.validation_routes import validation_router

API_PREFIX: Final = "/api/v1"
_ABOUT: Final = """\
Register, review, approve and watch integrations. People sign in with an API token (`Authorization: Bearer`) or a web
session; tokens of service accounts are refused here. Errors are problem documents (RFC 9457) with a stable `code`."""


def create_api(services: ControlServices, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application: our own routes and ``routers`` (OAuth, sign-in, accounts, people, console).

    Routers that need a signed-in person take their dependency from ``services.access.guard``.
    """
    app = FastAPI(
        title="Easement",
        version=__version__,
        description=_ABOUT,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.openapi = lambda: describe_api(app)  # type: ignore[method-assign]  # the way that the framework gives
    install_problem_handlers(app)
    for router in (
        standard_router, change_router, change_case_router, lifecycle_router, review_router, excellence_router,
        plan_router, audit_router, health_router, search_router, discovery_router, export_router, registry_router,
        validation_router,
    ):  # fmt: skip
        app.include_router(router(services), prefix=API_PREFIX)
    app.include_router(probe_router(services))
    app.include_router(node_router(services))
    for extra in routers:
        app.include_router(extra)
    app.add_middleware(
        Protection,
        allowed_hosts=frozenset(host.lower() for host in services.allowed_hosts),
        max_body_bytes=services.max_body_bytes,
        max_bundle_bytes=services.max_bundle_bytes,
    )
    return app

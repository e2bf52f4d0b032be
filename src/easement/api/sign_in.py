"""Signing in with a one-time link or at an OpenID provider, and out.

Opening the link shows a button; only pressing it uses the link up, so that a mail program's preview does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Final

import structlog
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from easement.api.form_body import FormError, read_form_body
from easement.api.session_cookie import SessionCookie, is_https
from easement.identity.openid import ATTEMPT_LIFE, OpenIdError, OpenIdSignIn
from easement.identity.sign_in import Session, SignIn, is_csrf_token

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title} · Easement</title></head>
<body><main><h1>{title}</h1><p>{text}</p>{form}</main></body>
</html>
"""
_BUTTON: Final = '<form method="post"><button type="submit">Sign in</button></form>'
SSO_CALLBACK: Final = "/sign-in/sso/answer"
_MAX_PARAMETER: Final = 8_000
_log = structlog.get_logger()
_GONE: Final = "Links are good for one sign-in within fifteen minutes. An administrator makes a new one with: "


def sign_in_router(sign_in: SignIn, cookie: SessionCookie, openid: OpenIdSignIn | None = None) -> APIRouter:
    """``/sign-in/sso`` where there is an OpenID provider, ``/sign-in/{code}`` and ``/sign-out``."""
    router = APIRouter(include_in_schema=False)
    if openid is not None:
        _add_single_sign_on(router, sign_in, cookie, openid)

    def show(code: str, request: Request) -> Response:
        if not sign_in.is_open_link(code):
            return _gone()
        if not cookie.may_be_set(request):
            return _needs_https()
        return _page(200, "Sign in", "This link signs you in to Easement once.", _BUTTON)

    async def use(code: str, request: Request) -> Response:
        if is_from_elsewhere(request):
            return _page(403, "Not from here", "Open the link itself and press the button there.")
        if not cookie.may_be_set(request):
            return _needs_https()
        session = await run_in_threadpool(sign_in.use_link, code)
        if session is None:
            return _gone()
        return _signed_in(request, cookie, session)

    router.add_api_route("/sign-in/{code}", show, methods=["GET"])
    router.add_api_route("/sign-in/{code}", use, methods=["POST"])
    _add_sign_out(router, sign_in, cookie)
    return router


def _add_sign_out(router: APIRouter, sign_in: SignIn, cookie: SessionCookie) -> None:
    async def sign_out(request: Request) -> Response:
        value = cookie.read(request.cookies)
        try:
            presented = dict(await read_form_body(request)).get("csrf", "")
        except FormError as error:
            return _page(error.status, "Not signed out", str(error))
        person = await run_in_threadpool(sign_in.authenticate_session, value)
        if person is not None and not is_csrf_token(person, presented):
            return _page(403, "Not signed out", "The request did not come from the console. Reload it and try again.")
        if person is not None:
            await run_in_threadpool(sign_in.end_session, value)
        response = _page(200, "Signed out", "Your session has ended.")
        cookie.write(request, response, "", 0)
        return response

    router.add_api_route("/sign-out", sign_out, methods=["POST"])


def _add_single_sign_on(router: APIRouter, sign_in: SignIn, cookie: SessionCookie, openid: OpenIdSignIn) -> None:
    """Out to the provider and back."""

    def begin(request: Request) -> Response:
        if not cookie.may_be_set(request):
            return _needs_https()
        try:
            attempt = openid.begin(sign_in.clock())
        except OpenIdError as error:
            return _not_vouched(error)
        response = RedirectResponse(attempt.url, status_code=303, headers=_HEADERS)
        _write_attempt(request, response, attempt.browser.reveal(), int(ATTEMPT_LIFE.total_seconds()))
        return response

    def finish(request: Request) -> Response:
        if not cookie.may_be_set(request):
            return _needs_https()
        answer = {name: value for name, value in request.query_params.items() if len(value) <= _MAX_PARAMETER}
        try:
            name = openid.finish(answer, request.cookies.get(_attempt_name(request), ""), sign_in.clock())
        except OpenIdError as error:
            return _not_vouched(error)
        session = sign_in.begin_vouched_session(name, openid.client.issuer)
        if session is None:
            return _not_vouched(OpenIdError("the provider vouches for nobody who was added here"))
        response = _signed_in(request, cookie, session)
        _write_attempt(request, response, "", 0)
        return response

    router.add_api_route("/sign-in/sso", begin, methods=["GET"])
    router.add_api_route(SSO_CALLBACK, finish, methods=["GET"])


def _signed_in(request: Request, cookie: SessionCookie, session: Session) -> Response:
    response = RedirectResponse("/", status_code=303, headers=_HEADERS)
    life = session.expires - datetime.now(UTC)
    cookie.write(request, response, session.cookie.reveal(), int(life.total_seconds()))
    return response


def _attempt_name(request: Request) -> str:
    return "__Host-easement-sso" if is_https(request) else "easement_sso"


def _write_attempt(request: Request, response: Response, value: str, max_age_s: int) -> None:
    """By which the browser is known when it comes back: nobody is signed in by an answer that another one began."""
    response.set_cookie(
        _attempt_name(request), value, max_age=max_age_s, path="/", secure=is_https(request), httponly=True,
        samesite="lax",
    )  # fmt: skip


def _not_vouched(error: OpenIdError) -> Response:
    _log.warning("identity.single_sign_on_refused", reason=str(error))
    text = "Begin again. Where that does not help, an administrator must add you, or the provider cannot be reached."
    return _page(403, "You are not signed in", text, '<p><a href="/sign-in/sso">Begin again</a></p>')


def is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site made this request (Fetch Metadata, else the Origin header)."""
    site = request.headers.get("sec-fetch-site", "")
    if site:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin", "")
    return origin not in {"", "null"} and origin.partition("://")[2] != request.headers.get("host", "")


def _gone() -> Response:
    return _page(410, "This link no longer works", _GONE, "<pre>easement person link NAME</pre>")


def _needs_https() -> Response:
    return _page(403, "Sign-in needs HTTPS", "Open the link at the control plane's HTTPS address.")


def _page(status: int, title: str, text: str, form: str = "") -> Response:
    html = _PAGE.format(title=escape(title), text=escape(text), form=form)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)

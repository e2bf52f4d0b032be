"""Signing in with a one-time link, and out.

Opening the link shows a button; only pressing it uses the link up, so that a mail program's preview does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from easement.api.form_body import FormError, read_form_body
from easement.api.session_cookie import SessionCookie
from easement.identity.sign_in import SignIn, is_csrf_token

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
_GONE: Final = "Links are good for one sign-in within fifteen minutes. An administrator makes a new one with: "


def sign_in_router(sign_in: SignIn, cookie: SessionCookie) -> APIRouter:
    """``/sign-in/{code}`` and ``/sign-out``."""
    router = APIRouter(include_in_schema=False)

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
        response = RedirectResponse("/", status_code=303, headers=_HEADERS)
        life = session.expires - datetime.now(UTC)
        cookie.write(request, response, session.cookie.reveal(), int(life.total_seconds()))
        return response

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

    router.add_api_route("/sign-in/{code}", show, methods=["GET"])
    router.add_api_route("/sign-in/{code}", use, methods=["POST"])
    router.add_api_route("/sign-out", sign_out, methods=["POST"])
    return router


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

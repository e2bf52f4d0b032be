"""Forms of the console: a change that a browser posts, with or without a script.

* A form repeats the CSRF value of its session, and its request must come from the console itself.
* What is refused becomes a page that says why; nothing was done then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from easement.api.form_body import FormError, read_form_body
from easement.api.problem import ApiError
from easement.api.sign_in import is_from_elsewhere
from easement.governance.errors import GovernanceError
from easement.identity.people import Person
from easement.store.integrations import MovedError

if TYPE_CHECKING:
    from easement.console.routes import Console

FormAct = Callable[[Person, Request, Mapping[str, str]], Response]
"""Does what a form asks for. Raises ``ApiError``, ``GovernanceError`` or ``FormError`` to refuse it."""

_STATUS: Final = {"not-found": 404, "not-allowed": 403, "invalid": 422}


def form_route(console: Console, act: FormAct) -> Callable[[Request], Awaitable[Response]]:
    """``act`` as a POST route."""

    async def submit(request: Request) -> Response:
        try:
            fields = await _fields(request)
        except FormError as error:
            return console.message(None, error.status, "Not done", str(error))
        return await run_in_threadpool(_done, console, act, request, fields)

    return submit


def see_other(path: str) -> Response:
    """After a change: the page that shows it, so that reloading does not repeat the change."""
    return RedirectResponse(path, status_code=303)


async def _fields(request: Request) -> dict[str, str]:
    if is_from_elsewhere(request):
        raise FormError(403, "The request did not come from the console. Open the page and try again.")
    pairs = await read_form_body(request)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormError(400, "a field of the form was sent twice")
    return fields


def _done(console: Console, act: FormAct, request: Request, fields: dict[str, str]) -> Response:
    person = None
    try:
        person = console.services.access.person_of_form(request, fields.pop("csrf", ""))
        return act(person, request, fields)
    except ApiError as error:
        return console.not_signed_in(error) if error.status == 401 else console.refuse(error)
    except FormError as error:
        return console.message(person, error.status, "Not done", str(error))
    except GovernanceError as error:
        return console.message(person, _STATUS.get(error.code, 409), "Not done", str(error))
    except MovedError as error:
        return console.message(person, 409, "Not done", str(error))

"""The desk over the bus: an operator's tool asks, the relay acts and records. One request, one JSON answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from easement.broker.connection import BrokerAddress, connect_as
from easement.broker.credentials import OPERATOR
from easement.broker.dead_letter import DeadLetter
from easement.broker.dead_letters import DeadLetterDesk, DeskError, ReplayRequest
from easement.broker.publisher import BusUnavailableError
from easement.broker.server_config import DEAD_LETTER_SERVICE
from easement.ledger.errors import LedgerError

_log = structlog.get_logger()
_TIMEOUT_S: Final = 15.0
_ACTIONS: Final = ("depths", "list", "show", "payload", "replay")


@dataclass(frozen=True, slots=True)
class DeadLetterService:
    """Serves :class:`DeadLetterDesk` on ``easement.dead-letters.ACTION``; only the operator's key may ask."""

    desk: DeadLetterDesk

    async def start(self, connection: Client) -> None:
        """Begin to answer."""
        for action in _ACTIONS:
            await connection.subscribe(f"{DEAD_LETTER_SERVICE}.{action}", cb=self._on_request)

    async def _on_request(self, request: Msg) -> None:
        action = request.subject.rpartition(".")[2]
        try:
            body = json.loads(request.data or b"{}")
            answer: dict[str, Any] = {"result": await self._act(action, body)}
        except DeskError as error:
            answer = {"error": {"code": error.code, "message": str(error)}}
        except (ValueError, KeyError, TypeError) as error:
            answer = {"error": {"code": "dead-letter.request", "message": f"the request lacks {error}"}}
        except (BusUnavailableError, NatsError, LedgerError, OSError) as error:
            _log.error("relay.dead_letter_request_failed", action=action, error=str(error))
            answer = {"error": {"code": "dead-letter.unavailable", "message": str(error)}}
        await request.respond(json.dumps(answer).encode())

    async def _act(self, action: str, body: Mapping[str, Any]) -> Any:
        if action == "depths":
            return await self.desk.depths()
        integration = str(body["integration"])
        if action == "list":
            after, limit = int(body.get("after", 0)), int(body.get("limit", 100))
            return [asdict(letter) for letter in await self.desk.list(integration, after=after, limit=limit)]
        sequence = int(body["sequence"])
        if action == "show":
            return asdict(await self.desk.show(integration, sequence))
        actor, reason = str(body["actor"]), str(body["reason"])
        if action == "payload":
            data = await self.desk.payload(integration, sequence, actor=actor, reason=reason)
            return base64.b64encode(data).decode()
        payload = base64.b64decode(body["payload"]) if "payload" in body else None
        wanted = ReplayRequest(
            integration=integration, sequence=sequence, actor=actor, reason=reason, payload=payload
        )  # fmt: skip
        return asdict(await self.desk.replay(wanted))


@dataclass(frozen=True, slots=True)
class DeadLetterClient:
    """Asks the relay. Raises :class:`DeskError`; its code is ``dead-letter.unreachable`` when no relay answers."""

    connection: Client

    @classmethod
    async def connect(cls, address: BrokerAddress, *, reconnect: bool = True) -> DeadLetterClient:
        """Connect with the operator's key of this installation."""
        return cls(await connect_as(address, OPERATOR, reconnect=reconnect))

    async def close(self) -> None:
        """Hang up."""
        await self.connection.close()

    async def depths(self) -> dict[str, int]:
        """How many dead letters wait, by integration."""
        return dict(await self._ask("depths", {}))

    async def list(self, integration: str, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """Dead letters of one integration, oldest first."""
        found = await self._ask("list", {"integration": integration, "after": after, "limit": limit})
        return [DeadLetter(**letter) for letter in found]

    async def show(self, integration: str, sequence: int) -> DeadLetter:
        """One dead letter without its payload."""
        return DeadLetter(**await self._ask("show", {"integration": integration, "sequence": sequence}))

    async def payload(self, integration: str, sequence: int, *, actor: str, reason: str) -> bytes:
        """Its payload; the look is recorded."""
        body = {"integration": integration, "sequence": sequence, "actor": actor, "reason": reason}
        return base64.b64decode(await self._ask("payload", body))

    async def replay(self, request: ReplayRequest) -> DeadLetter:
        """Deliver it again; what it was before."""
        body: dict[str, Any] = {
            "integration": request.integration,
            "sequence": request.sequence,
            "actor": request.actor,
            "reason": request.reason,
        }
        if request.payload is not None:
            body["payload"] = base64.b64encode(request.payload).decode()
        return DeadLetter(**await self._ask("replay", body))

    async def _ask(self, action: str, body: Mapping[str, Any]) -> Any:
        try:
            subject = f"{DEAD_LETTER_SERVICE}.{action}"
            answer = await self.connection.request(subject, json.dumps(body).encode(), timeout=_TIMEOUT_S)
        except (NoRespondersError, NatsTimeoutError) as error:
            raise DeskError("dead-letter.unreachable", "no relay answers: is it running?") from error
        content = json.loads(answer.data)
        if problem := content.get("error"):
            raise DeskError(str(problem["code"]), str(problem["message"]))
        return content["result"]

"""libmodsecurity 3 by its C API: an engine, sets of rules, and one transaction for each request.

* The library is the operating system's (``libmodsecurity3``); nothing of it is copied here. Calls release the
  interpreter's lock, so requests are inspected on as many cores as there are threads.
* A set of rules is read-only once it is made, and any number of threads may inspect by it; rules are read by one thread
  at a time, for the library's parser is not reentrant. A transaction belongs to one thread and is freed at its end.
* Logging and response phases are not run: no audit log is written, which would hold payloads, and no state is kept
  between requests.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

_LIBRARY: Final = "libmodsecurity.so.3"
INSTALL: Final = "install them: apt-get install libmodsecurity3 modsecurity-crs"
_ANSWERED: Final = 200
_POINTER: Final = ctypes.c_void_p
_TEXT: Final = ctypes.c_char_p
_LOG: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


class WafError(Exception):
    """The inspection cannot be had: no library, no rules, or rules that do not load. The message says what to do."""


class _Intervention(ctypes.Structure):
    """``ModSecurityIntervention_t`` of ``modsecurity/intervention.h``."""

    _fields_ = (
        ("status", ctypes.c_int),
        ("pause", ctypes.c_int),
        ("url", ctypes.c_void_p),
        ("log", ctypes.c_void_p),
        ("disruptive", ctypes.c_int),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedRequest:
    """One request as the rules see it. ``target`` is path and query as they were sent; header names in any case."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the engine said of one request: whether a rule stops it, and a line of log for each rule that matched.

    The lines hold payloads: they are read for rule ids at once, and kept nowhere.
    """

    stopped: bool
    lines: tuple[bytes, ...]


class RuleSet:
    """A set of rules in the library's memory; freed with the last reference to it."""

    __slots__ = ("_free", "pointer")

    def __init__(self, library: ctypes.CDLL) -> None:
        self._free = library.msc_rules_cleanup
        self.pointer: int = library.msc_create_rules_set()

    def __del__(self) -> None:
        self._free(self.pointer)


class Engine:
    """One engine for the process. Raises :class:`WafError` where the library is missing or too old."""

    def __init__(self) -> None:
        self._library = _load()
        self._keys = itertools.count(1)
        self._said: dict[int, list[bytes]] = {}
        self._reading = threading.Lock()
        self._pointer: int = self._library.msc_init()
        self._callback = _LOG(self._hear)
        self._library.msc_set_log_cb(self._pointer, self._callback)

    @property
    def version(self) -> str:
        """As the library calls itself, such as ``ModSecurity v3.0.9 (Linux)``."""
        name: bytes = self._library.msc_who_am_i(self._pointer)
        return name.decode()

    def rules(self, files: Sequence[str]) -> RuleSet:
        """Read files of rules in this order. Raises :class:`WafError` with the library's words on the first bad one."""
        made = RuleSet(self._library)
        with self._reading:
            for file in files:
                error = _TEXT()
                if self._library.msc_rules_add_file(made.pointer, file.encode(), ctypes.byref(error)) < 0:
                    raise WafError(f"the rules in {file} do not load: {_words(error)}")
        return made

    def before(self, text: str, rules: RuleSet) -> RuleSet:
        """A set that runs the rules in ``text``, then ``rules``, which it shares."""
        made = RuleSet(self._library)
        error = _TEXT()
        with self._reading:
            if self._library.msc_rules_add(made.pointer, text.encode(), ctypes.byref(error)) < 0:
                raise WafError(f"the rules of a contract do not load: {_words(error)}")
            if self._library.msc_rules_merge(made.pointer, rules.pointer, ctypes.byref(error)) < 0:
                raise WafError(f"the rules of a contract do not join the others: {_words(error)}")
        return made

    def inspect(self, rules: RuleSet, request: InspectedRequest) -> Said:
        """Run all rules for requests. Blocks for about a millisecond and for more with large bodies; use a thread."""
        key = next(self._keys)
        heard = self._said[key] = []
        transaction = self._library.msc_new_transaction(self._pointer, rules.pointer, key)
        try:
            stopped = self._run(transaction, request, heard)
        finally:
            self._library.msc_transaction_cleanup(transaction)
            del self._said[key]
        return Said(stopped=stopped, lines=tuple(heard))

    def _run(self, transaction: int, request: InspectedRequest, heard: list[bytes]) -> bool:
        library = self._library
        library.msc_process_connection(transaction, b"127.0.0.1", 0, b"127.0.0.1", 0)
        library.msc_process_uri(transaction, _bytes(request.target), _bytes(request.method), b"1.1")
        for name, value in request.headers:
            key, text = _bytes(name), _bytes(value)
            library.msc_add_n_request_header(transaction, key, len(key), text, len(text))
        library.msc_process_request_headers(transaction)
        if self._stops(transaction, heard):
            return True
        if request.body:
            library.msc_append_request_body(transaction, request.body, len(request.body))
            if self._stops(transaction, heard):
                return True
        library.msc_process_request_body(transaction)
        return self._stops(transaction, heard)

    def _stops(self, transaction: int, heard: list[bytes]) -> bool:
        found = _Intervention(status=_ANSWERED)
        self._library.msc_intervention(transaction, ctypes.byref(found))
        try:
            if found.log:
                heard.append(ctypes.string_at(found.log))
            return bool(found.disruptive)
        finally:
            _libc().free(found.log)
            _libc().free(found.url)

    def _hear(self, key: int, line: bytes) -> None:
        heard = self._said.get(key)
        if heard is not None:
            heard.append(line)


_engine_lock: Final = threading.Lock()
_engines: Final[list[Engine]] = []


def engine() -> Engine:
    """The engine of this process. Raises :class:`WafError` where the library is missing."""
    with _engine_lock:
        if not _engines:
            _engines.append(Engine())
        return _engines[0]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _words(error: ctypes.c_char_p) -> str:
    return (error.value or b"no reason given").decode("utf-8", "replace").strip()[:300]


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(find_library("c"))
    libc.free.argtypes, libc.free.restype = (_POINTER,), None
    return libc


def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise WafError(f"{_LIBRARY} is not there; {INSTALL}") from error
    try:
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError as error:
        raise WafError(f"{_LIBRARY} is not version 3 of libmodsecurity ({error}); {INSTALL}") from error
    return library


_int: Final = ctypes.c_int
_size: Final = ctypes.c_size_t
_error: Final = ctypes.POINTER(ctypes.c_char_p)
_SIGNATURES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "msc_init": (_POINTER, ()),
    "msc_who_am_i": (_TEXT, (_POINTER,)),
    "msc_set_log_cb": (None, (_POINTER, _LOG)),
    "msc_create_rules_set": (_POINTER, ()),
    "msc_rules_add": (_int, (_POINTER, _TEXT, _error)),
    "msc_rules_add_file": (_int, (_POINTER, _TEXT, _error)),
    "msc_rules_merge": (_int, (_POINTER, _POINTER, _error)),
    "msc_rules_cleanup": (_int, (_POINTER,)),
    "msc_new_transaction": (_POINTER, (_POINTER, _POINTER, _POINTER)),
    "msc_process_connection": (_int, (_POINTER, _TEXT, _int, _TEXT, _int)),
    "msc_process_uri": (_int, (_POINTER, _TEXT, _TEXT, _TEXT)),
    "msc_add_n_request_header": (_int, (_POINTER, _TEXT, _size, _TEXT, _size)),
    "msc_process_request_headers": (_int, (_POINTER,)),
    "msc_append_request_body": (_int, (_POINTER, _TEXT, _size)),
    "msc_process_request_body": (_int, (_POINTER,)),
    "msc_intervention": (_int, (_POINTER, ctypes.POINTER(_Intervention))),
    "msc_transaction_cleanup": (None, (_POINTER,)),
}
"""``modsecurity.h``, ``rules_set.h`` and ``transaction.h`` of libmodsecurity 3.0."""

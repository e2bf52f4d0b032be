"""What can go wrong in the ledger, as one tree.

* :class:`LedgerError`
    * :class:`EncodingError`: a record cannot be written, or bytes are no record
    * :class:`SpoolError`: a record could not be made durable; the caller must not acknowledge
        * :class:`SpoolLockedError`, :class:`SpoolFullError`
    * :class:`LedgerDamagedError`: what is on disk is not what was signed; the ledger will not write over it
    * :class:`UnreadableSegmentError`: a sealed file cannot be read
"""

from __future__ import annotations


class LedgerError(RuntimeError):
    """Base of every error of this package. The message says what, where, and the next step."""


class EncodingError(LedgerError, ValueError):
    """A record that has no canonical form, or bytes that are not one."""


class SpoolError(LedgerError):
    """Records were not made durable: whoever waits for them must not acknowledge anything."""


class SpoolLockedError(SpoolError):
    """Another process writes to this recorder's folder."""


class SpoolFullError(SpoolError):
    """The disk, or the recorder's allowance, is full."""


class LedgerDamagedError(LedgerError):
    """Files of the ledger are not what was signed."""


class UnreadableSegmentError(LedgerError):
    """A sealed segment cannot be read."""

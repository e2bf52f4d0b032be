from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from easement.ledger.checkpoint import UNSEALED, Checkpoint, CheckpointVerifier, Signer
from easement.ledger.errors import LedgerDamagedError, LedgerError
from easement.ledger.merkle import EMPTY_ROOT
from easement.ledger.signing_key import KEY_FILE, load_or_create_signer

SIGNER = Signer("easement-ledger-test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CHECKPOINT = Checkpoint(origin=SIGNER.name, size=3, root=EMPTY_ROOT, time_ms=1_795_000_000_000)

# The example of golang.org/x/mod/sumdb/note, on which C2SP signed-note rests.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def test_a_note_of_another_implementation_is_verified() -> None:
    verifier = CheckpointVerifier.from_text(GO_KEY)
    with pytest.raises(LedgerDamagedError, match="tlog-checkpoint"):
        verifier.open(GO_NOTE)
    with pytest.raises(LedgerDamagedError, match="signature"):
        verifier.open(GO_NOTE.replace(b"cryptography", b"Cryptography"))


def test_what_is_signed_is_opened() -> None:
    note = SIGNER.sign(CHECKPOINT)
    assert CheckpointVerifier.from_text(SIGNER.verify_key).open(note) == CHECKPOINT
    assert note.decode().splitlines()[:3] == [SIGNER.name, "3", base64.b64encode(EMPTY_ROOT).decode()]


def test_every_changed_byte_of_a_checkpoint_is_noticed() -> None:
    note = SIGNER.sign(CHECKPOINT)
    verifier = CheckpointVerifier.from_text(SIGNER.verify_key)
    for place in range(len(note) - 1):
        damaged = bytearray(note)
        damaged[place] ^= 1
        with pytest.raises(LedgerDamagedError):
            verifier.open(bytes(damaged))


def test_another_key_under_the_same_name_is_not_believed() -> None:
    forger = Signer(SIGNER.name, Ed25519PrivateKey.generate())
    with pytest.raises(LedgerDamagedError, match="not signed by"):
        CheckpointVerifier.from_text(SIGNER.verify_key).open(forger.sign(CHECKPOINT))


def test_a_head_of_unsealed_rows_is_no_checkpoint_and_the_other_way_round() -> None:
    verifier = CheckpointVerifier.from_text(SIGNER.verify_key)
    head = Checkpoint(origin=SIGNER.name + UNSEALED, size=3, root=EMPTY_ROOT, time_ms=1, after=7)
    assert verifier.open(SIGNER.sign(head), unsealed=True) == head
    for note, unsealed in ((SIGNER.sign(head), False), (SIGNER.sign(CHECKPOINT), True)):
        with pytest.raises(LedgerDamagedError, match="another log"):
            verifier.open(note, unsealed=unsealed)


@pytest.mark.parametrize(
    "text", ["", "name", "name+00+", "name+00000000+AQ==", SIGNER.verify_key[:-4], "x" + SIGNER.verify_key]
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="verifier key"):
        CheckpointVerifier.from_text(text)


def test_the_key_is_made_once_private_and_never_printed(tmp_path: Path) -> None:
    first = load_or_create_signer(tmp_path)
    assert load_or_create_signer(tmp_path).verify_key == first.verify_key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert first.key.private_bytes_raw().hex() not in repr(first)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_or_create_signer(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(LedgerError, match="chmod 600"):
        load_or_create_signer(tmp_path)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("hello")
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(LedgerError, match="not a private key"):
        load_or_create_signer(tmp_path)

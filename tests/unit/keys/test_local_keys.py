"""The local key provider and private files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.keys.local import LocalKeyProvider, open_local_keys, rotate_local_key
from easement.keys.private_file import PrivateFileError, create_private_file, read_private_file
from easement.keys.provider import KeyProviderError

IN_MEMORY = LocalKeyProvider(sealing_id=b"12345678", keys={b"12345678": bytes(32)})


@given(st.binary(max_size=2000), st.binary(max_size=64))
def test_open_undoes_seal(plaintext: bytes, aad: bytes) -> None:
    sealed = IN_MEMORY.seal(plaintext, aad)
    assert IN_MEMORY.open(sealed, aad) == plaintext


@given(st.binary(max_size=50), st.data())
def test_any_changed_bit_is_noticed(plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(IN_MEMORY.seal(plaintext, b"use"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(KeyProviderError):
        IN_MEMORY.open(bytes(sealed), b"use")


def test_bytes_sealed_for_one_use_do_not_open_for_another() -> None:
    with pytest.raises(KeyProviderError, match="another use"):
        IN_MEMORY.open(IN_MEMORY.seal(b"key", b"signing-key:1"), b"signing-key:2")


def test_keys_are_made_once_private_and_survive_a_restart(tmp_path: Path) -> None:
    first = open_local_keys(tmp_path)
    assert (tmp_path / "kek-1.key").stat().st_mode & 0o777 == 0o600
    assert open_local_keys(tmp_path).open(first.seal(b"x", b"a"), b"a") == b"x"


def test_rotation_seals_with_the_new_key_and_opens_with_the_old(tmp_path: Path) -> None:
    old = open_local_keys(tmp_path)
    sealed = old.seal(b"x", b"a")
    new = rotate_local_key(tmp_path)
    assert new.open(sealed, b"a") == b"x"
    assert new.sealing_id != old.sealing_id
    with pytest.raises(KeyProviderError, match="restore its file"):
        old.open(new.seal(b"x", b"a"), b"a")


def test_key_never_prints(tmp_path: Path) -> None:
    provider = open_local_keys(tmp_path)
    key = (tmp_path / "kek-1.key").read_bytes()
    assert key.hex() not in repr(provider)
    assert repr(key)[2:-1] not in repr(provider)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    open_local_keys(tmp_path)
    (tmp_path / "kek-1.key").chmod(mode)
    with pytest.raises(KeyProviderError, match="chmod 600"):
        open_local_keys(tmp_path)


def test_truncated_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kek-1.key").write_bytes(b"short")
    (tmp_path / "kek-1.key").chmod(0o600)
    with pytest.raises(KeyProviderError, match="5 bytes"):
        open_local_keys(tmp_path)


def test_private_file_may_not_be_a_link_a_folder_or_a_pipe(tmp_path: Path) -> None:
    create_private_file(tmp_path / "real", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "folder", "pipe", "missing"):
        with pytest.raises(PrivateFileError):
            read_private_file(tmp_path / name)


def test_private_file_is_created_once(tmp_path: Path) -> None:
    assert create_private_file(tmp_path / "f", b"first")
    assert not create_private_file(tmp_path / "f", b"second")
    assert read_private_file(tmp_path / "f") == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_oversize_private_file_is_refused(tmp_path: Path) -> None:
    create_private_file(tmp_path / "f", b"x" * 100)
    with pytest.raises(PrivateFileError, match="larger"):
        read_private_file(tmp_path / "f", max_bytes=99)

"""The key of field hashes: made once, kept private, and never replaced by another without a word."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from easement.keys.field_hash import open_field_hash_key
from easement.keys.private_file import PrivateFileError


def test_it_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "field-hash.key"
    key = open_field_hash_key(path)
    assert len(key) == 32
    assert open_field_hash_key(path) == key
    assert path.stat().st_mode & 0o077 == 0


def test_two_who_start_at_once_have_the_same(tmp_path: Path) -> None:
    path = tmp_path / "field-hash.key"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: open_field_hash_key(path), range(16)))) == 1


@pytest.mark.parametrize("content", ["", "00" * 31, "00" * 33, "not hexadecimal"])
def test_a_damaged_one_is_refused_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "field-hash.key"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(ValueError):  # noqa: PT011 - of bytes.fromhex or of ours
        open_field_hash_key(path)
    assert path.read_text() == content


def test_one_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "field-hash.key"
    open_field_hash_key(path)
    path.chmod(0o644)
    with pytest.raises(PrivateFileError):
        open_field_hash_key(path)

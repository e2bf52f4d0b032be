"""Secret references, and secrets that never print."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from pathlib import Path

import pytest

from easement.keys.local_secrets import local_secrets
from easement.keys.secrets import Secret, SecretError

VALUE = "correct horse battery staple"


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_secret_never_prints() -> None:
    secret = Secret(VALUE)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        f"{secret:>40}",
        repr([secret]),
        repr({1: secret}),
    ]
    assert not any(VALUE in text for text in shown)
    assert secret.reveal() == VALUE


def test_secret_does_not_leave_by_copy_pickle_json_or_logs(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(VALUE)
    for leave in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash):
        with pytest.raises(TypeError):
            leave(secret)
    logging.getLogger("x").warning("value %s", secret)
    assert VALUE not in caplog.text


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_environment_and_file_references_resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_KEY", VALUE)
    write(tmp_path / "secrets/plain", VALUE + "\n")
    write(tmp_path / "secrets/map.json", json.dumps({"hook": VALUE}))
    for reference in ("env/WEBHOOK_KEY", "file/secrets/plain", "file/secrets/map.json#hook"):
        assert local_secrets(tmp_path).of_operator(f"secret://{reference}").reveal() == VALUE


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("hunter2", "not a secret reference"),
        ("secret://env/NOT_SET_ANYWHERE", "not set"),
        ("secret://env/A-B", "one environment variable"),
        ("secret://env/A#b", "A is not set"),
        ("secret://vault/path#key", "not set up"),
        ("secret://file/missing", "cannot be read"),
        ("secret://file/../outside", "stay below"),
        ("secret://file//etc/passwd", "stay below"),
        ("secret://file/link", "leaves"),
        ("secret://file/open", "chmod 600"),
        ("secret://file/empty", "is empty"),
        ("secret://file/plain#key", "JSON object"),
        ("secret://file/map.json#missing", "no text member"),
        ("secret://file/map.json#number", "no text member"),
        ("secret://file/folder", "not a regular file"),
        ("secret://file/binary", "UTF-8"),
    ],
)
def test_bad_reference_is_refused_with_its_reason_and_without_any_value(
    tmp_path: Path, reference: str, message: str
) -> None:
    base = tmp_path / "base"
    write(tmp_path / "outside", VALUE)
    write(base / "plain", VALUE)
    write(base / "open", VALUE, 0o644)
    write(base / "empty", "")
    write(base / "map.json", json.dumps({"number": 4711, "other": VALUE}))
    (base / "folder").mkdir()
    (base / "binary").write_bytes(b"\xff\xfe")
    (base / "binary").chmod(0o600)
    (base / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(SecretError, match=message) as refusal:
        local_secrets(base).of_operator(reference)
    assert VALUE not in str(refusal.value)
    assert "4711" not in str(refusal.value)


def test_a_token_that_is_mounted_by_links_within_its_folder_is_read(tmp_path: Path) -> None:
    """As Kubernetes mounts them: ``token`` is a link to ``..data/token``, and ``..data`` one to a dated folder."""
    write(tmp_path / "vault/..2026_11_24/token", VALUE, 0o400)
    (tmp_path / "vault/..data").symlink_to("..2026_11_24")
    (tmp_path / "vault/token").symlink_to("..data/token")
    assert local_secrets(tmp_path).of_operator("secret://file/vault/token").reveal() == VALUE

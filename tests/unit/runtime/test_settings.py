"""Settings say where they come from, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from easement.runtime.ports import occupied_ports
from easement.runtime.settings import Settings, load_settings, origins


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_flags_win_over_environment_over_file_over_defaults(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "easement.toml").write_text("gateway_port = 1001\ncontrol_port = 1002\nbroker_port = 1003\n")
    monkeypatch.setenv("EASEMENT_CONTROL_PORT", "2002")
    monkeypatch.setenv("EASEMENT_BROKER_PORT", "2003")
    settings = load_settings(data=Path("elsewhere"), host=None)
    assert (settings.gateway_port, settings.control_port, settings.broker_port) == (1001, 2002, 2003)
    found = origins(settings)
    assert found["gateway_port"] == "easement.toml"
    assert found["control_port"] == "EASEMENT_CONTROL_PORT"
    assert found["data"] == "flag"
    assert found["host"] == "default"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gateway_prot = 1\n", "did you mean 'gateway_port'"),
        ("gateway_port = 70000\n", "EASEMENT_GATEWAY_PORT"),
        ("gateway_port = = 1\n", "not valid TOML"),
        ('environment = "prod"\n', "EASEMENT_ENVIRONMENT"),
    ],
)
def test_wrong_setting_is_named(empty_folder: Path, text: str, said: str) -> None:
    (empty_folder / "easement.toml").write_text(text)
    with pytest.raises(ValueError, match=said):
        load_settings()


def test_child_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(gateway_port=1234, auto_approve_low_risk=False)
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_taken_and_doubled_ports_are_named_with_their_setting(free_ports) -> None:
    import socket

    names = ("gateway", "control", "console", "broker", "broker_monitor", "decider", "gateway_admin")
    ports = dict(zip((f"{name}_port" for name in names), free_ports(7), strict=True))
    assert occupied_ports(Settings(**ports)) == []
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports["gateway_port"]))
        other.listen()
        said = occupied_ports(Settings(**{**ports, "decider_port": ports["broker_port"]}))
    assert any("EASEMENT_GATEWAY_PORT" in sentence and "taken" in sentence for sentence in said)
    assert any("set twice" in sentence and "EASEMENT_DECIDER_PORT" in sentence for sentence in said)

"""Credentials that try to pass ``easement check``: folded, aliased, encoded, in files that are referred to.

Each attack has a good twin: the same document without the credential passes.
"""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path

import pytest

from easement.cli.folder_check import check_folder
from easement.cli.problem_report import as_json, as_sarif, as_text
from easement.testing.small_estate import document, openapi, small_files, system

TODAY = date(2026, 11, 23)
KEY = "AKIA" + "A1B2C3D4E5F6G7H8"
PEM = "-----BEGIN " + "PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG"
RANDOM = "hT2kQ9vLx7Rp4Zs8" + "Wm3Yb6Nc1Jd5Fg0a"
HARMLESS = "a harmless text"
FORMS = {
    "plain": "x-note: {}",
    "folded": "x-note: >-\n  {first}\n  {second}",
    "literal": "x-note: |\n  {first}\n  {second}",
    "double-quoted-continuation": 'x-note: "{first}\\\n  {second}"',
    "double-quoted-folding": 'x-note: "{first}\n  {second}"',
    "escaped": 'x-note: "{escaped}"',
    "anchor": "x-note: &hidden {}\nx-other: *hidden",
    "key": "x-note: {{? '{}' : here}}",
    "base64": "x-note: {base64}",
    "base64-folded": "x-note: >-\n  {base64_first}\n  {base64_second}",
    "data-uri": "x-note: data:text/plain;base64,{base64}",
    "percent": "x-note: https://a.example/{percent}",
}


def hidden(form: str, secret: str) -> str:
    half = len(secret) // 2
    encoded = base64.b64encode(f"key {secret} end".encode()).decode()
    cut = len(encoded) // 2
    return FORMS[form].format(
        secret,
        first=secret[:half],
        second=secret[half:],
        escaped="".join(f"\\x{ord(one):02x}" for one in secret),
        base64=encoded,
        base64_first=encoded[:cut],
        base64_second=encoded[cut:],
        percent="".join(f"%{ord(one):02x}" for one in secret),
    )


def folder_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def described(extra: str) -> dict[str, bytes]:
    tree = json.loads(openapi())
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in tree.items()) + extra + "\n"
    interface = document(
        "Interface",
        "stock-api",
        {
            "system": "stock",
            "version": "1.0.0",
            "definition": {"openapi": "stock.yaml"},
            "defaultClassification": "internal",
        },
    )
    return small_files(interface) | {"interface/stock.yaml": text.encode()}


def rules_found(folder: Path) -> list[str]:
    result = check_folder(folder, today=TODAY)
    assert result.problems == ()
    return [one.finding.rule for one in result.findings if one.finding.rule.startswith("credential-")]


@pytest.mark.parametrize("form", FORMS)
def test_no_way_of_writing_hides_a_credential_in_a_description(tmp_path: Path, form: str) -> None:
    good = folder_of(tmp_path / "good", described(hidden(form, HARMLESS)))
    assert rules_found(good) == []
    bad = folder_of(tmp_path / "bad", described(hidden(form, KEY)))
    found = rules_found(bad)
    assert found
    assert set(found) == {"credential-in-description"}


@pytest.mark.parametrize("form", FORMS)
def test_no_report_prints_the_credential(tmp_path: Path, form: str) -> None:
    bad = folder_of(tmp_path, described(hidden(form, KEY)))
    result = check_folder(bad, today=TODAY)
    encoded = base64.b64encode(f"key {KEY} end".encode()).decode()
    reports = (
        as_text(result.problems, result.findings, sources=result.bundle.files, folder=""),
        as_json(result.problems, result.findings),
        as_sarif(result.problems, result.findings),
    )
    for report in reports:
        assert "stock.yaml" in report
        for part in (KEY, KEY[4:12], KEY[10:], encoded[4:16]):
            assert part not in report


def test_a_private_key_cut_into_lines_is_found(tmp_path: Path) -> None:
    text = "x-note: |\n" + "".join(f"  {line}\n" for line in PEM.splitlines())
    assert rules_found(folder_of(tmp_path, described(text))) == ["credential-in-description"]


def test_a_file_that_is_referred_to_hides_nothing(tmp_path: Path) -> None:
    files = described("x-more: {$ref: 'parts/more.yaml#/a'}")
    folder = folder_of(tmp_path, files | {"interface/parts/more.yaml": f"a: {{example: {KEY}}}\n".encode()})
    (one,) = [each for each in check_folder(folder, today=TODAY).findings if each.finding.rule.startswith("credential")]
    assert str(one.place) == "interface/parts/more.yaml:1:14"
    assert one.finding.at == "interface/stock-api@1#/spec/definition/openapi/parts~1more.yaml/a/example"


@pytest.mark.parametrize("form", ["plain", "folded", "escaped", "anchor", "base64", "percent"])
def test_no_way_of_writing_hides_a_credential_in_a_document(tmp_path: Path, form: str) -> None:
    note = hidden(form, KEY).replace("x-other: *hidden", "other: *hidden").replace("\n", "\n    ")
    text = f"""\
apiVersion: easement/v1
kind: System
metadata:
  name: extra
  title: Extra
  labels:
    {note}
spec: {{location: {{country: DE}}}}
"""
    result = check_folder(folder_of(tmp_path, small_files() | {"extra.yaml": text.encode()}), today=TODAY)
    assert {problem.code for problem in result.problems} == {"EAS-1302"}
    report = as_text(result.problems, result.findings, sources=result.bundle.files, folder="")
    assert KEY[4:12] not in report


def waiver(rule: str, at: str, *, expires: str = "2026-12-31") -> dict[str, object]:
    reason = "It is the published sample of the vendor and opens nothing."
    return document(
        "Waiver", "sample", {"rule": rule, "at": at, "reason": reason, "expires": expires}, owner="platform"
    )


def test_a_proven_sample_is_waived_at_its_place_and_stays_visible(tmp_path: Path) -> None:
    at = "interface/stock-api@1#/spec/definition/openapi/x-note"
    files = described(f"x-note: {KEY}\nx-second: {KEY}")
    waived = small_files(waiver("credential-in-description", at))["waiver/sample.yaml"]
    result = check_folder(folder_of(tmp_path, files | {"waiver.json": waived}), today=TODAY)
    found = {one.finding.path: one.finding.waived_by for one in result.findings if "credential" in one.finding.rule}
    assert found == {"/spec/definition/openapi/x-note": "sample", "/spec/definition/openapi/x-second": ""}
    assert result.fails(strict=False)


def test_a_random_looking_label_is_a_finding_that_can_be_waived(tmp_path: Path) -> None:
    labelled = system("shop")
    labelled["metadata"]["labels"] = {"build": RANDOM}
    folder = folder_of(tmp_path / "open", small_files(labelled))
    assert rules_found(folder) == ["credential-like-value"]
    text = as_text(
        (), check_folder(folder, today=TODAY).findings, sources=check_folder(folder, today=TODAY).bundle.files
    )
    assert RANDOM not in text
    files = small_files(labelled, waiver("credential-like-value", "system/shop#/metadata/labels/build"))
    result = check_folder(folder_of(tmp_path / "waived", files), today=TODAY)
    assert [one.finding.waived_by for one in result.findings if "credential" in one.finding.rule] == ["sample"]


def test_a_known_form_in_a_document_has_no_waiver(tmp_path: Path) -> None:
    labelled = system("shop")
    labelled["metadata"]["labels"] = {"build": KEY}
    files = small_files(labelled, waiver("credential-like-value", "system/shop#/metadata/labels/build"))
    result = check_folder(folder_of(tmp_path, files), today=TODAY)
    assert "EAS-1302" in {problem.code for problem in result.problems}

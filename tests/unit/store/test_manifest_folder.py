"""Reading a folder: bounded, and never past its edge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from easement.store import manifest_folder
from easement.store.manifest_folder import MAX_FILE_BYTES, read_folder


def _codes(root: Path) -> list[tuple[str, str]]:
    return [(problem.code, problem.place.file) for problem in read_folder(root).problems]


def test_manifests_are_read_in_order_and_the_rest_is_left(tmp_path):
    for name in ("b.yaml", "a/z.yml", "a/c.json", "notes.md", ".git/x.yaml", ".easement/y.yaml", "node_modules/n.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    contents = read_folder(tmp_path)
    assert contents.problems == ()
    assert list(contents.files) == ["a/c.json", "a/z.yml", "b.yaml"]
    assert contents.files["a/z.yml"] == b"a/z.yml"


def test_a_hundred_megabytes_are_refused_unread(tmp_path):
    (tmp_path / "fine.yaml").write_text("a: 1")
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(100_000_000)
    contents = read_folder(tmp_path)
    assert list(contents.files) == ["fine.yaml"]
    (problem,) = contents.problems
    assert (problem.code, problem.place.file) == ("EAS-1401", "big.yaml")
    assert "100 MB" in problem.message


def test_the_limit_itself_is_read(tmp_path):
    with (tmp_path / "edge.yaml").open("wb") as file:
        file.truncate(MAX_FILE_BYTES)
    assert len(read_folder(tmp_path).files["edge.yaml"]) == MAX_FILE_BYTES


def test_links_out_of_the_folder_are_refused(tmp_path):
    (tmp_path / "secret.yaml").write_text("password: x")
    root = tmp_path / "root"
    root.mkdir()
    (root / "out.yaml").symlink_to("../secret.yaml")
    (root / "absolute.json").symlink_to("/etc/hostname")
    (root / "folder.yaml").symlink_to(tmp_path)
    contents = read_folder(root)
    assert contents.files == {}
    assert _codes(root) == [("EAS-1402", "absolute.json"), ("EAS-1402", "folder.yaml"), ("EAS-1402", "out.yaml")]


def test_a_sibling_folder_with_the_same_beginning_is_outside(tmp_path):
    (tmp_path / "root-other").mkdir()
    (tmp_path / "root-other" / "a.yaml").write_text("a: 1")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.yaml").symlink_to("../root-other/a.yaml")
    assert _codes(tmp_path / "root") == [("EAS-1402", "a.yaml")]


def test_links_inside_the_folder_are_followed_to_files_only(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yaml").write_text("a: 1")
    (tmp_path / "link.yaml").symlink_to("real/a.yaml")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    contents = read_folder(tmp_path)
    assert list(contents.files) == ["link.yaml", "real/a.yaml"]
    assert _codes(tmp_path) == [("EAS-1403", "dangling.yaml"), ("EAS-1403", "self.yaml")]


def test_a_named_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    assert _codes(tmp_path) == [("EAS-1403", "pipe.yaml")]


def test_an_unreadable_place_is_one_problem(tmp_path):
    assert [code for code, _ in _codes(tmp_path / "absent")] == ["EAS-1403"]
    file = tmp_path / "file.yaml"
    file.write_text("a: 1")
    assert [code for code, _ in _codes(file)] == ["EAS-1403"]


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 2), ("MAX_TOTAL_BYTES", 8), ("MAX_ENTRIES", 2)])
def test_too_much_is_one_problem_and_stops(tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(manifest_folder, limit, value)
    for number in range(6):
        (tmp_path / f"{number}.yaml").write_text("a: 1")
    contents = read_folder(tmp_path)
    assert [problem.code for problem in contents.problems] == ["EAS-1404"]
    assert len(contents.files) == 2


def test_folders_are_not_descended_for_ever(tmp_path):
    deep = tmp_path.joinpath(*["d"] * (manifest_folder.MAX_FOLDERS_DEEP + 2))
    deep.mkdir(parents=True)
    (deep / "a.yaml").write_text("a: 1")
    contents = read_folder(tmp_path)
    assert contents.files == {}
    assert [problem.code for problem in contents.problems] == ["EAS-1404"]


def test_a_name_that_is_no_text_can_be_reported(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff.yaml", "wb") as file:  # noqa: PTH123 - the name has no text form
        file.write(b"a: 1")
    (name,) = read_folder(tmp_path).files
    assert name.encode().decode() == name

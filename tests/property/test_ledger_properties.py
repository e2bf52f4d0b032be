from __future__ import annotations

import pymerkle
from hypothesis import given, settings
from hypothesis import strategies as st

from easement.ledger.encoding import decode, encode
from easement.ledger.merkle import (
    GrowingRoot,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.ledger.spool_frame import FIRST, Damage, Frame, read_frames, write_frame

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
NUMBER = st.integers(-(2**63), 2**63 - 1)
DETAIL = st.dictionaries(
    TEXT,
    st.one_of(
        TEXT,
        st.integers(),
        st.booleans(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.lists(TEXT, max_size=3).map(tuple),
    ),
    max_size=4,
)
RECORDS = st.builds(
    Record,
    id=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30),
    transaction_id=TEXT,
    correlation_id=TEXT,
    kind=st.sampled_from(RecordKind),
    step=st.sampled_from(Step),
    status=st.sampled_from(Status),
    time_ms=NUMBER,
    times=st.dictionaries(TEXT, st.integers(), max_size=4),
    source=TEXT,
    target=TEXT,
    message_type=TEXT,
    account=TEXT,
    error=TEXT,
    bytes_in=NUMBER,
    latency_us=NUMBER,
    detail=DETAIL,
    retention_class=st.from_regex(r"[a-z][a-z0-9]{0,15}", fullmatch=True),
    recorder=TEXT,
    sequence=NUMBER,
)
LEAVES = st.lists(st.binary(max_size=20), min_size=1, max_size=70)


@given(RECORDS)
def test_what_is_written_is_read(record: Record) -> None:
    data = encode(record)
    assert decode(data) == record
    assert b"\n" not in data


@given(RECORDS, st.data())
def test_no_changed_byte_reads_as_the_same_record(record: Record, data: st.DataObject) -> None:
    written = bytearray(encode(record))
    place = data.draw(st.integers(0, len(written) - 1))
    written[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = decode(bytes(written))
    except ValueError:
        return
    assert changed != record


@given(LEAVES)
def test_roots_agree_with_another_implementation(entries: list[bytes]) -> None:
    oracle = pymerkle.InmemoryTree.init_from_entries(entries, algorithm="sha256")
    leaves = [leaf_hash(entry) for entry in entries]
    assert root(leaves) == oracle.get_root() == GrowingRoot(leaves).root()


@given(LEAVES, st.data())
def test_inclusion_is_proven_for_every_leaf_and_for_no_other(entries: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(leaves, index)
    assert verify_inclusion(leaves[index], index, len(leaves), proof, root(leaves))
    assert not verify_inclusion(leaf_hash(b"another leaf, longer than any"), index, len(leaves), proof, root(leaves))
    assert not verify_inclusion(leaves[index], index, len(leaves), (*proof, b"x" * 32), root(leaves))


@given(LEAVES, st.data())
def test_a_prefix_is_proven_and_a_rewritten_one_is_not(entries: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    old = data.draw(st.integers(1, len(leaves)))
    proof = consistency_proof(leaves, old)
    assert verify_consistency(old, len(leaves), root(leaves[:old]), root(leaves), proof)
    rewritten = [leaf_hash(b"another leaf, longer than any"), *leaves[1:]]
    assert not verify_consistency(old, len(leaves), root(rewritten[:old]), root(leaves), proof)


@given(st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=4), min_size=1, max_size=4), st.data())
@settings(max_examples=200)
def test_a_damaged_frame_is_never_read_and_hides_no_other(batches: list[list[bytes]], data: st.DataObject) -> None:
    frames, sequence, digest = [], 1, FIRST
    for batch in batches:
        frame, digest = write_frame(batch, first_sequence=sequence, incarnation=b"incarnat", previous=digest)
        frames.append(frame)
        sequence += len(batch)
    whole = b"".join(frames)
    read = [part for part in read_frames(whole) if isinstance(part, Frame)]
    assert [list(part.records) for part in read] == batches

    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= data.draw(st.integers(1, 255))
    victim = next(number for number in range(len(frames)) if place < sum(map(len, frames[: number + 1])))
    parts = list(read_frames(bytes(damaged)))
    survivors = [list(part.records) for part in parts if isinstance(part, Frame)]
    assert survivors == batches[:victim] + batches[victim + 1 :]
    assert any(isinstance(part, Damage) for part in parts)

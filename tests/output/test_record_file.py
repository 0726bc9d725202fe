"""A file of records is whole after each record, and after one that did not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinepose_hf.errors import OutputError
from spinepose_hf.output.record_file import RecordFile


def test_tail_follows_the_last_record(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    file = RecordFile(path, head=b"[", tail=b"]")
    for record, expected in ((b"", b"[]"), (b"1", b"[1]"), (b",22", b"[1,22]")):
        file.append(record)
        assert path.read_bytes() == expected
    file.close()
    file.close()
    assert path.read_bytes() == b"[1,22]"


def test_opens_again(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "file", head=b"00 ", tail=b".")
    file.append(b"a")
    file.close()
    file.append(b"b")
    file.replace_head(b"02 ")
    file.close()
    assert (tmp_path / "file").read_bytes() == b"02 ab."


def test_head_keeps_its_length(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "file", head=b"00 ")
    with pytest.raises(ValueError, match="has 3 bytes, not 2"):
        file.replace_head(b"1 ")
    file.close()


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"much longer than the new one")
    RecordFile(tmp_path / "file", head=b"new").close()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_what_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    file = RecordFile(tmp_path / "file", head=b"[", tail=b"]")
    file.append(b"1")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OutputError, match="cannot write .*file: File too large"):
            file.append(b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "file").read_bytes() == b"[1]"
    file.append(b"2")
    file.close()
    assert (tmp_path / "file").read_bytes() == b"[12]"


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        RecordFile(tmp_path)

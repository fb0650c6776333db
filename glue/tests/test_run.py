from __future__ import annotations

import gc
import io
from pathlib import Path
from typing import IO, Any, Callable, List, cast

import pytest
from conftest import JOB_RUN, Clock, Start
from fake_lakefs import FakeLakefs, Fault

import branchline
from branchline import contract, files

BRANCH = f"run-sales-daily-{JOB_RUN}"
OBJECTS = f"POST branches/{BRANCH}/objects"


@pytest.fixture
def run(start: Start) -> branchline.Run:
    return start()


def test_paths(run: branchline.Run) -> None:
    assert run.uri("sales/") == f"lakefs://lake/{BRANCH}/sales/"
    assert run.s3a_uri("sales/") == f"s3a://lake/{BRANCH}/sales/"
    assert run.read_uri("sales/") == f"lakefs://lake/{run.base_commit}/sales/"
    assert run.read_uri("sales/", commit="c0ffee") == "lakefs://lake/c0ffee/sales/"
    assert run.uri() == f"lakefs://lake/{BRANCH}/"


@pytest.mark.parametrize("path", ["/sales/a", "s3://bucket/a", "lakefs://lake/main/a"])
def test_paths_that_mean_something_else_are_refused(run: branchline.Run, path: str) -> None:
    with pytest.raises(ValueError, match="relative to the repository"):
        run.uri(path)
    with pytest.raises(ValueError, match="relative to the repository"):
        run.write(path, b"")


@pytest.mark.parametrize("path", ["a", "sales/day=1/ü 100%.txt", "a+b&c=d?e#f", "a//b", "."])
def test_what_is_written_is_read_and_no_target_sees_it(run: branchline.Run, lakefs: FakeLakefs, path: str) -> None:
    run.write(path, "grüße")
    assert run.read(path) == "grüße".encode()
    assert lakefs.branches[BRANCH].staged == {path: "grüße".encode()}
    assert lakefs.branches["main"].staged == {}


def test_reads_are_of_the_run_or_pinned(run: branchline.Run) -> None:
    run.write("sales/old.parquet", b"new")
    run.write("sales/new.parquet", b"new")
    assert (run.read("sales/old.parquet"), run.read("sales/old.parquet", pinned=True)) == (b"new", b"old")
    assert [found.path for found in run.list("sales/")] == ["sales/new.parquet", "sales/old.parquet"]
    assert [found.path for found in run.list("sales/", pinned=True)] == ["sales/old.parquet"]


def test_what_is_missing_is_a_file_not_found(run: branchline.Run) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        run.read("nothing")
    assert isinstance(caught.value, branchline.NotFound)


def test_uploads(run: branchline.Run, tmp_path: Path) -> None:
    file = tmp_path / "local"
    file.write_bytes(b"0123456789")
    run.upload("path", file)
    run.upload("bytes", memoryview(b"12"))
    with file.open("rb") as opened:
        opened.seek(4)
        run.upload("rest", opened)
    run.upload("stream", cast(IO[bytes], Endless(b"chunks")))
    assert [run.read(name) for name in ("path", "bytes", "rest", "stream")] == [b"0123456789", b"12", b"456789", b"chunks"]
    with pytest.raises(TypeError, match=r"run\.write"):
        run.upload("text", "some text")  # type: ignore[arg-type]


class Endless(io.RawIOBase):
    """A stream that cannot go back."""

    def __init__(self, content: bytes) -> None:
        self.rest = content

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part, self.rest = self.rest[:2], self.rest[2:]
        return part


def test_an_upload_is_sent_again_from_where_it_began(run: branchline.Run, lakefs: FakeLakefs, tmp_path: Path) -> None:
    file = tmp_path / "local"
    file.write_bytes(b"0123456789")
    lakefs.faults = [Fault(OBJECTS, 503), Fault(OBJECTS, 0), Fault(OBJECTS, 500), Fault(OBJECTS, 502)]
    with file.open("rb") as opened:
        opened.seek(4)
        run.upload("rest", opened)
    assert run.read("rest") == b"456789"
    assert lakefs.calls.count(OBJECTS) == 5


def test_files_appear_when_closed(run: branchline.Run, lakefs: FakeLakefs) -> None:
    with run.open("a.txt", "w") as file:
        file.write("one\n")
        assert "a.txt" not in lakefs.branches[BRANCH].staged
    with run.open("b.bin", "wb") as file:
        file.write(b"xxx")
        file.seek(0)
        file.write(b"12")
    with run.open("a.txt") as file:
        assert file.readlines() == ["one\n"]
    with run.open("b.bin", "rb") as file:
        file.seek(1)
        assert file.read() == b"2x"


@pytest.mark.parametrize("mode", ["w", "wb"])
def test_a_file_that_is_not_finished_never_appears(run: branchline.Run, lakefs: FakeLakefs, mode: str) -> None:
    def write_half() -> None:
        with run.open("a", mode) as file:
            file.write("x" if mode == "w" else b"x")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    forgotten: Any = run.open("b", mode)
    forgotten.write("x" if mode == "w" else b"x")
    del forgotten
    gc.collect()
    assert lakefs.branches[BRANCH].staged == {}


def test_large_files_go_over_the_disk(run: branchline.Run, lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_IN_MEMORY", 10)
    with run.open("a", "wb") as file:
        for start in range(0, 40, 4):
            file.write(bytes(range(start, start + 4)))
        assert file.tell() == 40
    assert lakefs.branches[BRANCH].staged["a"] == bytes(range(40))


@pytest.mark.parametrize("mode", ["a", "x", "r+", "wb+", ""])
def test_other_modes_are_refused(run: branchline.Run, mode: str) -> None:
    with pytest.raises(ValueError, match="allowed: r, rt, rb, w, wt, wb"):
        run.open("a", mode)


def test_a_partition_is_emptied_and_its_namesake_left(run: branchline.Run, lakefs: FakeLakefs) -> None:
    lakefs.page_size = 2
    for name in ("t/day=1/a", "t/day=1/b", "t/day=1/c", "t/day=10/a"):
        run.write(name, b"")
    assert run.delete_prefix("t/day=1/") == 3
    assert [found.path for found in run.list("t/")] == ["t/day=10/a"]
    assert run.delete_prefix("t/day=1/") == 0
    with pytest.raises(ValueError, match="namesakes"):
        run.delete_prefix("t/day=1")
    with pytest.raises(ValueError, match="path is ''"):
        run.delete_prefix("")


def test_deleting_what_is_not_there_is_as_wanted(run: branchline.Run) -> None:
    run.delete("sales/old.parquet")
    run.delete("sales/old.parquet")
    assert list(run.list()) == []


def test_a_branch_that_is_gone_is_said_to_be_gone(run: branchline.Run, lakefs: FakeLakefs) -> None:
    del lakefs.branches[BRANCH]
    acts: List[Callable[[], object]] = [lambda: run.write("a", b""), lambda: run.delete("a"), lambda: run.commit("x")]
    for act in acts:
        with pytest.raises(branchline.BranchGone) as caught:
            act()
        assert caught.value.code == "BL2004"


# -- Checkpoints --------------------------------------------------------------------------------------------------------


def test_a_checkpoint_says_where_it_comes_from(
    run: branchline.Run, lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    run.write("a", b"1")
    commit = run.commit("half", {"rows": "7"})
    assert commit == lakefs.branches[BRANCH].head
    assert lakefs.metadata(BRANCH) == {
        "rows": "7",
        contract.METADATA_KIND: "checkpoint",
        contract.METADATA_RUN_ID: JOB_RUN,
        contract.METADATA_ATTEMPT: "0",
        contract.METADATA_JOB: "sales-daily",
        contract.METADATA_PIPELINE: "sales",
        contract.METADATA_JOB_RUN_ID: JOB_RUN,
        contract.METADATA_BASE_COMMIT: run.base_commit,
        contract.METADATA_CONSOLE_URL: "https://eu-west-1.console.aws.amazon.com/gluestudio/home?region=eu-west-1"
        f"#/job/sales-daily/run/{JOB_RUN}",
    }
    assert run.commit("again") is None


def test_the_commits_keys_are_not_the_jobs(run: branchline.Run) -> None:
    with pytest.raises(ValueError, match="kind"):
        run.commit("half", {contract.METADATA_KIND: "run"})


@pytest.mark.parametrize("status", [0, 500, 502, 504])
def test_a_commit_whose_answer_was_lost_is_found(run: branchline.Run, lakefs: FakeLakefs, status: int) -> None:
    run.write("a", b"1")
    lakefs.faults = [Fault(f"POST branches/{BRANCH}/commits", status, after=True)]
    assert run.commit("half") == lakefs.branches[BRANCH].head
    assert lakefs.calls.count(f"POST branches/{BRANCH}/commits") == 1


@pytest.mark.parametrize("status", [0, 500, 502, 503, 429])
def test_a_commit_that_did_not_happen_is_repeated(run: branchline.Run, lakefs: FakeLakefs, status: int) -> None:
    run.write("a", b"1")
    lakefs.faults = [Fault(f"POST branches/{BRANCH}/commits", status)]
    assert run.commit("half") == lakefs.branches[BRANCH].head
    assert lakefs.calls.count(f"POST branches/{BRANCH}/commits") == 2


def test_a_commit_that_a_hook_refuses_is_not_repeated(run: branchline.Run, lakefs: FakeLakefs) -> None:
    run.write("a", b"1")
    lakefs.faults = [Fault(f"POST branches/{BRANCH}/commits", 412, times=9, message="pre-commit hook aborted")]
    with pytest.raises(branchline.UnexpectedAnswer, match="pre-commit hook aborted"):
        run.commit("half")
    assert lakefs.faults[0].times == 8


# -- Failures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "bad", branchline.UnexpectedAnswer),
        (403, "cannot write to protected branch", branchline.BranchProtected),
        (302, "moved", branchline.UnexpectedAnswer),
    ],
)
def test_a_no_is_not_asked_for_twice(run: branchline.Run, lakefs: FakeLakefs, status: int, message: str, kind: type) -> None:
    lakefs.faults = [Fault(OBJECTS, status, times=9, message=message)]
    with pytest.raises(kind, match=f"answered {status}: {message}"):
        run.write("a", b"1")
    assert lakefs.faults[0].times == 8
    assert not any("elsewhere" in call for call in lakefs.calls)


@pytest.mark.parametrize(
    ("status", "kind"), [(503, branchline.LakefsBusy), (429, branchline.LakefsBusy), (0, branchline.LakefsUnreachable)]
)
def test_patience_ends(run: branchline.Run, lakefs: FakeLakefs, clock: Clock, status: int, kind: type) -> None:
    lakefs.faults = [Fault(OBJECTS, status, times=1000)]
    with pytest.raises(kind):
        run.write("a", b"1")
    assert 100 < clock.now <= 120


def test_a_server_that_is_gone_is_named(run: branchline.Run, lakefs: FakeLakefs) -> None:
    endpoint = lakefs.endpoint
    lakefs.close()
    with pytest.raises(branchline.LakefsUnreachable, match=endpoint):
        run.read("sales/old.parquet")


def test_the_block_changes_nothing(run: branchline.Run, lakefs: FakeLakefs) -> None:
    with run as same:
        assert same is run
        same.write("a", b"1")
    calls = len(lakefs.calls)
    with pytest.raises(KeyError), run:
        raise KeyError
    assert len(lakefs.calls) == calls
    assert lakefs.branches[BRANCH].staged == {"a": b"1"}

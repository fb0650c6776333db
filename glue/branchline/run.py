"""A run as its job sees it: paths on its branch, and small files without Spark."""

from __future__ import annotations

import io
import logging
import os
from types import TracebackType
from typing import IO, Any, Dict, Iterator, List, Mapping, NoReturn, Optional, Type, Union
from urllib.parse import quote

from . import contract, spark
from .aws import region_of
from .files import TextWriter, Writer, buffer
from .lakefs import LakefsClient, ObjectInfo
from .leftovers import prefixes_of
from .opening import Opening, put_claim

log = logging.getLogger("branchline")

Source = Union[bytes, bytearray, memoryview, IO[bytes], "os.PathLike[str]"]
_MODES = ("r", "rt", "rb", "w", "wt", "wb")


def _checked(path: str) -> str:
    """:raises ValueError: for a path that would not mean what it says."""
    if not isinstance(path, str) or path == "":
        raise ValueError(f"path is {path!r}; it must be a path in the repository, such as 'sales/part-0.parquet'")
    if path.startswith("/") or "://" in path:
        raise ValueError(f"path is {path!r}; it must be relative to the repository: no leading '/', no scheme")
    return path


def _writable(path: str) -> str:
    if _checked(path).startswith(contract.CLAIM_PREFIX):
        raise ValueError(f"path is {path!r}; {contract.CLAIM_PREFIX} is Branchline's own and never promoted")
    return path


class Run:
    """One attempt of one job, with a branch of its own. Got from ``branchline.begin()``.

    What is written to the branch reaches the target when Glue says that the job succeeded, all of it at once; if the job
    fails, nothing does. Nothing need be committed, closed or cleaned up.
    """

    def __init__(self, opening: Opening, client: LakefsClient, access: Optional[str] = None) -> None:
        self._opening = opening
        self._client = client
        self._access = spark.PRESIGNED if access is None else access

    # -- Who it is --------------------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        return self._opening.run_id

    @property
    def attempt(self) -> int:
        """0 for the first try of a job run; Glue's retries count up, each with a fresh branch."""
        return self._opening.attempt

    @property
    def job(self) -> str:
        return self._opening.job

    @property
    def job_run_id(self) -> str:
        return self._opening.job_run_id

    @property
    def repository(self) -> str:
        return self._opening.repository

    @property
    def target(self) -> str:
        """The branch that readers see, and that this run is promoted into."""
        return self._opening.target

    @property
    def branch(self) -> str:
        return self._opening.branch

    @property
    def base_commit(self) -> str:
        """The target's head when the run branch was made."""
        return self._opening.base_commit

    def __repr__(self) -> str:
        return (
            f"Run({self.run_id!r}, attempt={self.attempt}, branch={self.branch!r}, "
            f"repository={self.repository!r}, base_commit={self.base_commit[:12]!r})"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Run stays in the process that began it; send run.uri(path) to Spark's executors instead")

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Changes nothing: what becomes of the run is decided by how the job ends."""
        if kind is not None:
            log.warning("run %s fails with %s; what it wrote is discarded", self.run_id, kind.__name__)

    # -- Paths for Spark and others ---------------------------------------------------------------------------------

    def configure(self, session: Any, access: Optional[str] = None) -> Run:
        """Makes Spark able to read and write ``uri()`` and ``read_uri()``. Call it before the first of both.

        lakeFS's key pair comes from the secret and goes into Hadoop's settings alone, under names that Spark redacts.

        :param session: a SparkSession, a SparkContext or a GlueContext.
        :param access: ``presigned``, ``simple`` or ``s3a``; by default the job's argument ``--branchline_access``, else
            ``presigned``. From now on the URIs have the scheme that goes with it.
        :returns: the run itself.
        """
        chosen = spark.checked_access(self._access if access is None else access)
        spark.configure(session, chosen, self._client.endpoint, self.repository, self._client.key_pair())
        self._access = chosen
        if chosen == spark.S3A:
            self._keep()
        log.info("Spark reaches %s by %s", self.repository, chosen)
        return self

    def _keep(self) -> None:
        """Leaves an object on the branch, so that S3A never finds it empty.

        S3A makes the parent directory anew of what it deletes. Where the deleted table was all that the branch held, that is
        the branch itself; the gateway refuses it, and the overwrite would fail.
        """
        self._client.upload(self.branch, contract.KEEP_OBJECT, b"", 0)

    @property
    def access(self) -> str:
        """How Spark reaches lakeFS: ``presigned``, ``simple`` or ``s3a``."""
        return self._access

    def _uri(self, ref: str, path: str) -> str:
        return f"{spark.scheme_of(self._access)}://{self.repository}/{ref}/{_checked(path) if path else ''}"

    def uri(self, path: str = "") -> str:
        """``lakefs://repository/branch/path``: where the run writes. ``s3a://…`` under access mode ``s3a``."""
        return self._uri(self.branch, path)

    def s3a_uri(self, path: str = "") -> str:
        """The same through lakeFS's S3 gateway: ``s3a://repository/branch/path``."""
        return f"s3a://{self.repository}/{self.branch}/{_checked(path) if path else ''}"

    def read_uri(self, path: str = "", *, commit: Optional[str] = None) -> str:
        """``lakefs://repository/commit/path``: the target as it was when the run began, whatever is written meanwhile.

        :param commit: another commit, such as the one that a table in Glue says it shows.
        """
        return self._uri(self.base_commit if commit is None else commit, path)

    def target_uri(self, path: str = "") -> str:
        """``lakefs://repository/target/path``: the target as it is at each look; for the location of a catalog table.

        Spark looks more than once for one read: it may fail for a file that a promotion in between has replaced. Reads that
        must not fail, or that see several partitions at one moment, go by ``read_uri``.
        """
        return self._uri(self.target, path)

    # -- Files without Spark ----------------------------------------------------------------------------------------

    def write(self, path: str, content: Union[bytes, bytearray, memoryview, str]) -> None:
        """Puts an object on the branch; text as UTF-8. An object that lies there is replaced."""
        data = content.encode("utf-8") if isinstance(content, str) else bytes(content)
        self._client.upload(self.branch, _writable(path), data, len(data))

    def upload(self, path: str, source: Source) -> None:
        """Puts a file on the branch.

        :param source: bytes, a ``pathlib.Path`` of a local file, or a binary file object (read from where it stands).
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            self.write(path, source)
        elif isinstance(source, os.PathLike):
            with open(source, "rb") as file:
                self._send(path, file)
        elif hasattr(source, "read"):
            self._send(path, source)
        else:
            raise TypeError(
                f"source is {type(source).__name__}; allowed: bytes, pathlib.Path, a binary file. For text: run.write()"
            )

    def _send(self, path: str, file: IO[bytes]) -> None:
        # Sent again after a failure, so it must be possible to go back.
        if not file.seekable():
            with buffer() as room:
                while True:
                    chunk = file.read(1 << 20)
                    if not chunk:
                        break
                    room.write(chunk)
                room.seek(0)
                self._send(path, room)
            return
        start = file.tell()
        size = file.seek(0, io.SEEK_END) - start
        file.seek(start)
        self._client.upload(self.branch, _writable(path), file, size)

    def read(self, path: str, *, pinned: bool = False) -> bytes:
        """The content of an object. :raises NotFound: where there is none.

        :param pinned: as it was when the run began, and not as the run left it.
        """
        with self.open(path, "rb", pinned=pinned) as file:
            content: bytes = file.read()
        return content

    def open(
        self,
        path: str,
        mode: str = "r",
        *,
        encoding: str = "utf-8",
        newline: Optional[str] = None,
        pinned: bool = False,
    ) -> IO[Any]:
        """A file object, as the built-in ``open`` gives one; modes r, w, rb, wb.

        A written object appears when the file is closed, complete; a ``with`` block that an exception leaves writes nothing.
        Reading sees what this run has written; with ``pinned`` it sees what the target held when the run began.
        """
        if mode not in _MODES:
            raise ValueError(f"mode is {mode!r}; allowed: {', '.join(_MODES)}")
        if mode.startswith("w"):
            if pinned:
                raise ValueError("pinned is for reading: a commit cannot be written to")
            writer = Writer(lambda content, size: self._publish(path, content, size))
            _writable(path)
            return writer if mode == "wb" else TextWriter(writer, encoding, newline)  # type: ignore[return-value]
        room = buffer()
        try:
            self._client.download(self.base_commit if pinned else self.branch, _checked(path), room)
        except BaseException:
            room.close()
            raise
        room.seek(0)
        return room if mode == "rb" else io.TextIOWrapper(room, encoding=encoding, newline=newline)

    def _publish(self, path: str, content: IO[bytes], size: int) -> None:
        self._client.upload(self.branch, path, content, size)

    def list(self, prefix: str = "", *, pinned: bool = False) -> Iterator[ObjectInfo]:
        """Objects whose path begins with ``prefix``, in the order of paths; Branchline's own left out."""
        ref = self.base_commit if pinned else self.branch
        for found in self._client.objects(ref, prefix):
            if not found.path.startswith(contract.CLAIM_PREFIX):
                yield found

    def delete(self, path: str) -> None:
        """Deletes an object from the branch; one that is not there is as wanted."""
        self._client.delete(self.branch, [_writable(path)])

    def delete_prefix(self, prefix: str) -> int:
        """Deletes everything below a directory of the branch, as before overwriting a partition.

        :param prefix: ends in ``/``, so that ``day=1/`` does not take ``day=10/`` along.
        :returns: how many objects it were.
        """
        if not _writable(prefix).endswith("/"):
            raise ValueError(f"prefix is {prefix!r}; it must end in '/', or it would take its namesakes along")
        paths: List[str] = [found.path for found in self._client.objects(self.branch, prefix)]
        self._client.delete(self.branch, paths)
        return len(paths)

    # -- Checkpoints ------------------------------------------------------------------------------------------------

    def commit(self, message: str, metadata: Optional[Mapping[str, str]] = None) -> Optional[str]:
        """Commits what the run has written so far, on its own branch: a checkpoint for jobs that run for many hours.

        It promotes nothing: if the job fails, its checkpoints are discarded with the rest. Not while Spark is writing: what
        lies in ``_temporary/`` and ``.spark-staging-*/`` is taken for the leftovers of a writer that died, and goes.

        :returns: the commit's id; ``None`` where nothing was written since the last one.
        """
        extra = dict(metadata or {})
        ours = [key for key in extra if key.startswith(contract.METADATA_PREFIX)]
        if ours:
            raise ValueError(f"metadata has {', '.join(ours)}; keys that begin with {contract.METADATA_PREFIX} are set here")
        said = {**extra, **self.provenance, contract.METADATA_KIND: contract.KIND_CHECKPOINT}
        # A commit takes all that is staged, and neither what is Branchline's own nor the working folder of a committer that
        # died may ever reach the target.
        for prefix in prefixes_of(self._client.staged(self.branch)):
            self._client.reset_prefix(self.branch, prefix)
        try:
            made = self._client.commit(self.branch, message, said)
        finally:
            if self._opening.claimed_on_branch:
                put_claim(self._client, self._opening)
            if self._access == spark.S3A:
                self._keep()
        return made

    @property
    def provenance(self) -> Dict[str, str]:
        """Where what this run writes comes from, in the words of its commits' metadata."""
        opening = self._opening
        said = {
            contract.METADATA_RUN_ID: opening.run_id,
            contract.METADATA_ATTEMPT: str(opening.attempt),
            contract.METADATA_JOB: opening.job,
            contract.METADATA_JOB_RUN_ID: opening.job_run_id,
            contract.METADATA_BASE_COMMIT: opening.base_commit,
        }
        if opening.pipeline is not None:
            said[contract.METADATA_PIPELINE] = opening.pipeline
        region = region_of("")
        if region:
            said[contract.METADATA_CONSOLE_URL] = (
                f"https://{region}.console.aws.amazon.com/gluestudio/home?region={region}"
                f"#/job/{quote(opening.job, safe='')}/run/{quote(opening.job_run_id, safe='')}"
            )
        return said

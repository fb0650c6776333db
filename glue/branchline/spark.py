"""What Spark has to know to read and write lakeFS: three ways to the same objects, and their settings.

Source: the documentation of lakeFS's Hadoop file system and of Hadoop's S3A. Tried with Spark 3.5.4 and Hadoop 3.3.4.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any, Dict, Iterator, Optional

from .aws import KeyPair
from .errors import InvalidArguments

#: ``lakefs://``; data goes straight to S3 by signed addresses: no right on the bucket, fewest copies. The default.
PRESIGNED = "presigned"
#: ``lakefs://``; data goes to the bucket through S3A, with the rights of the job's role.
SIMPLE = "simple"
#: ``s3a://repository/branch/``; everything goes through lakeFS's S3 gateway. Needs no jar of lakeFS.
S3A = "s3a"
ACCESS_MODES = (PRESIGNED, SIMPLE, S3A)

_LAKEFS_CLASS = "io.lakefs.LakeFSFileSystem"
_S3A_CLASS = "org.apache.hadoop.fs.s3a.S3AFileSystem"
_REDACTION = "spark.redaction.regex"
_COMMITTER = "mapreduce.fileoutputcommitter.algorithm.version"
_NO_SUCCESS_FILES = "mapreduce.fileoutputcommitter.marksuccessfuljobs"
# py4j writes each command that goes to Java, arguments and all, at DEBUG.
_PY4J_LOGGERS = ("py4j", "py4j.java_gateway", "py4j.clientserver", "py4j.protocol")


def scheme_of(access: str) -> str:
    return "s3a" if access == S3A else "lakefs"


def checked_access(access: str) -> str:
    """:raises InvalidArguments: for what is no access mode."""
    if access not in ACCESS_MODES:
        raise InvalidArguments(f"access mode is {access!r}", remedy=f"Allowed: {', '.join(ACCESS_MODES)}.")
    return access


def settings(access: str, endpoint: str, repository: str, key_pair: KeyPair) -> Dict[str, str]:
    """Hadoop's settings for one access mode. Two of the values are lakeFS's key pair."""
    if checked_access(access) == S3A:
        # For this one bucket: all others keep the credentials that they have.
        bucket = f"fs.s3a.bucket.{repository}"
        return {
            # Version 2 would leave an empty object for each directory of the table, and they would reach the target.
            _COMMITTER: "1",
            f"{bucket}.endpoint": endpoint,
            # A server that is not AWS's has no region in its name; the gateway takes any.
            f"{bucket}.endpoint.region": "us-east-1",
            f"{bucket}.path.style.access": "true",
            f"{bucket}.connection.ssl.enabled": "true" if endpoint.startswith("https://") else "false",
            f"{bucket}.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
            f"{bucket}.access.key": key_pair.access_key_id,
            f"{bucket}.secret.key": key_pair.secret_access_key,
        }
    return {
        # Renames are copies in lakeFS: version 2 makes one of a file, version 1 two. What version 2 leaves of a failed job
        # lies on a run branch that nobody reads and that is discarded.
        _COMMITTER: "2",
        "fs.lakefs.impl": _LAKEFS_CLASS,
        "fs.lakefs.endpoint": f"{endpoint}/api/v1",
        "fs.lakefs.access.mode": access,
        "fs.lakefs.access.key": key_pair.access_key_id,
        "fs.lakefs.secret.key": key_pair.secret_access_key,
    }


def configure(spark: Any, access: str, endpoint: str, repository: str, key_pair: KeyPair) -> None:
    """Gives the settings to a session that runs. They reach the executors with each job that reads or writes.

    :param spark: a SparkSession, a SparkContext or a GlueContext.
    :raises InvalidArguments: where it is none of these, a class is missing, or Spark would show the key pair.
    """
    context = _context_of(spark)
    wanted = settings(access, endpoint, repository, key_pair)
    hadoop = context._jsc.hadoopConfiguration()
    _check_class(hadoop, access)
    _check_redaction(context, [name for name in wanted if name.endswith((".access.key", ".secret.key"))])
    with _silent_py4j():
        for name, value in wanted.items():
            hadoop.set(name, value)
        # The merge is what says that a run is complete. An empty file that is written again over an equal one is what
        # lakeFS's garbage collection was seen to delete. Whoever needs the files asks for them, and keeps them.
        if hadoop.get(_NO_SUCCESS_FILES) is None:
            hadoop.set(_NO_SUCCESS_FILES, "false")


def _context_of(spark: Any) -> Any:
    """The SparkContext of whatever the job has at hand."""
    session = getattr(spark, "spark_session", spark)
    context: Optional[Any] = getattr(session, "sparkContext", session)
    if getattr(context, "_jsc", None) is None:
        raise InvalidArguments(
            f"configure() was given a {type(spark).__name__}",
            remedy="It takes a SparkSession, a SparkContext or a GlueContext that has not been stopped.",
        )
    return context


def _check_class(hadoop: Any, access: str) -> None:
    wanted = _S3A_CLASS if access == S3A else _LAKEFS_CLASS
    if hadoop.getClassByNameOrNull(wanted) is not None:
        return
    raise InvalidArguments(
        f"class {wanted} is not on Spark's class path",
        remedy="Glue brings hadoop-aws; elsewhere add it to --jars."
        if access == S3A
        else f"Add lakeFS's hadoop-lakefs-assembly jar to the job's --extra-jars, or use access mode {S3A!r}.",
    )


def _check_redaction(context: Any, names: Any) -> None:
    """Spark shows Hadoop's settings in its UI and its event log, but for names that this expression finds."""
    # The default of every Spark 3 finds `secret` and `access.key`.
    expression = context.getConf().get(_REDACTION)
    if expression is None:
        return
    pattern = context._jvm.java.util.regex.Pattern.compile(expression)
    shown = [name for name in names if not pattern.matcher(name).find()]
    if shown:
        raise InvalidArguments(
            f"{_REDACTION} is {expression!r}, so Spark would show the values of {', '.join(shown)}",
            remedy="Add (?i)secret|access[.]key to it, or leave it out.",
        )


@contextlib.contextmanager
def _silent_py4j() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _PY4J_LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before):
            logger.disabled = disabled

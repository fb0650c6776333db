"""Runs a Spark job of the local environment: a Python-shell job that spark-submits a script, with the arguments that Glue
gives a Spark job. The local Glue lets Spark jobs succeed without running them.

Arguments, beside those of the job itself (which it asks Glue for):

  --spark_script     ``s3://`` address of the script
  --spark_bin        folder of spark-submit
  --spark_jars       jars, separated by commas
  --spark_metastore  the server that stands in for Glue's catalog where the job asks for it (hive_metastore.py)
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

import boto3
from branchline.aws import find_job_run_id
from branchline.retry import Patience

OWN = ("--spark_script", "--spark_bin", "--spark_jars", "--spark_metastore")
GLUE_CATALOG = "--enable-glue-datacatalog"
TAIL = 40


def client(service: str) -> Any:
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def words_of(job: str, run_id: str) -> List[str]:
    """The command line that Glue would give the script."""
    job_run_id = find_job_run_id(job, run_id, Patience(30.0))
    glue = client("glue")
    arguments: Dict[str, str] = {
        **glue.get_job(JobName=job)["Job"].get("DefaultArguments", {}),
        **glue.get_job_run(JobName=job, RunId=job_run_id)["JobRun"].get("Arguments", {}),
    }
    words = ["--JOB_NAME", job, "--JOB_RUN_ID", job_run_id]
    for name, value in arguments.items():
        if name not in OWN:
            words += [name, value]
    return words


def settings() -> List[str]:
    """Plain S3 is the local one, with the job's own credentials, as on AWS. Of lakeFS nothing: that is the job's line."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    chosen = {
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
    }
    return [word for name, value in chosen.items() for word in ("--conf", f"{name}={value}")]


@contextlib.contextmanager
def catalog(given: Dict[str, str], words: List[str]) -> Iterator[List[str]]:
    """Settings by which Spark's catalog is Glue's, where the job has the argument that makes it so on AWS."""
    if (GLUE_CATALOG, "true") not in zip(words, words[1:]):
        yield []
        return
    command = [str(Path(given["spark_bin"], "python")), given["spark_metastore"]]
    server = subprocess.Popen(command, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        port = (server.stdout.readline() if server.stdout else "").strip()
        uri = f"spark.hadoop.hive.metastore.uris=thrift://127.0.0.1:{port}"
        yield ["--conf", "spark.sql.catalogImplementation=hive", "--conf", uri]
    finally:
        # It ends with its standard input.
        server.communicate()


def main() -> int:
    given = dict(os.environ)
    words = words_of(given["branchline_job"], given["branchline_run_id"])
    bucket, _, key = given["spark_script"].partition("://")[2].partition("/")
    with tempfile.TemporaryDirectory(prefix="branchline-spark-") as folder, catalog(given, words) as of_catalog:
        script = Path(folder, Path(key).name)
        script.write_bytes(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        python = str(Path(given["spark_bin"], "python"))
        command = [str(Path(given["spark_bin"], "spark-submit")), "--master", "local[2]", "--jars", given["spark_jars"]]
        command += [*settings(), *of_catalog, "--conf", f"spark.sql.warehouse.dir={folder}/warehouse", str(script)]
        ran = subprocess.run(  # noqa: S603
            [*command, *words],
            cwd=folder,
            env={**given, "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python},
            # spark-submit sends what Python says to standard output, tracebacks too.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if ran.returncode != 0:
        lines = ran.stdout.splitlines()
        # Glue keeps the beginning of what is said: the cause comes first (Java's is on a second line), then all of the end.
        at = [number for number, line in enumerate(lines) if re.match(r"[\w.]*(Error|Exception)\b.*: ", line)]
        cause = lines[at[-1] : at[-1] + 2] if at else []
        print("\n".join([*cause, *lines[-TAIL:]]), file=sys.stderr, flush=True)
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())

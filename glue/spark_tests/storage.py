"""The S3 that takes the server's objects: signed addresses and rights on the bucket are things of S3, not of a local folder.
And Glue, whose tables Spark finds in its catalog.

Both are those of the local AWS, on the loopback address, with their data in a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Dict

BUCKET = "branchline-spark-tests"
_START_SECONDS = 60.0
_METASTORE = Path(__file__).parents[2] / "local" / "hive_metastore.py"
#: They open nothing.
_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no answer from {url}: {log.read_text()[-2000:]}")


class Storage:
    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="branchline-s3-"))
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        environment = {
            **_KEYS,
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "SERVICES": "s3,glue",
            # Servers that nobody asked for.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        }
        log = self._folder / "ministack.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603
                [str(Path(sys.executable).with_name("ministack"))],
                env=environment,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(f"{self.endpoint}/_ministack/health", self._process, log)
            self._client("s3").create_bucket(Bucket=BUCKET)
            self.glue = self._client("glue")
        except BaseException:
            self.close()
            raise

    def _client(self, service: str) -> Any:
        import boto3

        key, secret = _KEYS.values()
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    def start_metastore(self) -> subprocess.Popen[str]:
        """Says its port in the first line, and ends with its standard input."""
        return subprocess.Popen(  # noqa: S603
            [sys.executable, str(_METASTORE)],
            env={**_KEYS, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": self.endpoint},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def lakefs_settings(self) -> Dict[str, str]:
        return {
            "LAKEFS_BLOCKSTORE_TYPE": "s3",
            "LAKEFS_BLOCKSTORE_S3_REGION": "us-east-1",
            "LAKEFS_BLOCKSTORE_S3_ENDPOINT": self.endpoint,
            "LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE": "true",
            "LAKEFS_BLOCKSTORE_S3_DISCOVER_BUCKET_REGION": "false",
            "LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID": _KEYS["AWS_ACCESS_KEY_ID"],
            "LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY": _KEYS["AWS_SECRET_ACCESS_KEY"],
        }

    @property
    def spark_settings(self) -> Dict[str, str]:
        """What a job's role is on AWS: the right to use this bucket, which access mode ``simple`` needs."""
        bucket = f"spark.hadoop.fs.s3a.bucket.{BUCKET}"
        return {
            f"{bucket}.endpoint": self.endpoint,
            f"{bucket}.endpoint.region": "us-east-1",
            f"{bucket}.path.style.access": "true",
            f"{bucket}.connection.ssl.enabled": "false",
            f"{bucket}.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
            f"{bucket}.access.key": _KEYS["AWS_ACCESS_KEY_ID"],
            f"{bucket}.secret.key": _KEYS["AWS_SECRET_ACCESS_KEY"],
        }

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

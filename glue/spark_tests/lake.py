"""A real lakeFS server for the tests, and what the control plane does when a job ends, in few words.

The server is started from ``LAKEFS_BIN`` on the loopback address: its metadata in a temporary folder, objects in a local S3.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import quote, urlencode

from fake_aws import SECRET_ARN, ClientError, FakeAws

import branchline
from branchline import contract
from branchline.arguments import read_arguments
from branchline.leftovers import prefixes_of
from branchline.opening import open_run
from branchline.retry import Patience

from .storage import BUCKET, Storage, free_port, wait_for

REPOSITORY = "lake"


class Lake:
    def __init__(self, binary: str) -> None:
        self.storage = Storage()
        self.folder = Path(tempfile.mkdtemp(prefix="branchline-spark-"))
        self.access_key_id = f"AKIAJ{secrets.token_hex(8).upper()[:14]}Q"
        self.secret_access_key = secrets.token_hex(20)
        self.endpoint = f"http://127.0.0.1:{free_port()}"
        self._log = (self.folder / "lakefs.log").open("wb")
        self._process = subprocess.Popen(  # noqa: S603
            [binary, "run"], env=self._environment(), stdout=self._log, stderr=subprocess.STDOUT
        )
        self.aws: Optional[FakeAws] = None
        try:
            wait_for(f"{self.endpoint}/_health", self._process, self.folder / "lakefs.log")
            namespace = f"s3://{BUCKET}/{REPOSITORY}"
            self.ask("POST", "/repositories", {"name": REPOSITORY, "storage_namespace": namespace})
        except BaseException:
            self.close()
            raise

    def _environment(self) -> Dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder),
            "LAKEFS_LISTEN_ADDRESS": self.endpoint[len("http://") :],
            "LAKEFS_DATABASE_TYPE": "local",
            "LAKEFS_DATABASE_LOCAL_PATH": str(self.folder / "metadata"),
            **self.storage.lakefs_settings,
            "LAKEFS_AUTH_ENCRYPT_SECRET_KEY": secrets.token_hex(16),
            "LAKEFS_STATS_ENABLED": "false",
            "LAKEFS_SECURITY_CHECK_LATEST_VERSION": "false",
            "LAKEFS_LOGGING_LEVEL": "WARN",
            "LAKEFS_INSTALLATION_USER_NAME": "admin",
            "LAKEFS_INSTALLATION_ACCESS_KEY_ID": self.access_key_id,
            "LAKEFS_INSTALLATION_SECRET_ACCESS_KEY": self.secret_access_key,
        }

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()
        self.storage.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- lakeFS's API ---------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        pair = f"{self.access_key_id}:{self.secret_access_key}".encode()
        request = urllib.request.Request(
            f"{self.endpoint}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read()
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text.decode()

    def _pages(self, path: str, **query: str) -> List[Dict[str, Any]]:
        found: List[Dict[str, Any]] = []
        after = ""
        while True:
            page = self.ask(
                "GET", f"/repositories/{REPOSITORY}{path}?{urlencode({**query, 'after': after, 'amount': 1000})}"
            )
            found += page["results"]
            if not page["pagination"]["has_more"]:
                return found
            after = page["pagination"]["next_offset"]

    def head(self, ref: str = "main") -> str:
        return str(self.ask("GET", f"/repositories/{REPOSITORY}/refs/{quote(ref)}/commits?amount=1")["results"][0]["id"])

    def paths(self, ref: str, prefix: str) -> List[str]:
        return [str(found["path"]) for found in self._pages(f"/refs/{ref}/objects/ls", prefix=prefix)]

    def staged(self, branch: str, prefix: str = "") -> List[str]:
        """What is uncommitted, removals too."""
        return [str(found["path"]) for found in self._pages(f"/branches/{branch}/diff", prefix=prefix)]

    def make_branch(self, name: str, commit: str) -> None:
        """As claim-run does before it answers."""
        self.ask("POST", f"/repositories/{REPOSITORY}/branches", {"name": name, "source": commit})

    def branch_exists(self, branch: str) -> bool:
        try:
            self.ask("GET", f"/repositories/{REPOSITORY}/branches/{branch}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    # -- The control plane, for one run -----------------------------------------------------------------------------------

    def begin(self, job: str, job_run_id: str, **arguments: str) -> branchline.Run:
        """What ``branchline.begin()`` does in a job of its own."""
        if self.aws is None:
            raise RuntimeError("the fixture `lake` puts a claim-run in place")
        self.aws.base_commit = self.head()
        named = {"JOB_NAME": job, "JOB_RUN_ID": job_run_id, **arguments}
        words = [word for name, value in named.items() for word in (f"--{name}", value)]
        asked = read_arguments(words, {})
        opened = open_run(asked, Patience(30.0))
        return branchline.Run(opened.opening, opened.client, asked.access)

    def begin_alone(self, job: str, job_run_id: str) -> branchline.Run:
        """The same in a job that may not invoke claim-run."""
        if self.aws is None:
            raise RuntimeError("the fixture `lake` puts a claim-run in place")
        self.aws.invoke_failures = [ClientError("AccessDeniedException", 403, "not authorized")]
        given = {
            contract.ARGUMENT_REPOSITORY: REPOSITORY,
            contract.ARGUMENT_TARGET: "main",
            contract.ARGUMENT_LAKEFS_ENDPOINT: self.endpoint,
            contract.ARGUMENT_SECRET_ARN: SECRET_ARN,
        }
        return self.begin(job, job_run_id, **given)

    def succeed(self, run: branchline.Run) -> None:
        """Commit what is staged but for leftovers, merge by commit id, delete the branch."""
        where = f"/repositories/{REPOSITORY}"
        for prefix in prefixes_of(self.staged(run.branch)):
            self.ask("PUT", f"{where}/branches/{run.branch}", {"type": "common_prefix", "path": prefix})
        if self.staged(run.branch):
            self.ask("POST", f"{where}/branches/{run.branch}/commits", {"message": run.run_id})
        head = self.head(run.branch)
        if head != run.base_commit:
            self.ask("POST", f"{where}/refs/{head}/merge/main", {"message": run.run_id})
        self.fail(run)

    def fail(self, run: branchline.Run) -> None:
        """Discard: the branch goes, and all that was on it."""
        self.ask("DELETE", f"/repositories/{REPOSITORY}/branches/{run.branch}")

    def job(self, name: str, job_run_id: str, work: Callable[[branchline.Run], None], **arguments: str) -> bool:
        """A whole job run. Whether it succeeded."""
        run = self.begin(name, job_run_id, **arguments)
        try:
            work(run)
        # As Glue: whatever a script raises makes the job run FAILED.
        except Exception:  # noqa: BLE001
            self.fail(run)
            return False
        self.succeed(run)
        return True

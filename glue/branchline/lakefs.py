"""The part of lakeFS's API that a job needs, over urllib. Source: lakeFS API documentation, and a real 1.84 server."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO, Any, Callable, Dict, Iterator, List, Mapping, Optional, TypeVar, Union
from urllib.parse import quote, urlencode

from .aws import KeyPair
from .errors import BranchGone, BranchlineError, InvalidArguments, NotFound, error_of
from .retry import Patience, Transient

log = logging.getLogger("branchline")
T = TypeVar("T")
Body = Union[bytes, IO[bytes], None]

PAGE_SIZE = 1000
_TIMEOUT_SECONDS = 60.0
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ObjectInfo:
    """One object. ``mtime`` is seconds since 1970."""

    path: str
    size: int
    checksum: str
    mtime: int


class Refusal(Exception):
    """An HTTP answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the Authorization header on to wherever it is told to go."""

    def redirect_request(self, *_: Any) -> None:
        return None


def is_worth_retrying(status: int, message: str, repeatable: bool) -> bool:
    """Whether an answer may be another one next time.

    :param repeatable: whether the call may be made twice; a commit may not.
    """
    if status in (429, 503):
        # Refused before anything was done.
        return True
    if status == 500:
        return repeatable or "currently locked" in message.lower()
    # A gateway gave up waiting: the server may still do it.
    return repeatable and status in (502, 504)


def _code(status: int, message: str) -> str:
    if status == 401:
        return "BL3002"
    if status == 403:
        return "BL3006"
    if status == 404:
        return "BL3007" if "repository not found" in message.lower() else "BL3004"
    if status in (429, 503) or (status == 500 and "currently locked" in message.lower()):
        return "BL3003"
    if status in (502, 504):
        return "BL3001"
    return "BL3005"


def _message_of(error: urllib.error.HTTPError) -> str:
    try:
        text = error.read(4096).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return str(error.reason)
    try:
        said = json.loads(text)
        return str(said["message"]) if isinstance(said, dict) and "message" in said else text
    except ValueError:
        return text or str(error.reason)


def _never_arrived(error: BaseException) -> bool:
    reason = getattr(error, "reason", error)
    return isinstance(reason, (ConnectionRefusedError, socket.gaierror))


class LakefsClient:
    """One repository of one server.

    :param key_pair: reads the key pair; asked again, once, when the server refuses it (the key may have been rotated).
    """

    def __init__(
        self,
        endpoint: str,
        repository: str,
        key_pair: Callable[[], KeyPair],
        patience: Patience,
        timeout: float = _TIMEOUT_SECONDS,
    ) -> None:
        if not endpoint.startswith(("http://", "https://")):
            raise InvalidArguments(
                f"lakeFS endpoint is {endpoint!r}",
                remedy="It must be a base URL, such as https://lakefs.example.com.",
            )
        self.endpoint = endpoint.rstrip("/")
        self.repository = repository
        self._key_pair = key_pair
        self._patience = patience
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._authorization: Optional[str] = None

    def __repr__(self) -> str:
        return f"LakefsClient({self.endpoint!r}, {self.repository!r})"

    # -- One call ---------------------------------------------------------------------------------------------------

    def key_pair(self) -> KeyPair:
        """The server's key pair as the secret holds it now, for others that reach the server."""
        return self._key_pair()

    def _header(self) -> str:
        if self._authorization is None:
            pair = self._key_pair()
            token = base64.b64encode(f"{pair.access_key_id}:{pair.secret_access_key}".encode()).decode()
            self._authorization = f"Basic {token}"
        return self._authorization

    def _ask(
        self,
        method: str,
        path: str,
        what: str,
        take: Callable[[Any], T],
        *,
        query: Optional[Mapping[str, Any]] = None,
        json_body: Any = None,
        body: Body = None,
        size: Optional[int] = None,
        headers: Optional[Mapping[str, str]] = None,
        repeatable: bool = True,
    ) -> T:
        """:raises Refusal: an answer that another try does not change. :raises BranchlineError: no answer."""
        url = f"{self.endpoint}/api/v1/repositories/{quote(self.repository, safe='')}{path}"
        if query:
            url += "?" + urlencode(query)
        sent: Dict[str, str] = {"Accept": "*/*", "User-Agent": "branchline-glue", **(headers or {})}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        if size is not None:
            sent["Content-Length"] = str(size)
        start = body.tell() if body is not None and not isinstance(body, bytes) else 0
        refreshed = False

        def once() -> T:
            nonlocal refreshed
            if body is not None and not isinstance(body, bytes):
                body.seek(start)
            request = urllib.request.Request(url, data=body, method=method, headers=sent)
            request.add_unredirected_header("Authorization", self._header())
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    return take(response)
            except urllib.error.HTTPError as error:
                with error:
                    message = _message_of(error)
                if error.code == 401 and not refreshed:
                    refreshed = True
                    self._authorization = None
                    raise Transient(self._error(what, Refusal(401, message))) from None
                refusal = Refusal(error.code, message)
                if is_worth_retrying(error.code, message, repeatable):
                    raise Transient(self._error(what, refusal), throttled=error.code in (429, 503)) from None
                raise refusal from None
            except (OSError, http.client.HTTPException) as error:
                unreachable = error_of("BL3001", f"{what}: no answer from {self.endpoint}: {error}")
                if repeatable or _never_arrived(error):
                    raise Transient(unreachable) from None
                raise unreachable from None

        return self._patience.run(once)

    def _error(self, what: str, refusal: Refusal) -> BranchlineError:
        seen = f"{what}: {self.endpoint} answered {refusal.status}: {refusal.message}"
        return error_of(_code(refusal.status, refusal.message), seen)

    def _must(self, method: str, path: str, what: str, take: Callable[[Any], T], **options: Any) -> T:
        try:
            return self._ask(method, path, what, take, **options)
        except Refusal as refusal:
            raise self._error(what, refusal) from None

    def _on_branch(self, method: str, branch: str, path: str, what: str, take: Callable[[Any], T], **options: Any) -> T:
        """A call that a missing branch fails too: says so, instead of "not found"."""
        try:
            return self._ask(method, f"/branches/{quote(branch, safe='')}{path}", what, take, **options)
        except Refusal as refusal:
            if refusal.status == 404 and self.head(branch) is None:
                raise BranchGone(f"{what}: branch {branch} of {self.repository} does not exist") from None
            raise

    # -- Branches and commits ---------------------------------------------------------------------------------------

    def head(self, branch: str) -> Optional[str]:
        """Commit id of a branch; ``None`` where it does not exist."""
        what = f"branch {branch} of {self.repository}"
        try:
            found = self._ask("GET", f"/branches/{quote(branch, safe='')}", what, _json)
        except Refusal as refusal:
            error = self._error(what, refusal)
            if isinstance(error, NotFound):
                return None
            raise error from None
        return str(found["commit_id"])

    def create_branch(self, branch: str, commit: str) -> bool:
        """Whether it was made; ``False`` where it is there already."""
        what = f"creation of branch {branch} of {self.repository}"
        try:
            self._ask("POST", "/branches", what, _drain, json_body={"name": branch, "source": commit})
        except Refusal as refusal:
            # A tag or a commit of that name answers 409 too.
            if refusal.status == 409 and self.head(branch) is not None:
                return False
            raise self._error(what, refusal) from None
        return True

    def commit_metadata(self, commit: str) -> Dict[str, str]:
        found = self._must("GET", f"/commits/{quote(commit, safe='')}", f"commit {commit}", _json)
        return {str(key): str(value) for key, value in (found.get("metadata") or {}).items()}

    def commit(self, branch: str, message: str, metadata: Mapping[str, str]) -> Optional[str]:
        """Commits all that is staged; ``None`` where nothing is.

        Whether a commit without an answer took place is told by the branch's head, which nobody else moves.
        """
        what = f"commit on {branch}"
        before = self.head(branch)
        body = {"message": message, "metadata": dict(metadata)}

        def once() -> Optional[str]:
            try:
                made = self._on_branch("POST", branch, "/commits", what, _json, json_body=body, repeatable=False)
                return str(made["id"])
            except Refusal as refusal:
                if refusal.status == 400 and "no changes" in refusal.message.lower():
                    return None
                error: BranchlineError = self._error(what, refusal)
                if refusal.status < 500:
                    raise error from None
            except BranchlineError as unanswered:
                if unanswered.code != "BL3001":
                    raise
                error = unanswered
            now = self.head(branch)
            if now is not None and now != before:
                return now
            raise Transient(error)

        return self._patience.run(once)

    # -- Objects ----------------------------------------------------------------------------------------------------

    def upload(self, branch: str, path: str, body: Body, size: int, if_absent: bool = False) -> bool:
        """Whether it was written; ``False`` where something lies there and ``if_absent``."""
        what = f"upload of {path} to {branch}"
        headers = {"Content-Type": "application/octet-stream", **({"If-None-Match": "*"} if if_absent else {})}
        options = {"query": {"path": path}, "body": body, "size": size, "headers": headers}
        try:
            self._on_branch("POST", branch, "/objects", what, _drain, **options)
        except Refusal as refusal:
            if if_absent and refusal.status == 412:
                return False
            raise self._error(what, refusal) from None
        return True

    def download(self, ref: str, path: str, sink: IO[bytes]) -> None:
        """Writes an object's content into ``sink``. :raises NotFound: where there is none."""

        def take(response: Any) -> None:
            sink.seek(0)
            sink.truncate()
            while True:
                chunk = response.read(_CHUNK)
                if not chunk:
                    break
                sink.write(chunk)
            expected = response.headers.get("Content-Length")
            if expected is not None and sink.tell() != int(expected):
                raise http.client.IncompleteRead(b"", int(expected) - sink.tell())

        where = f"/refs/{quote(ref, safe='')}/objects"
        self._must("GET", where, f"object {path} at {ref}", take, query={"path": path})

    def objects(self, ref: str, prefix: str) -> Iterator[ObjectInfo]:
        """Everything below a prefix, in the order of paths."""
        after = ""
        while True:
            page = self._must(
                "GET",
                f"/refs/{quote(ref, safe='')}/objects/ls",
                f"listing of {prefix or 'everything'} at {ref}",
                _json,
                query={"prefix": prefix, "after": after, "amount": PAGE_SIZE},
            )
            for found in page["results"]:
                yield ObjectInfo(
                    path=str(found["path"]),
                    size=int(found.get("size_bytes", 0)),
                    checksum=str(found.get("checksum", "")),
                    mtime=int(found.get("mtime", 0)),
                )
            if not page["pagination"]["has_more"]:
                return
            after = str(page["pagination"]["next_offset"])

    def delete(self, branch: str, paths: List[str]) -> None:
        """Deletes objects; what is not there is as wanted."""
        what = f"deletion of objects from {branch}"
        for start in range(0, len(paths), PAGE_SIZE):
            body = {"paths": paths[start : start + PAGE_SIZE]}
            try:
                answer = self._on_branch("POST", branch, "/objects/delete", what, _json, json_body=body)
            except Refusal as refusal:
                raise self._error(what, refusal) from None
            # Parts that failed come with status 200.
            for failed in answer.get("errors") or []:
                if failed.get("status_code") != 404:
                    part = Refusal(int(failed.get("status_code", 500)), str(failed.get("message", "")))
                    raise self._error(f"{what} ({failed.get('path', '')})", part)

    def staged(self, branch: str) -> Iterator[str]:
        """Paths of all that is uncommitted on a branch, removals too."""
        what = f"uncommitted changes of {branch}"
        after = ""
        while True:
            query = {"after": after, "amount": PAGE_SIZE}
            try:
                page = self._on_branch("GET", branch, "/diff", what, _json, query=query)
            except Refusal as refusal:
                raise self._error(what, refusal) from None
            for found in page["results"]:
                yield str(found["path"])
            if not page["pagination"]["has_more"]:
                return
            after = str(page["pagination"]["next_offset"])

    def reset_prefix(self, branch: str, prefix: str) -> None:
        """Takes back all that is staged below a prefix."""
        what = f"reset of {prefix} on {branch}"
        try:
            self._on_branch("PUT", branch, "", what, _drain, json_body={"type": "common_prefix", "path": prefix})
        except Refusal as refusal:
            raise self._error(what, refusal) from None


def _drain(response: Any) -> None:
    response.read()


def _json(response: Any) -> Dict[str, Any]:
    text = response.read()
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise error_of("BL3005", f"an answer that is no JSON object: {text[:200]!r}; is this a lakeFS endpoint?")
    return answer

"""A lakeFS of a few dozen lines, for one repository: branches, staging, commits, objects; and faults on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

Tree = Dict[str, bytes]


@dataclass
class Branch:
    head: str
    staged: Dict[str, Optional[bytes]] = field(default_factory=dict)


@dataclass
class Fault:
    """Answers the next calls whose "METHOD path" begins so with a status, or hangs up (0).

    ``after`` lets the call take effect first and loses its answer.
    """

    begins: str
    status: int
    times: int = 1
    message: str = "told to fail"
    after: bool = False


class FakeLakefs:
    def __init__(self, repository: str = "lake", key: Tuple[str, str] = ("AKIAFAKE", "fake-secret")) -> None:
        self.repository = repository
        self.key = key
        self.commits: Dict[str, Tuple[Tree, Dict[str, str]]] = {}
        self.branches: Dict[str, Branch] = {}
        self.tags: List[str] = []
        self.calls: List[str] = []
        self.faults: List[Fault] = []
        self.page_size = 1000
        #: Told of each call before it is answered.
        self.on_call: Callable[[str], object] = lambda _: None
        self.branches["main"] = Branch(self.add_commit({"sales/old.parquet": b"old"}, {}))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_commit(self, tree: Tree, metadata: Dict[str, str]) -> str:
        text = json.dumps([len(self.commits), sorted(tree), metadata])
        commit = hashlib.sha256(text.encode()).hexdigest()
        self.commits[commit] = (dict(tree), dict(metadata))
        return commit

    def view(self, ref: str) -> Optional[Tree]:
        branch = self.branches.get(ref)
        if branch is None:
            return dict(self.commits[ref][0]) if ref in self.commits else None
        tree = dict(self.commits[branch.head][0])
        for path, content in branch.staged.items():
            if content is None:
                tree.pop(path, None)
            else:
                tree[path] = content
        return tree

    def metadata(self, branch: str) -> Dict[str, str]:
        return self.commits[self.branches[branch].head][1]

    # -- One request ------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: Dict[str, str], headers: Any, body: bytes) -> Tuple[int, Any]:
        expected = "Basic " + base64.b64encode(":".join(self.key).encode()).decode()
        if headers.get("Authorization") != expected:
            return 401, {"message": "error authenticating request"}
        parts = [unquote(part) for part in path.split("/")]
        if parts[:4] != ["", "api", "v1", "repositories"]:
            return 404, {"message": "no such operation"}
        if parts[4] != self.repository:
            return 404, {"message": "repository not found"}
        kind, rest = parts[5], parts[6:]
        if kind == "commits":
            found = self.commits.get(rest[0])
            return (200, {"id": rest[0], "metadata": found[1]}) if found else (404, {"message": "commit not found"})
        if kind == "refs":
            return self._ref(rest[0], "/".join(rest[1:]), query)
        if not rest:
            said = json.loads(body)
            if said["name"] in self.branches or said["name"] in self.tags:
                return 409, {"message": "branch already exists"}
            self.branches[said["name"]] = Branch(said["source"])
            return 201, said["source"]
        branch = self.branches.get(rest[0])
        if branch is None:
            return 404, {"message": "branch not found"}
        return self._on_branch(method, rest[0], branch, "/".join(rest[1:]), query, headers, body)

    def _ref(self, ref: str, what: str, query: Dict[str, str]) -> Tuple[int, Any]:
        tree = self.view(ref)
        if tree is None:
            return 404, {"message": "branch not found"}
        if what == "objects":
            content = tree.get(query["path"])
            return (404, {"message": "object not found"}) if content is None else (200, content)
        paths = sorted(path for path in tree if path.startswith(query["prefix"]))

        def entry(path: str) -> Dict[str, Any]:
            checksum = hashlib.md5(tree[path]).hexdigest()  # noqa: S324
            return {"path": path, "size_bytes": len(tree[path]), "checksum": checksum, "mtime": 1}

        return 200, self._page(paths, query, entry)

    def _page(self, paths: List[str], query: Dict[str, str], entry: Callable[[str], Dict[str, Any]]) -> Dict[str, Any]:
        amount = min(int(query["amount"]), self.page_size)
        after = [path for path in paths if path > query["after"]]
        more = len(after) > amount
        offset = after[amount - 1] if more else ""
        return {"results": [*map(entry, after[:amount])], "pagination": {"has_more": more, "next_offset": offset}}

    def _on_branch(
        self, method: str, name: str, branch: Branch, what: str, query: Dict[str, str], headers: Any, body: bytes
    ) -> Tuple[int, Any]:
        tree = self.view(name) or {}
        if what == "" and method == "GET":
            return 200, {"id": name, "commit_id": branch.head}
        if what == "" and method == "PUT":
            prefix = json.loads(body)["path"]
            branch.staged = {path: content for path, content in branch.staged.items() if not path.startswith(prefix)}
            return 204, None
        if what == "diff":
            return 200, self._page(sorted(branch.staged), query, lambda path: {"path": path})
        if what == "commits":
            if not branch.staged:
                return 400, {"message": "commit: no changes"}
            said = json.loads(body)
            branch.head = self.add_commit(tree, said["metadata"])
            branch.staged = {}
            return 201, {"id": branch.head, "metadata": said["metadata"]}
        if what == "objects/delete":
            for path in json.loads(body)["paths"]:
                branch.staged[path] = None
            return 200, {"errors": []}
        if headers.get("If-None-Match") == "*" and query["path"] in tree:
            return 412, {"message": "path already exists"}
        branch.staged[query["path"]] = body
        return 201, {"path": query["path"]}


def _handler(lakefs: FakeLakefs) -> Any:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = f"{self.command} {url.path.split('/repositories/', 1)[-1].split('/', 1)[-1]}"
            lakefs.calls.append(call)
            lakefs.on_call(call)
            fault = next((each for each in lakefs.faults if each.times > 0 and call.startswith(each.begins)), None)
            answer: Tuple[int, Any] = (0, None)
            if fault is None or fault.after:
                answer = lakefs.answer(self.command, url.path, query, self.headers, body)
            if fault is not None:
                fault.times -= 1
                answer = (fault.status, {"message": fault.message})
            self._send(*answer)

        def _send(self, status: int, said: Any) -> None:
            if status == 0:
                self.close_connection = True
                return
            if isinstance(said, str):
                said = said.encode()
            payload = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", f"{lakefs.endpoint}/elsewhere")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler

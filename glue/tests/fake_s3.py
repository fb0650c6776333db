"""S3 in memory, as far as copies of exports go, which may die at any call."""

from __future__ import annotations

import io
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from fake_aws import ClientError


class Died(BaseException):
    """The process was ended: nothing of it catches that."""


class FakeS3:
    """Objects by bucket and key: content, and how they were written."""

    def __init__(self) -> None:
        self.objects: Dict[Tuple[str, str], bytes] = {}
        self.headers: Dict[Tuple[str, str], Dict[str, Any]] = {}
        self.calls: List[str] = []
        #: Keys whose copies are answered with this code.
        self.refused: Dict[str, str] = {}
        #: Codes of the next calls, by name of the call.
        self.failures: Dict[str, List[str]] = {}
        #: The number of the call that is the last one, and whether it still takes effect.
        self.dies: Optional[Tuple[int, bool]] = None
        self.uploads: Dict[str, Dict[str, Any]] = {}
        self.page = 2
        self.sizes: Dict[Tuple[str, str], int] = {}
        self.open_uploads: Set[str] = set()

    def _call(self, name: str) -> bool:
        """:returns: whether it is the last one that takes effect."""
        self.calls.append(name)
        last = False
        if self.dies is not None and len(self.calls) >= self.dies[0]:
            if len(self.calls) > self.dies[0] or not self.dies[1]:
                raise Died
            last = True
        waiting = self.failures.get(name)
        if waiting:
            raise ClientError(waiting.pop(0), 503, name)
        return last

    def _put(self, place: Dict[str, Any], content: bytes) -> None:
        at = (place["Bucket"], place["Key"])
        self.objects[at] = content
        self.headers[at] = {name: value for name, value in place.items() if name not in ("Bucket", "Key", "Body")}

    def get_object(self, **asked: Any) -> Dict[str, Any]:
        last = self._call("get")
        found = self.objects.get((asked["Bucket"], asked["Key"]))
        if last:
            raise Died
        if found is None:
            raise ClientError("NoSuchKey", 404)
        return {"Body": io.BytesIO(found)}

    def put_object(self, **asked: Any) -> Dict[str, Any]:
        last = self._call("put")
        self._put(asked, asked["Body"])
        if last:
            raise Died
        return {}

    def _source(self, source: Dict[str, str]) -> bytes:
        if source["Key"] in self.refused:
            raise ClientError(self.refused[source["Key"]], 400)
        found = self.objects.get((source["Bucket"], source["Key"]))
        if found is None:
            raise ClientError("NoSuchKey", 404)
        return found

    def copy_object(self, **asked: Any) -> Dict[str, Any]:
        last = self._call("copy")
        content = self._source(asked.pop("CopySource"))
        assert asked.pop("MetadataDirective") == "REPLACE"
        self._put(asked, content)
        if last:
            raise Died
        return {}

    def create_multipart_upload(self, **asked: Any) -> Dict[str, Any]:
        self._call("create")
        name = f"upload-{len(self.uploads)}"
        self.uploads[name] = {"place": asked, "ranges": {}}
        self.open_uploads.add(name)
        return {"UploadId": name}

    def upload_part_copy(self, **asked: Any) -> Dict[str, Any]:
        self._call("part")
        self._source(asked["CopySource"])
        self.uploads[asked["UploadId"]]["ranges"][asked["PartNumber"]] = asked["CopySourceRange"]
        return {"CopyPartResult": {"ETag": f"etag-{asked['PartNumber']}"}}

    def complete_multipart_upload(self, **asked: Any) -> Dict[str, Any]:
        self._call("complete")
        upload = self.uploads[asked["UploadId"]]
        upload["parts"] = asked["MultipartUpload"]["Parts"]
        self.open_uploads.discard(asked["UploadId"])
        self._put(upload["place"], b"in parts")
        return {}

    def abort_multipart_upload(self, **asked: Any) -> Dict[str, Any]:
        self._call("abort")
        self.open_uploads.discard(asked["UploadId"])
        return {}

    def delete_objects(self, **asked: Any) -> Dict[str, Any]:
        last = self._call("remove")
        for each in asked["Delete"]["Objects"]:
            self.objects.pop((asked["Bucket"], each["Key"]), None)
        if last:
            raise Died
        return {}

    def get_paginator(self, name: str) -> Any:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **asked: Any) -> Iterator[Dict[str, Any]]:
        found = sorted(key for bucket, key in self.objects if bucket == asked["Bucket"] and key.startswith(asked["Prefix"]))
        for start in range(0, max(1, len(found)), self.page):
            self._call("list")
            contents = [{"Key": key} for key in found[start : start + self.page]]
            yield {"Contents": contents} if contents else {}

"""The bucket that an export is copied to: the few calls of S3 that a chunk takes."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterator, Optional, Tuple

from .faults import GONE, Fault, code_of, fault_of
from .order import Order

#: S3 answers a copy within tens of milliseconds. As many as a worker of the map has, for each core.
COPIES_AT_ONCE = 32
#: Source: S3 API, CopyObject: up to 5 GB in one call; UploadPartCopy: parts of 5 MB to 5 GB, at most 10,000.
MAX_COPY = 5 * 1024**3
PART = 512 * 1024**2
PARTS_AT_ONCE = 8
COPY_TIMEOUT = 180
#: Each call is tried so often, by botocore: throttling, answers of 500 and more, and connections that broke.
CALL_TRIES = 5
CHECKSUM = "branchline-checksum"

#: They outlive the task that made them: one takes a quarter of a second.
_clients: Dict[Tuple[str, Optional[str]], Any] = {}


def client_of(region: str) -> Any:
    import boto3
    from botocore.config import Config

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if (region, endpoint) in _clients:
        return _clients[region, endpoint]
    config = Config(
        retries={"mode": "standard", "max_attempts": CALL_TRIES},
        max_pool_connections=COPIES_AT_ONCE + PARTS_AT_ONCE,
        connect_timeout=10,
        read_timeout=COPY_TIMEOUT,
        # A local endpoint has no DNS for the names of buckets.
        **({} if endpoint is None else {"s3": {"addressing_style": "path"}}),
    )
    _clients[region, endpoint] = boto3.client("s3", region_name=region, endpoint_url=endpoint, config=config)
    return _clients[region, endpoint]


def encryption(order: Order) -> Dict[str, Any]:
    """Small files of ours get this alone: they stay readable at once, whatever the class of the data."""
    if order.kms_key_arn is None:
        return {}
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": order.kms_key_arn, "BucketKeyEnabled": True}


def storing(order: Order) -> Dict[str, Any]:
    return {**encryption(order), **({} if order.storage_class is None else {"StorageClass": order.storage_class})}


class Destination:
    """The few calls that a chunk takes."""

    def __init__(self, order: Order, client: Any) -> None:
        self.order = order
        self.s3 = client

    def get(self, key: str) -> Optional[bytes]:
        try:
            return bytes(self.s3.get_object(Bucket=self.order.bucket, Key=key)["Body"].read())
        except Exception as error:
            if code_of(error) in GONE:
                return None
            raise fault_of(f"s3:GetObject s3://{self.order.bucket}/{key}", error) from error

    def put(self, key: str, text: str) -> None:
        try:
            self.s3.put_object(Bucket=self.order.bucket, Key=key, Body=text.encode(), **encryption(self.order))
        except Exception as error:
            raise fault_of(f"s3:PutObject s3://{self.order.bucket}/{key}", error) from error

    def remove(self, *keys: str) -> None:
        try:
            answer = self.s3.delete_objects(
                Bucket=self.order.bucket, Delete={"Quiet": True, "Objects": [{"Key": key} for key in keys]}
            )
        except Exception as error:
            raise fault_of(f"s3:DeleteObject s3://{self.order.bucket}/{keys[0]}", error) from error
        # An answer of 200 names what was not removed.
        for each in answer.get("Errors", []):
            raise Fault("BL4001", f"s3:DeleteObject s3://{self.order.bucket}/{each.get('Key')}: {each.get('Code')}")

    def list(self, prefix: str) -> Iterator[str]:
        try:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.order.bucket, Prefix=prefix):
                yield from (each["Key"] for each in page.get("Contents", []))
        except Exception as error:
            raise fault_of(f"s3:ListBucket s3://{self.order.bucket}/{prefix}", error) from error

    def copy(self, source: Dict[str, Any], key: str) -> None:
        """Inside S3, with the checksum that lakeFS gave the source."""
        address = str(source["address"])
        bucket, _, at = address[len("s3://") :].partition("/") if address.startswith("s3://") else ("", "", "")
        if not bucket or not at:
            raise Fault("BL9003", f"{address} does not lie in S3", is_own=True)
        place = {"Bucket": self.order.bucket, "Key": key}
        made = {**place, "Metadata": {CHECKSUM: str(source["checksum"])}, **storing(self.order)}
        origin = {"Bucket": bucket, "Key": at}
        try:
            if source["sizeBytes"] > MAX_COPY:
                self._copy_in_parts(origin, int(source["sizeBytes"]), place, made)
            else:
                self.s3.copy_object(CopySource=origin, MetadataDirective="REPLACE", **made)
        except Exception as error:
            if code_of(error) in GONE:
                raise Fault("BL9003", f"{address} is not there", is_own=True) from error
            raise fault_of(f"s3:PutObject s3://{self.order.bucket}/{key}", error) from error

    def _copy_in_parts(self, origin: Dict[str, str], size: int, place: Dict[str, str], made: Dict[str, Any]) -> None:
        upload = {**place, "UploadId": self.s3.create_multipart_upload(**made)["UploadId"]}

        def part(index: int) -> Dict[str, Any]:
            last = min(size, (index + 1) * PART) - 1
            answer = self.s3.upload_part_copy(
                CopySource=origin, CopySourceRange=f"bytes={index * PART}-{last}", PartNumber=index + 1, **upload
            )
            return {"PartNumber": index + 1, "ETag": answer["CopyPartResult"]["ETag"]}

        try:
            with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
                parts = list(pool.map(part, range(-(-size // PART))))
            self.s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)
        except Exception:
            # Parts that nobody completes would be paid for until the bucket's lifecycle rule takes them.
            try:
                self.s3.abort_multipart_upload(**upload)
            except Exception as lost:  # noqa: BLE001
                print(f"an upload was left behind at {place['Key']}: {lost}", file=sys.stderr, flush=True)
            raise

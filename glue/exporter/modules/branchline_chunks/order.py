"""What a run of the job is to do. It lies in S3 beside the chunks, and who begins another try removes it."""

from __future__ import annotations

from typing import NamedTuple, Optional


class Order(NamedTuple):
    """What is to be done, as Branchline wrote it down."""

    execution: str
    region: str
    export: str
    run: str
    bucket: str
    #: Of the destination; empty, or with a slash at its end.
    prefix: str
    tolerated_failure_percent: int
    kms_key_arn: Optional[str]
    storage_class: Optional[str]

    def key(self, below: str) -> str:
        return f"{self.prefix}_branchline/exports/{self.run}/{below}"

    @property
    def own(self) -> str:
        """Keys of the order, and of the word that no further chunk is to be begun, begin so."""
        return self.key(f"spark/{self.execution}.")

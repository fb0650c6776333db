"""A Spark session without Java: the few objects that ``configure`` touches."""

from __future__ import annotations

import logging
import re
from typing import Any, Dict, Optional


class Hadoop:
    """``org.apache.hadoop.conf.Configuration``, as py4j shows it."""

    def __init__(self, classes: Any) -> None:
        self.values: Dict[str, str] = {}
        self._classes = classes

    def set(self, name: str, value: str) -> None:
        # As py4j logs what it sends.
        logging.getLogger("py4j.clientserver").debug("Command to send: set %s %s", name, value)
        self.values[name] = value

    def get(self, name: str) -> Optional[str]:
        return self.values.get(name)

    def getClassByNameOrNull(self, name: str) -> Optional[str]:  # noqa: N802
        return name if name in self._classes else None


class _Java:
    def __init__(self, hadoop: Hadoop) -> None:
        self._hadoop = hadoop

    def hadoopConfiguration(self) -> Hadoop:  # noqa: N802
        return self._hadoop


class _Matcher:
    def __init__(self, found: bool) -> None:
        self._found = found

    def find(self) -> bool:
        return self._found


class _Pattern:
    def __init__(self, expression: str) -> None:
        self._expression = expression

    def matcher(self, text: str) -> _Matcher:
        return _Matcher(re.search(self._expression, text) is not None)

    @staticmethod
    def compile(expression: str) -> _Pattern:
        return _Pattern(expression)


class _Jvm:
    """Packages of Java that are looked up by dots."""

    Pattern = _Pattern

    def __getattr__(self, _: str) -> _Jvm:
        return self


class SparkContext:
    def __init__(self, classes: Any, conf: Optional[Dict[str, str]] = None) -> None:
        self.hadoop = Hadoop(classes)
        self._jsc: Optional[_Java] = _Java(self.hadoop)
        self._jvm = _Jvm()
        self._conf = conf or {}

    def getConf(self) -> Dict[str, str]:  # noqa: N802
        return self._conf

    def stop(self) -> None:
        self._jsc = None


class SparkSession:
    def __init__(self, context: SparkContext) -> None:
        self.sparkContext = context


class GlueContext:
    def __init__(self, context: SparkContext) -> None:
        self.spark_session = SparkSession(context)

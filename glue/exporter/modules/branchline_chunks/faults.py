"""What can go wrong with one chunk, in the words of the catalog of errors."""

from __future__ import annotations

#: Titles of the catalog of errors.
TITLE = {
    "BL4001": "AWS call failed",
    "BL4002": "AWS access denied",
    "BL9003": "objects could not be copied",
    "BL9004": "export is not whole",
}
DENIED = {"AccessDenied", "AccessDeniedException", "403", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
GONE = {"NoSuchKey", "404", "NotFound"}


class Fault(Exception):
    """Of the catalog. ``is_own``: of one object alone, the others can go on."""

    def __init__(self, code: str, message: str, *, is_own: bool = False) -> None:
        super().__init__(f"{code} {TITLE[code]}: {message}")
        self.is_own = is_own


def code_of(error: BaseException) -> str:
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return str(said) or type(error).__name__


def fault_of(action: str, error: Exception) -> Fault:
    code = code_of(error)
    return Fault("BL4002" if code in DENIED else "BL4001", f"{action}: {code}: {error}", is_own=code in DENIED)

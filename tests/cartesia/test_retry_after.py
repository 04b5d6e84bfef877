"""Valid and invalid forms of `Retry-After`."""

from datetime import UTC, datetime

import pytest

from voicemill.cartesia.error_mapping import retry_after_s

NOW = datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC)
"""Ten seconds before daylight saving time starts in Europe."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("120", 120.0),
        ("2.5", 2.5),
        (".5", 0.5),
        ("  3  ", 3.0),
        ("+4", 4.0),
        ("1e2", 100.0),
        ("-10", 0.0),
        ("-0.1", 0.0),
        ("86400000", 86_400_000.0),
        ("inf", None),
        ("-inf", None),
        ("Infinity", None),
        ("nan", None),
        ("1e400", None),
        ("9" * 5000, None),
        ("", None),
        (" ", None),
        ("soon", None),
        ("10 seconds", None),
        ("1, 2", None),
        ("0x10", None),
        ("1;2", None),
        ("Sun, 29 Mar 2026 01:00:00 GMT", 10.0),
        ("Sun, 29 Mar 2026 03:00:00 +0200", 10.0),
        ("Sun, 29 Mar 2026 01:00:00 -0000", 10.0),
        ("Sunday, 29-Mar-26 01:00:00 GMT", 10.0),
        ("Sun Mar 29 01:00:00 2026", 10.0),
        ("Sat, 28 Mar 2026 01:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Mon, 30 Mar 2026 00:59:50 GMT", 86400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 251_634_164_409.0),
        ("Fri, 01 Jan 100000 00:00:00 GMT", None),
        ("Mon, 31 Feb 2026 00:00:00 GMT", None),
        ("Sun, 29 Mar 2026 25:61:61 GMT", None),
        ("Sun, 29 Mar 2026 01:00:00 +9999999999", None),
        ("Sun, 29 Mar", None),
        ("\u0661\u0660", None),
        ("1_000", None),
    ],
)
def test_retry_after_values(value: str, expected: float | None) -> None:
    """A delay is finite and not negative; an invalid value counts as a missing header."""
    found = retry_after_s({"retry-after": value}, now=NOW)
    assert found == (None if expected is None else pytest.approx(expected, rel=0.001))


@pytest.mark.parametrize(
    ("milliseconds", "seconds", "expected"),
    [
        ("1500", None, 1.5),
        ("1500", "60", 1.5),
        ("0", "60", 0.0),
        ("-1", None, 0.0),
        ("garbage", "60", 60.0),
        ("inf", "60", 60.0),
        ("garbage", "garbage", None),
        ("nan", None, None),
        (None, None, None),
    ],
)
def test_milliseconds_take_precedence(milliseconds: str | None, seconds: str | None, expected: float | None) -> None:
    """`retry-after-ms` wins if it is valid."""
    given = {"retry-after-ms": milliseconds, "retry-after": seconds}
    headers = {name: value for name, value in given.items() if value is not None}
    assert retry_after_s(headers, now=NOW) == expected

"""Frames are placed at the moments at which a player plays them."""

from fractions import Fraction

import pytest

from voicemill.audio.timeline import OF_BROADCASTS, OF_FILES, OF_OGG, Clock, Jumps, Placement

RATE_HZ = 1000
FRAME = 100


def clock(jumps: Jumps = OF_FILES) -> Clock:
    """A clock in milliseconds that has placed one second of frames."""
    made = Clock(RATE_HZ, Fraction(1, 1000), origin=0, jumps=jumps)
    for pts in range(0, 1000, FRAME):
        made.place(pts, FRAME, checksum=pts)
    return made


def test_frames_without_gaps_follow_each_other() -> None:
    """Time stamps that are rounded or jitter by up to 40 ms change nothing."""
    made = clock()
    assert [made.place(1000 + offset, FRAME) for offset in (0, 130, 170, 335)] == [Placement()] * 4
    assert made.position == 1400
    assert not made.has_restarted


def test_frame_without_time_stamp_follows_the_last() -> None:
    """Formats without time stamps are counted."""
    made = clock()
    assert made.place(None, FRAME) == Placement()
    assert made.position == 1100


def test_hole_is_filled_with_silence() -> None:
    """A frame that comes half a second late is played half a second later."""
    made = clock()
    assert made.place(1500, FRAME) == Placement(silence=500)
    assert made.position == 1600


def test_late_start_is_filled_with_silence() -> None:
    """Sound that starts after the first picture starts at its own moment."""
    made = Clock(RATE_HZ, Fraction(1, 1000), origin=-250)
    assert made.place(0, FRAME) == Placement(silence=250)


def test_overlap_is_played_once() -> None:
    """What lies before the current position is dropped, over several frames if need be."""
    made = clock()
    placed = [made.place(pts, FRAME) for pts in (850, 950, 1050)]
    assert placed == [Placement(dropped=100), Placement(dropped=50), Placement()]
    assert made.position == 1150


@pytest.mark.parametrize(("first", "second", "late"), [(1500, 1000, 100), (1500, 1250, 100), (2500, 1000, 100)])
def test_packets_out_of_order_are_counted(first: int, second: int, late: int) -> None:
    """Silence was inserted where their sound belongs. It is dropped, or it follows where it does not belong."""
    made = clock()
    made.place(first, FRAME)
    made.place(second, FRAME)
    assert made.late_samples == late


@pytest.mark.parametrize("pts", [0, 1550, 900])
def test_joined_files_and_overlaps_are_in_order(pts: int) -> None:
    """A file with a hole may be followed by one that starts again, or that has its last sound again."""
    made = clock()
    made.place(1500, FRAME)
    made.place(pts, FRAME)
    assert made.late_samples == 0


@pytest.mark.parametrize("pts", [0, 10, -5000])
def test_restarted_time_stamps_lose_nothing(pts: int) -> None:
    """In joined files the time stamps start again; the second file follows the first."""
    made = clock()
    assert made.place(pts, FRAME) == Placement()
    assert made.place(pts + FRAME, FRAME) == Placement()
    assert made.position == 1200
    assert made.has_restarted


def test_repeated_packets_are_played_once() -> None:
    """A segment of a stream that was sent twice, with the same time stamps and content, is dropped."""
    made = Clock(RATE_HZ, Fraction(1, 1000), origin=0)
    for pts in range(0, 5000, FRAME):
        made.place(pts, FRAME, checksum=pts)
    placed = [made.place(pts, FRAME, checksum=pts) for pts in range(2000, 5100, FRAME)]
    assert placed[:30] == [Placement(dropped=FRAME)] * 30
    assert placed[30] == Placement()
    assert made.position == 5100


def test_jump_in_a_broadcast_is_a_new_start() -> None:
    """A transport stream may set its clock anew; elsewhere the same jump is a hole."""
    assert clock(OF_BROADCASTS).place(61_000, FRAME) == Placement()
    assert clock().place(61_000, FRAME) == Placement(silence=60_000)


def test_a_joined_ogg_file_has_no_overlaps() -> None:
    """Its time stamps may go back to the middle of the second file, whose packets may be those of the first."""
    made = clock(OF_OGG)
    assert [made.place(pts, FRAME, checksum=pts) for pts in (300, 400)] == [Placement()] * 2

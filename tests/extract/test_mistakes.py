"""Odd nights of an extraction: no secret is shown, nothing is forgotten."""

from orchestration.extract.answers import SHOWN_CHARACTERS, Answer
from orchestration.extract.connection import Credentials
from orchestration.extract.state import MOST_DELIVERIES, Delivery, State

LOGIN = Credentials("user@example.com", 'secret "word"', "CODE4711", "https://example.com")


def test_a_secret_at_the_edge_of_what_is_shown_is_not_cut_but_scrubbed() -> None:
    """EXT-6."""
    for secret in (LOGIN.secret, LOGIN.integration_code, LOGIN.username):
        for before in range(SHOWN_CHARACTERS - len(secret), SHOWN_CHARACTERS):
            shown = LOGIN.scrubbed(Answer(500, {}, "x" * before + secret).errors())
            assert len(shown) <= SHOWN_CHARACTERS
            assert shown.strip("x*") == ""


def test_the_newest_full_delivery_is_remembered_however_many_follow_it() -> None:
    """EXT-8."""
    state = State()
    state.remember("Tasks", Delivery("w0", is_full=True, files={"tasks/a": "1"}))
    for number in range(1, MOST_DELIVERIES + 3):
        state.remember("Tasks", Delivery(f"w{number}", is_full=False, files={}))
    kept = state.deliveries["Tasks"]
    assert [one.watermark for one in kept if one.is_full] == ["w0"]
    assert kept[-1].watermark == f"w{MOST_DELIVERIES + 2}"
    assert len(kept) == MOST_DELIVERIES + 1

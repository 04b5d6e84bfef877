"""The keys of calls equal those of commit 56a6860: with a changed key, completed calls would be billed again."""

import pytest

from tests.planning.rows import row
from voicemill.config import LongText
from voicemill.model import Call, Clip, Infill, Stt, Tts, VoiceChange
from voicemill.planning.row_calls import plan_row

_API = "https://api.cartesia.ai"
_WHOLE = Clip("1f" * 32)
_PART = Clip("1f" * 32, 1.5, 4.25, "/tmp/a.wav", 2.75)
_BOOK = "Chapter One\n\nIt was dark. " + "The wind turned the mill. " * 30 + "\n\n* * *\n\nIt was light."
_BOOK_KEYS_AND_PAUSES_S = [
    ("35176ba2da5a81d120e7bac593fbad3f3d6c60eb4faa7256fc122fadfed716bd", 1.2),
    ("9f3fa6bb006c74266599c656d5b07723585f3ab93f0ccbb51d001f85c3849053", 0.15),
    ("8b790d550f18a673ee5b6bff84e76da853649920c1c987c858425c3a4ee00d17", 0.15),
    ("281071fd186f9339af861365c3cc3a8e262170cf7eefe7ada15d3847c635cdda", 1.2),
    ("d37e6a9589b13829da354142528dea9a45e7ae68cba0dbf5be716631622d2b4a", 0.6),
]


@pytest.mark.parametrize(
    ("call", "key"),
    [
        pytest.param(
            Tts(_API, "sonic-2", "Hello.", "v", "en", 44100, "pcm_s16le"),
            "7d0e490d1abb309dbf9ef4bffeb3a27db90dc4fba7d2c4aff390379459e060cf",
            id="tts",
        ),
        pytest.param(
            Tts("embedded/2", "sonic-2", "Hello.", "v", "en", 44100, "pcm_s16le"),
            "07691c19f52cf3d3f420a502611b55b16847990686992c2d0c56507f8b485135",
            id="tts by the embedded engine",
        ),
        pytest.param(
            Tts(_API, "sonic-3", "Größe “\ufb03” \u200b e\u0301", "v", "de", 8000, "pcm_s16le"),
            "b5708e966d9906be3e00c0bd698a7a8d506bcc4f6c5504bf8585e369a700b940",
            id="tts of other characters than ASCII",
        ),
        pytest.param(
            Tts(_API, "sonic-2", "Hello.", "v", "en", 48000, "pcm_f32le"),
            "22b26c4071ee4c47768a5e04163e4eb2af394eb94f53328b8df02c5c047cfdf8",
            id="tts with float samples",
        ),
        pytest.param(
            Tts(_API, "sonic-2", "Hello.", "v", "en", 24000, "pcm_s16le", "slow", ("positivity:high", "curiosity")),
            "6c874796a2e68db0d4b34e74621a3a2b894ee3f0504ebcb4aa64e7253fe69891",
            id="tts with a named speed and emotions",
        ),
        pytest.param(
            Tts(_API, "sonic-3", "Hello.", "v", "en", 24000, "pcm_s16le", 1.2, ("calm",)),
            "0f35f7dc466c7130a44c068678407232c4a6e3ab3c4dda49d31405b9e84ff9b2",
            id="tts with a speed factor",
        ),
        pytest.param(
            Tts(_API, "sonic-3", "Hello.", "v", "en", 24000, "pcm_s16le", timestamps=True),
            "e8990dfe3b294ec513afd43e2798b397eec9e3e498a2197a9cc48cd675080e24",
            id="tts with word timestamps",
        ),
        pytest.param(
            Stt(_API, "ink-whisper", "en", _WHOLE),
            "6e027b02ecc861414dae90bf3e6829c41c0e979cd54cb24208cac3f02c3fbeb7",
            id="stt",
        ),
        pytest.param(
            Stt(_API, "ink-whisper", "en", _PART),
            "e00edb06d706b382403b2e0ad4d78df6cb726357eb5af4879e9fd52d5a93f91b",
            id="stt of a part",
        ),
        pytest.param(
            VoiceChange(_API, "v", _WHOLE, 44100, "pcm_s16le"),
            "9a39879b4899637ee2afb3889a6652219a0ae7ebce40166d1223a9869d6403be",
            id="voice change",
        ),
        pytest.param(
            VoiceChange(_API, "v", _PART, 44100, "pcm_f32le"),
            "ee70e647f70ee4e7dc94c037028ea35515ede03e0e59e013134139b5304ac47a",
            id="voice change of a part",
        ),
        pytest.param(
            Infill(_API, "sonic-2", "And then.", "v", "en", _PART, _WHOLE, 44100, "pcm_s16le"),
            "f80b321084028694b1f811470c155a2ce770695605d8925c181e515d7725522d",
            id="infill",
        ),
        pytest.param(
            Infill(_API, "sonic-2", "And then.", "v", "en", _PART, None, 44100, "pcm_s16le"),
            "650248c6bb61af98e82f9c3cbf78bb2a67f53f976824ecd7e45d401b9c8701f7",
            id="infill after a recording",
        ),
        pytest.param(
            Infill(_API, "sonic-2", "And then.", "v", "en", None, _WHOLE, 44100, "pcm_s16le", "fast", ("anger",)),
            "58ed064c03a84c8f3e28b046f1e49e725bfdf6525399893e5c66661d20293f49",
            id="infill before a recording",
        ),
    ],
)
def test_keys_stay_the_same(call: Call, key: str) -> None:
    """A call of an earlier version has the same key in this one."""
    assert call.key == key


def test_a_long_text_is_split_as_before() -> None:
    """A long text becomes the same calls, with the same pauses between them."""
    pieces = plan_row(row(_BOOK), _API, LongText(max_characters_per_call=300)).pieces
    assert [(piece.call.key, piece.pause_s) for piece in pieces] == _BOOK_KEYS_AND_PAUSES_S

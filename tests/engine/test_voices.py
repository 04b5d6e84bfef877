"""The built-in voices differ, have the same loudness, and speak every language."""

import itertools

import httpx
import numpy as np
import pytest

from tests.engine.measures import Samples, band_levels_db, floats, level_db, pitch_hz
from tests.engine.requests import FLOAT, RATE_HZ, SARAH, SENTENCE, speech
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.engine.voices.languages import languages
from voicemill.engine.voices.voice import EngineVoice

TEXT = (
    f"{SENTENCE} These take the shape of a long round arch, with its path high above. "
    "Nine men were walking along the river."
)
GREETINGS = {
    "en": "Good morning, how are you today?",
    "de": "Guten Morgen, wie geht es Ihnen heute? Schöne Grüße.",
    "fr": "Bonjour, comment allez-vous aujourd'hui ? Ça va très bien.",
    "es": "Buenos días, ¿cómo está usted? Mañana será otro día.",
    "it": "Buongiorno, come sta oggi? È una bella città.",
    "pt": "Bom dia, como você está hoje? Até amanhã, coração.",
    "nl": "Goedemorgen, hoe gaat het vandaag met u?",
    "pl": "Dzień dobry, jak się pan dzisiaj miewa?",
    "ru": "Доброе утро, как у вас сегодня дела?",
    "sv": "God morgon, hur mår du idag?",
    "tr": "Günaydın, bugün nasılsınız?",
    "hi": "नमस्ते, आज आप कैसे हैं?",
    "zh": "早上好，你今天怎么样？",
    "ja": "おはようございます。きょうはいかがですか。",
    "ko": "안녕하세요, 오늘 어떻게 지내세요?",
}


@pytest.fixture(scope="module")
def spoken() -> dict[str, Samples]:
    """The speech of each voice, so that the tests of one voice and of all synthesize it once."""
    return {}


async def speech_of(api: httpx.AsyncClient, spoken: dict[str, Samples], voice: EngineVoice) -> Samples:
    """The samples of the text in one voice."""
    if voice.name not in spoken:
        spoken[voice.name] = floats(await speech(api, TEXT, voice=voice.id, language="en", output_format=FLOAT))
    return spoken[voice.name]


async def test_voices_differ_clearly(api: httpx.AsyncClient, spoken: dict[str, Samples]) -> None:
    """Any two English voices differ by over a semitone and a half of pitch, or by over 1.5 dB of spectrum."""
    voices = [voice for voice in built_in_voices() if voice.language == "en"] + list(built_in_voices()[9:14])
    compared = {voice.name: await speech_of(api, spoken, voice) for voice in voices}
    assert len(compared) >= 12
    pitches = {name: 12 * np.log2(pitch_hz(samples, RATE_HZ)) for name, samples in compared.items()}
    spectra = {name: band_levels_db(samples, RATE_HZ) for name, samples in compared.items()}
    for one, other in itertools.combinations(compared, 2):
        distance_db = np.sqrt(np.mean(np.square(spectra[one] - spectra[other])))
        assert abs(pitches[one] - pitches[other]) > 1.5 or distance_db > 1.5, (one, other)


@pytest.mark.parametrize("voice", built_in_voices(), ids=lambda voice: voice.name)
async def test_voice_has_the_pitch_and_level_of_its_data(
    api: httpx.AsyncClient, spoken: dict[str, Samples], voice: EngineVoice
) -> None:
    """Every voice speaks English at its own pitch, within 7 %, and at -23 dBFS, within 1 dB."""
    samples = await speech_of(api, spoken, voice)
    assert pitch_hz(samples, RATE_HZ) == pytest.approx(voice.timbre.f0_hz, rel=0.07)
    assert level_db(samples) == pytest.approx(-23, abs=1)


def test_catalogue_has_all_genders_and_languages() -> None:
    """Ids are distinct, the example id of the API reference is Sarah, and each API language has a voice."""
    voices = built_in_voices()
    assert len({voice.id for voice in voices}) == len(voices) >= 12
    assert {voice.gender for voice in voices} == {"feminine", "masculine", "gender_neutral"}
    assert {voice.language for voice in voices} == set(GREETINGS)
    assert next(voice.name for voice in voices if voice.id == SARAH) == "Sarah"
    assert all(voice.description for voice in voices)


@pytest.mark.parametrize("code", GREETINGS)
async def test_every_language_of_the_api_is_spoken(api: httpx.AsyncClient, code: str) -> None:
    """A greeting in each language has the level and the pitch of the voice."""
    samples = floats(await speech(api, GREETINGS[code], language=code, output_format=FLOAT))
    assert 1.0 < samples.size / RATE_HZ < 8.0
    assert level_db(samples) == pytest.approx(-23, abs=4)
    assert pitch_hz(samples, RATE_HZ) == pytest.approx(160, rel=0.25)


async def test_language_changes_the_pronunciation(api: httpx.AsyncClient) -> None:
    """One word in fifteen languages has at least twelve pronunciations."""
    spoken = {await speech(api, "Information", language=code) for code in GREETINGS}
    assert len(spoken) >= 12


async def test_default_language_is_that_of_the_voice(api: httpx.AsyncClient) -> None:
    """Anna speaks German without a language in the request."""
    anna = next(voice for voice in built_in_voices() if voice.name == "Anna")
    assert await speech(api, "Zeitung", voice=anna.id) == await speech(api, "Zeitung", voice=anna.id, language="de")
    assert await speech(api, "Zeitung", voice=anna.id) != await speech(api, "Zeitung", voice=anna.id, language="en")


@pytest.mark.parametrize("code", sorted(set(languages()) - set(GREETINGS)))
async def test_further_languages_are_spoken(api: httpx.AsyncClient, code: str) -> None:
    """Numbers are audible in every other language."""
    samples = floats(await speech(api, "1 2 3 4", language=code, output_format=FLOAT))
    assert level_db(samples) > -30

"""The models that `voicemill models get` downloads: a fixed revision, and the size and digest of each file."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a model, with its expected size and digest."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubModel:
    """A model in one revision of a repository of the model hub.

    `files` ends with the weights: a folder that lacks files then has no weights, and is never used by mistake.
    """

    name: str
    purpose: str
    repository: str
    revision: str
    license: str
    origin: str
    variable: str
    files: tuple[HubFile, ...]

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(file.size_bytes for file in self.files)

    @property
    def weights(self) -> HubFile:
        """The file with the weights."""
        return self.files[-1]


_TOKENIZER: Final = HubFile(
    "tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
)
_VOCABULARY: Final = HubFile(
    "vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
)


def _whisper(size: str, revision: str, *files: HubFile) -> HubModel:
    return HubModel(
        name=f"whisper-{size}",
        purpose="transcription, 99 languages",
        repository=f"Systran/faster-whisper-{size}",
        revision=revision,
        license="MIT",
        origin=f"OpenAI's Whisper {size}, converted for faster-whisper",
        variable="VOICEMILL_WHISPER_MODEL",
        files=files,
    )


HUB_MODELS: Final = (
    _whisper(
        "small",
        "536b0662742c02347bc0e980a01041f333bce120",
        HubFile("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
        _TOKENIZER,
        _VOCABULARY,
        HubFile("model.bin", 483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
    ),
    _whisper(
        "medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        HubFile("config.json", 2_257, "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807"),
        _TOKENIZER,
        _VOCABULARY,
        HubFile("model.bin", 1_527_906_378, "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae"),
    ),
    _whisper(
        "large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        HubFile("config.json", 2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
        HubFile("preprocessor_config.json", 340, "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"),
        HubFile("tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
        HubFile("vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"),
        HubFile("model.bin", 3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
    ),
)

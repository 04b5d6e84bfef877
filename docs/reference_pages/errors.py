"""Exit codes and the error tree, from `voicemill.errors`."""

from collections.abc import Iterator

from docs.reference_pages.markdown import code, explained, table
from voicemill.errors import CallError, ExitCode, VoicemillError


def exit_codes() -> str:
    """Every exit code, its meaning and its remedy."""
    texts = explained("exit_codes", (each.name for each in ExitCode))
    rows = [(code(each.value), texts[each.name]["meaning"], texts[each.name]["remedy"]) for each in ExitCode]
    return table(["code", "meaning", "remedy"], rows)


def error_tree() -> str:
    """Every exception, indented below its parent, with what it means and what to do."""
    kinds = list(_tree(VoicemillError, 0))
    texts = explained("errors", (kind.__name__ for kind, _ in kinds))
    rows = [(_name(kind, depth), *_facts(kind), *texts[kind.__name__].values()) for kind, depth in kinds]
    return table(["exception", "exit code", "code", "retried", "raised when", "remedy"], rows)


def _tree(kind: type[VoicemillError], depth: int) -> Iterator[tuple[type[VoicemillError], int]]:
    yield kind, depth
    for child in kind.__subclasses__():
        if child.__module__ == VoicemillError.__module__:
            yield from _tree(child, depth + 1)


def _name(kind: type[VoicemillError], depth: int) -> str:
    return "&nbsp;" * 4 * depth + code(kind.__name__)


def _facts(kind: type[VoicemillError]) -> tuple[str, str, str]:
    exit_code = code(kind.exit_code.value)
    return (exit_code, code(kind.code), _yes(kind.retryable)) if issubclass(kind, CallError) else (exit_code, "", "")


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"

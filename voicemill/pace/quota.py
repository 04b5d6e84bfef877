"""How many failures a run may answer with another attempt: a service that is sick gets less traffic, not more.

The design is the standard retry mode of AWS's clients (botocore, `retries/standard.py`): a failure takes tokens, a good
answer brings some back.
"""

from dataclasses import dataclass

CAPACITY = 500
COST_OF_A_FAILURE = 5
COST_OF_A_TIMEOUT = 10
GIVEN_FOR_A_FIRST_ANSWER = 1


@dataclass
class RetryQuota:
    """The run's tokens. When they are gone, whoever asks is told so, and nothing may be tried again for now."""

    tokens: int = CAPACITY

    def take(self, tokens: int) -> bool:
        """Take the tokens of one failure; False where there are not as many."""
        if self.tokens < tokens:
            return False
        self.tokens -= tokens
        return True

    def give_back(self, tokens: int) -> None:
        """A call was answered: it brings back what its failures took, and one more where it had none."""
        self.tokens = min(CAPACITY, self.tokens + (tokens or GIVEN_FOR_A_FIRST_ANSWER))

    def refill(self) -> None:
        """The service is well again."""
        self.tokens = CAPACITY

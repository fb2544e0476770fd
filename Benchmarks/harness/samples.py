"""Measured values and what is made of them: medians, quartiles, ratios."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Series:
    """One quantity of one subject, a value a round."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The values a quarter and three quarters up the sorted row; both the value itself when there is one."""
        if len(self.values) < 2:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high

    def text(self, digits: int = 0) -> str:
        """The median with its quartiles: `312 (305–318)`."""
        low, high = self.quartiles
        return f"{self.median:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def alternate(
    rounds: int, subjects: Sequence[str], measure: Callable[[str], dict[str, float]]
) -> dict[str, dict[str, Series]]:
    """Measures all subjects once a round, so that whatever else the host does meets all of them alike.

    The order turns by one each round. Returns subject → quantity → series.
    """
    result: dict[str, dict[str, Series]] = {subject: {} for subject in subjects}
    for number in range(rounds):
        turn = number % len(subjects)
        for subject in [*subjects[turn:], *subjects[:turn]]:
            for quantity, value in measure(subject).items():
                result[subject].setdefault(quantity, Series()).values.append(value)
    return result

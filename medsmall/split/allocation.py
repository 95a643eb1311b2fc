"""Groups into parts, so that each part holds its share of every quantity at once.

The method is the iterative stratification of Sechidis, Tsoumakas and Vlahavas (On the
stratification of multi-label data, ECML PKDD 2011: rare labels are placed first, in the part that
lacks most of them), extended from single examples to groups by one cost for all quantities. Moves
and swaps of groups then lower the cost until none does.
"""

from itertools import combinations

import numpy as np

GAIN = 1e-10  # a step must lower the cost by this much; equals a deviation of 1e-5
DIGITS = 13  # costs that differ less are a tie: processors round sums differently
CANDIDATES = 200  # groups of each part that are tried in a swap
STEPS = 3000


def allocate(
    content: np.ndarray,
    goal: np.ndarray,
    weight: np.ndarray,
    shares: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """The part (int, 0 to M - 1) of each of G groups.

    Args:
        content: (G, C) what each group holds of each of C quantities, the whole being 1.
        goal: (M, C) what each of M parts should hold.
        weight: (M, C) the cost is ``sum(weight * (held - goal) ** 2)``.
        shares: (M,) of the groups, summing to 1: how groups that are alike are divided.
        rng: decides between groups and parts that serve as well.

    Groups that hold the same are one kind, placed in bulk. The result depends on the order of the
    groups only through which of those of one kind go where.
    """
    kinds, kind, number = np.unique(content, axis=0, return_inverse=True, return_counts=True)
    order = rng.permutation(len(shares))  # the part that wins a tie
    state = _State(kinds, number, goal[order], weight[order], shares[order])
    state.deal(rng)
    for _ in range(STEPS):
        if not state.step():
            break
    parts = np.repeat(np.tile(order, len(kinds)), state.placed.ravel())
    groups = rng.permutation(len(content))
    part = np.empty(len(content), int)
    part[groups[np.argsort(kind.ravel()[groups], kind="stable")]] = parts
    return part


class _State:
    """How many groups of each kind lie in each part, and how far the parts are from their goals.

    `kinds` (K, C), `placed` (K, M) int, `excess` (M, C) = held - goal.
    """

    def __init__(
        self,
        kinds: np.ndarray,
        number: np.ndarray,
        goal: np.ndarray,
        weight: np.ndarray,
        shares: np.ndarray,
    ) -> None:
        self.kinds, self.number, self.weight = kinds, number, weight
        self.placed = np.floor(number[:, None] * shares + 1e-9).astype(int)
        self.excess = self.placed.T @ kinds - goal
        self.square = kinds**2 @ weight.T

    def deal(self, rng: np.random.Generator) -> None:
        """Place the groups that are left one by one, the largest piece of any quantity first.

        Pieces of about the same size (a factor of 2) come in random order: otherwise every seed
        would give the same parts where no two groups are alike.
        """
        left = np.repeat(np.arange(len(self.kinds)), self.number - self.placed.sum(axis=1))
        size = np.floor(np.log2(np.abs(self.kinds).max(axis=1)))[left]
        for kind in left[np.lexsort((rng.random(len(left)), -size))]:
            held = self.kinds[kind]
            cost = ((2 * self.excess + held) * held * self.weight).sum(axis=1)
            self._place(kind, int(np.argmin(cost.round(DIGITS))), 1)

    def step(self) -> bool:
        """Do the move, or else the swap, that lowers the cost most; False where none does."""
        linear = 2 * self.kinds @ (self.weight * self.excess).T
        leave = np.where(self.placed > 0, self.square - linear, np.inf)
        move = leave[:, :, None] + (self.square + linear)[:, None, :]
        same = np.arange(len(self.excess))
        move[:, same, same] = np.inf
        best = np.unravel_index(np.argmin(move.round(DIGITS)), move.shape)
        if move[best] >= -GAIN:
            return self._swap(move)
        kind, origin, part = map(int, best)
        self._place(kind, origin, -1)
        self._place(kind, part, 1)
        return True

    def _swap(self, move: np.ndarray) -> bool:
        """The best swap of two groups; `move` (K, M, M) is what moving one alone would cost."""
        best, found = -GAIN, None
        for a, b in combinations(range(len(self.excess)), 2):
            there = np.argsort(move[:, a, b].round(DIGITS), kind="stable")[:CANDIDATES]
            back = np.argsort(move[:, b, a].round(DIGITS), kind="stable")[:CANDIDATES]
            both = self.kinds[there] * (self.weight[a] + self.weight[b]) @ self.kinds[back].T
            cost = move[there, a, b][:, None] + move[back, b, a] - 2 * both
            i, j = np.unravel_index(np.argmin(cost.round(DIGITS)), cost.shape)
            if cost[i, j] < best:
                best, found = cost[i, j], (there[i], back[j], a, b)
        if found is None:
            return False
        kind, other, a, b = found
        for moved, start, end in ((kind, a, b), (other, b, a)):
            self._place(moved, start, -1)
            self._place(moved, end, 1)
        return True

    def _place(self, kind: int, part: int, times: int) -> None:
        self.placed[kind, part] += times
        self.excess[part] += times * self.kinds[kind]

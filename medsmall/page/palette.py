"""Colours by role, for a light and a dark page, and figures drawn once for page and file.

A figure is drawn in the colours of the light page. For the page its SVG refers to the roles
instead (``var(--a)``), so that the reader's mode decides; the PNG keeps the light colours. Series
are Okabe and Ito's colours (https://jfly.uni-koeln.de/color/), lightened where the page is dark;
hatches, markers and labels tell them apart as well.
"""

import functools
import html
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")

# role: colour on the light page (each once: it is also the mark of the role in a figure), dark
COLOURS = {
    "ink": ("#1a1f24", "#e6eaee"),
    "quiet": ("#59636e", "#9fabb7"),
    "grid": ("#dde2e7", "#333c46"),
    "surface": ("#fefefe", "#161b21"),
    "a": ("#0072b2", "#56b4e9"),
    "b": ("#d55e00", "#f5894b"),
    "c": ("#008f68", "#2fc79c"),
    "d": ("#b8588f", "#e29cc4"),
    "missing": ("#a3abb3", "#6c7681"),
    "heat_0": ("#f2f5f8", "#1c232b"),
    "heat_1": ("#dceaf6", "#1e3448"),
    "heat_2": ("#b6d2ea", "#21486b"),
    "heat_3": ("#80b3dd", "#2a5f8e"),
    "heat_4": ("#2c6cab", "#74b4e8"),
    "heat_5": ("#0b3c6d", "#c2e1fb"),
    "heat_ink": ("#fdfdfd", "#10151b"),  # on heat_4 and heat_5; `ink` on the others
}
NARROWEST_PX = 736  # a figure shrinks to this width with its page, and scrolls below it
SERIES = [("a", ""), ("b", "////"), ("c", "...."), ("d", "xxxx")]
LINES = [("a", "-", "o"), ("b", "--", "s"), ("c", ":", "^"), ("d", "-.", "D")]
STYLE: dict[Any, Any] = {
    "font.size": 9, "axes.titlesize": 9.5, "axes.labelsize": 9, "legend.fontsize": 8.5,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "hatch.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none",
    "text.parse_math": False,  # names are shown as they are
}  # fmt: skip
INKS: dict[Any, str] = {
    "text.color": "ink", "axes.labelcolor": "ink", "axes.edgecolor": "quiet",
    "xtick.color": "quiet", "ytick.color": "quiet", "xtick.labelcolor": "ink",
    "ytick.labelcolor": "ink", "grid.color": "grid", "axes.titlecolor": "ink",
    "legend.labelcolor": "ink", "lines.color": "ink",
}  # fmt: skip


def colour(role: str) -> str:
    """The colour that stands for a role in a figure."""
    return COLOURS[role][0]


def drawn(chart: Callable[P, "Figure"]) -> Callable[P, "Figure"]:
    """A chart whose every text and line is in the page's style, whenever it is added."""

    @functools.wraps(chart)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> "Figure":
        import matplotlib

        with matplotlib.rc_context(STYLE | {key: colour(role) for key, role in INKS.items()}):
            return chart(*args, **kwargs)

    return in_style


def new_figure(width: float, height: float, columns: int = 1) -> "tuple[Figure, list[Axes]]":
    """An empty figure of `width` x `height` inches with axes side by side; for `drawn` charts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def png(figure: "Figure") -> bytes:
    """The figure as a PNG of 150 dots per inch on white."""
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(file, format="png", dpi=150, facecolor="white")
    return file.getvalue()


def svg(figure: "Figure", name: str, alt: str) -> str:
    """The figure as an inline SVG in the page's colours and font, its ids begun with `name`."""
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context(STYLE | {"svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\sid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    text = re.sub(r"(font(?:-family)?: [^;\"]*?)'DejaVu Sans'[^;\"]*", r"\1var(--font)", text)
    for role, (light, _) in COLOURS.items():
        text = text.replace(light, f"var(--{role.replace('_', '-')})")
    narrowest = min(NARROWEST_PX, round(96 * figure.get_figwidth()))
    says = f'role="img" aria-label="{html.escape(alt)}" style="min-width: {narrowest}px"'
    return text.replace("<svg", f"<svg {says}", 1)

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
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
Format = Literal["png", "svg", "pdf"]

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
    "e": ("#6a51a3", "#b3a2e0"),
    "f": ("#7d6608", "#d8bf4a"),
    "g": ("#4d5358", "#c3c9ce"),
    "missing": ("#a3abb3", "#6c7681"),
    "heat_0": ("#f2f5f8", "#1c232b"),
    "heat_1": ("#dceaf6", "#1e3448"),
    "heat_2": ("#b6d2ea", "#21486b"),
    "heat_3": ("#80b3dd", "#2a5f8e"),
    "heat_4": ("#2c6cab", "#74b4e8"),
    "heat_5": ("#0b3c6d", "#c2e1fb"),
    "heat_ink": ("#fdfdfd", "#10151b"),  # on heat_4 and heat_5; `ink` on the others
}
PDF_FONTS = 42  # text stays text, in fonts that printers take
NARROWEST_PX = 736  # a figure shrinks to this width with its page, and scrolls below it
SERIES = [("a", ""), ("b", "////"), ("c", "...."), ("d", "xxxx")]
LINES: list[tuple[str, Any, str]] = [
    ("a", "-", "o"), ("b", "--", "s"), ("c", ":", "^"), ("d", "-.", "D"),
    ("e", (0, (8, 2)), "v"), ("f", (0, (5, 1, 1, 1, 1, 1)), "P"), ("g", (0, (2, 1)), "X"),
]  # fmt: skip
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


def new_figure(
    width: float, height: float, columns: int = 1, rows: int = 1
) -> "tuple[Figure, list[Axes]]":
    """An empty figure of `width` x `height` inches with axes, row by row; for `drawn` charts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def picture(figure: "Figure", kind: Format) -> bytes:
    """The figure as a file in the light colours, on white; the same bytes each time."""
    if kind == "svg":
        return on_white(drawn_svg(figure))
    import matplotlib

    file = io.BytesIO()
    undated = {"CreationDate": None} if kind == "pdf" else {}
    with matplotlib.rc_context(STYLE | {"pdf.fonttype": PDF_FONTS}):
        figure.savefig(file, format=kind, dpi=150, facecolor="white", metadata=undated)
    return file.getvalue()


def told(artist: "Artist", text: str, group: str = "") -> None:
    """Show `text` where the pointer rests on an artist; `group` is lit up as a whole."""
    artist.set_gid(f"told:{group}:{text}".replace('"', "”"))


def drawn_svg(figure: "Figure") -> str:
    """The figure as an SVG in the light colours, without a background.

    What was `told` is the title of its group.
    """
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context(STYLE | {"svg.hashsalt": "medsmall"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(r'<g id="told:([^:"]*):([^"]*)">', r'<g data-arm="\1"><title>\2</title>', text)


def on_white(svg: str) -> bytes:
    """A file of `drawn_svg`."""
    end = svg.index(">") + 1
    return f'{svg[:end]}<rect width="100%" height="100%" fill="#ffffff"/>{svg[end:]}'.encode()


def for_page(svg: str, name: str, alt: str, narrowest_px: int = NARROWEST_PX) -> str:
    """What `drawn_svg` gives in the page's colours and font, its ids begun with `name`."""
    width = 96 / 72 * float(re.search(r'width="([\d.]+)pt"', svg)[1])  # type: ignore[index]
    text = re.sub(r'(\sid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    text = re.sub(r"(font(?:-family)?: [^;\"]*?)'DejaVu Sans'[^;\"]*", r"\1var(--font)", text)
    for role, (light, _) in COLOURS.items():
        text = text.replace(light, f"var(--{role.replace('_', '-')})")
    narrowest = min(narrowest_px, round(width))
    says = f'role="img" aria-label="{html.escape(alt)}" style="min-width: {narrowest}px"'
    return text.replace("<svg", f"<svg {says}", 1)

"""Text and tables as Markdown and LaTeX; names of arms and classes may hold any character."""

import re
from collections.abc import Sequence

from medsmall.report.manuscript.tables import Sheet

# what Markdown would take for more than a character; an underscore between letters is none
MARKUP = re.compile(
    r"[\\`*~$|]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<=\])[(:\[]"
)
LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\(<\)", ">": r"\(>\)", "|": r"\textbar{}", '"': "{''}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "*": "{*}",  # after \\ they would be its arguments
    "²": r"\(^2\)", "³": r"\(^3\)", "×": r"\(\times\)", "±": r"\(\pm\)", "−": r"\(-\)",
    "≤": r"\(\le\)", "≥": r"\(\ge\)", "°": r"\(^\circ\)", "µ": r"\(\mu\)", "μ": r"\(\mu\)",
    "α": r"\(\alpha\)", "β": r"\(\beta\)", "γ": r"\(\gamma\)", "–": "--", "→": r"\(\to\)",
}  # fmt: skip
BREAK, BEFORE_BREAK = r"\allowbreak{}", "_=./:-("  # where a long key may go on in the next line
NAMED = re.compile(r"[^\W\d_]|\[")
MINUS = re.compile(r"-(?=\d)")
PACKAGES = "% needs \\usepackage{booktabs,tabularx,array}; UTF-8\n"


def markdown_text(text: str) -> str:
    """Plain text that Markdown shows as it is, in one line."""
    return MARKUP.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def markdown_row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(map(markdown_text, cells))} |"


def markdown(sheet: Sheet) -> str:
    """A table with its caption above and notes below; pandas' own needs one more package."""
    columns = [str(column) for column in sheet.frame.columns]
    marks = [":---" if k in _texts(sheet) else "---:" for k in range(len(columns))]
    lines = [f"**{markdown_text(sheet.caption)}**", "", markdown_row(columns)]
    lines += [f"| {' | '.join(marks)} |", *map(markdown_row, _rows(sheet)), ""]
    lines += [line for note in sheet.notes for line in (markdown_text(note), "")]
    return "\n".join(lines)


def latex_text(text: str, breaks: bool = False) -> str:
    """Plain text for LaTeX; `breaks` allows a new line within long names."""
    plain, told = " ".join(text.split()), []
    for character, after in zip(plain, [*plain[1:], " "], strict=True):
        told.append(LATEX.get(character, character))
        if breaks and character in BEFORE_BREAK and after != " ":
            told.append(BREAK)
    return "".join(told)


def latex(sheet: Sheet) -> str:
    """One `table` environment as wide as its column; pandas' Styler has no tabularx.

    The first column takes what is left of the width and breaks its lines.
    """
    columns = [str(column) for column in sheet.frame.columns]
    kinds = r">{\raggedright\arraybackslash}X" + "".join(
        "l" if k in _texts(sheet) else "r" for k in range(1, len(columns))
    )
    caption = " ".join([sheet.caption, *sheet.notes])
    lines = [
        PACKAGES + r"\begin{table}[tbp]", r"\centering", r"\scriptsize",
        r"\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{latex_text(caption, breaks=True)}}}", rf"\label{{tab:{sheet.name}}}",
        rf"\begin{{tabularx}}{{\linewidth}}{{@{{}}{kinds}@{{}}}}", r"\toprule",
        _latex_row([_heading(column) for column in columns]), r"\midrule",
        *(_latex_row([latex_text(row[0], breaks=True), *map(_latex_cell, row[1:])])
          for row in _rows(sheet)),
        r"\bottomrule", r"\end{tabularx}", r"\end{table}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _heading(column: str) -> str:
    """A heading in as many lines as it has words, so that numbers set the width."""
    words = column.replace(" [", "\n[").replace(" images", "\nimages").split("\n")
    if len(words) == 1:
        return latex_text(column)
    return r"\shortstack[l]{" + r"\\".join(map(latex_text, words)) + "}"


def _latex_cell(text: str) -> str:
    return latex_text(MINUS.sub("−", text))


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _rows(sheet: Sheet) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in sheet.frame.itertuples(index=False)]


def _texts(sheet: Sheet) -> set[int]:
    """The columns of text: the first, and those with a letter or a bracket in a cell."""
    cells = list(zip(*_rows(sheet), strict=True))
    return {k for k, of in enumerate(cells) if k == 0 or any(map(NAMED.search, of))}

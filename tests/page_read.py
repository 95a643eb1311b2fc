"""Reads a page as a browser would, and fails where it is no sound HTML."""

from html.parser import HTMLParser
from pathlib import Path

from medsmall.page.sections import Page
from medsmall.page.writing import beside, html


class Checked(HTMLParser):
    """Fails where tags are not closed in order or an id comes twice; collects text."""

    VOID = ("meta", "img", "link", "br", "path", "use", "rect")

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.addresses, self.text = [], [], [], ""

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [found[a] for a in ("src", "href", "xlink:href") if a in found]
        assert tag != "img" or found["alt"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def checked(text):
    found = Checked()
    found.feed(text)
    assert not found.open
    assert len(set(found.ids)) == len(found.ids)
    return found


def write_page(page: Page, folder: Path, pdf: bool = False) -> None:
    """The page of a report and the files beside it, those that take longest if asked for."""
    for name, content in {**beside(page), "report.html": lambda: html(page)}.items():
        if name.endswith(".pdf") and not pdf:
            continue
        made = content()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(made.encode() if isinstance(made, str) else made)

"""Files are fetched whole or not at all, and a server that does not answer is told in time."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from medsmall.errors import AbsentWeightsError
from medsmall.pretraining import download as downloads
from medsmall.pretraining.download import download, reachable

CONTENT = bytes(range(256)) * 1000


class Server(BaseHTTPRequestHandler):
    """Gives /file, half of /half, and nothing else."""

    def do_HEAD(self):
        self.send_response(200 if self.path in ("/file", "/half") else 404)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        if self.path in ("/file", "/half"):
            self.wfile.write(CONTENT if self.path == "/file" else CONTENT[: len(CONTENT) // 2])

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_file_is_fetched_whole_and_its_folder_made(address, tmp_path):
    file = tmp_path / "a" / "b" / "file.pt"
    download(f"{address}/file", file)
    assert file.read_bytes() == CONTENT
    assert [one.name for one in file.parent.iterdir()] == ["file.pt"]


@pytest.mark.parametrize(
    ("path", "why"), [("/half", r"128,000 of 256,000 bytes|IncompleteRead"), ("/no", "404")]
)
def test_a_file_that_breaks_off_is_one_sentence_and_leaves_nothing(address, tmp_path, path, why):
    file = tmp_path / "file.pt"
    with pytest.raises(AbsentWeightsError, match=why) as error:
        download(f"{address}{path}", file)
    assert f"{address}{path} could not be fetched" in str(error.value)
    assert f"download it as {file}" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(address, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(AbsentWeightsError, match="could not be fetched"):
        download(f"{address}/file", tmp_path / "taken" / "file.pt")


def test_whether_a_file_can_be_had_is_known(address):
    assert reachable(f"{address}/file")
    assert not reachable(f"{address}/no")
    assert not reachable("http://127.0.0.1:1/file")


def test_a_server_that_hangs_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE_S", 0.2)
    released = threading.Event()

    def hang(*args, **options):
        released.wait(5)
        raise OSError("no answer")

    monkeypatch.setattr(downloads.urllib.request, "urlopen", hang)
    begun = time.monotonic()
    assert not reachable("http://example.org/file")
    assert time.monotonic() - begun < 2
    released.set()

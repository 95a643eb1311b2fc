"""The model hub of timm's weights: files fetched before, and whether the hub answers."""

import threading
import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache

FILES = ("model.safetensors", "pytorch_model.bin")
PATIENCE_S = 3.0  # a reachable hub answers sooner; timm alone would try for a minute


def fetched(repository: str) -> Path | None:
    """The file of the weights in a `repository` of the hub, where it was fetched before."""
    for name in FILES:
        file = try_to_load_from_cache(repository, name)
        if isinstance(file, str):
            return Path(file)
    return None


def may_be_had(network: str) -> bool:
    """Whether weights of a timm `network` were fetched before, whichever they are, or can be now.

    Asked before timm is imported, which takes longer than the answer.
    """
    here = Path(constants.HF_HUB_CACHE).glob(f"models--timm--{network}*/snapshots/*/*")
    return any(here) or answers()


def answers() -> bool:
    """Whether the hub can be reached, through a proxy if one is set."""
    if constants.HF_HUB_OFFLINE:
        return False
    reached = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S):
                reached.set()
        except urllib.error.HTTPError:  # it answers, if only with an error
            reached.set()
        except OSError:
            pass
        finally:
            done.set()

    done = threading.Event()
    # a thread, as the look-up of a name has no time limit
    threading.Thread(target=ask, daemon=True).start()
    done.wait(PATIENCE_S)
    return reached.is_set()

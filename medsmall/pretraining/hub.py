"""The model hub of timm's weights: files fetched before, and whether the hub answers."""

import threading
import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache
from timm.models import PretrainedCfg

FILES = ("model.safetensors", "pytorch_model.bin")
PATIENCE_S = 3.0  # a reachable hub answers sooner; timm alone would try for a minute


def fetched(known: PretrainedCfg) -> Path | None:
    """The file of the weights if it was fetched before."""
    if not known.hf_hub_id:
        return None
    for name in [known.hf_hub_filename] if known.hf_hub_filename else FILES:
        file = try_to_load_from_cache(known.hf_hub_id, name)
        if isinstance(file, str):
            return Path(file)
    return None


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

"""The experiments of the paper: their cells, and one of each on generated data."""

import math

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from medsmall.configs import compose, config_dir
from medsmall.grid.composer import Composer
from medsmall.grid.expand import expand, varied
from medsmall.grid.rules import Rules
from medsmall.train import train

FOLDER = config_dir() / "experiment" / "paper"
SIZES, DRAWS, FINDINGS = 12, 5, 3
CELLS = {
    "naive_vs_radiomics": 2 * SIZES * 10,
    "training_methods": 2 * FINDINGS * SIZES * DRAWS,
    "transfer_methods": 3 * FINDINGS * SIZES * DRAWS,
    "upstream": 4 * FINDINGS * SIZES * DRAWS,
    "distribution": 3 * SIZES * DRAWS,
    "fixed_50": 5 * 4 * 2 * DRAWS,
    "traditional_vs_deep": 5 * 2 * SIZES * DRAWS,
    "bone_age": 3 * SIZES * DRAWS,
}
QUICK = [
    "phantom=true", "backbone=efficientnet_lite0", "image_size_px=32", "trainer.max_epochs=1",
    "trainer=cpu", "augmentation.tta_views=0", "sample_size.n=16", "sample_size.repeat=0",
]  # fmt: skip
ONE = {
    "naive_vs_radiomics": ["learner=probe"],
    "training_methods": ["schedule=one_cycle"],
    "transfer_methods": ["strategy=feature_extractor"],
    "upstream": ["pretraining=imagenet"],
    "distribution": ["pretraining=distribution"],
    "fixed_50": ["sample_size.positive_fraction=0.25", "objective=mixup", "pretraining=imagenet"],
    "traditional_vs_deep": ["learner=random_forest", "features=radiomics", "pretraining=none"],
    "bone_age": ["pretraining=imagenet"],
}


def params(name: str) -> list[str]:
    """What the sweep varies, as on a command line."""
    found = OmegaConf.load(FOLDER / f"{name}.yaml").hydra.sweeper.params
    return [f"{key}={value}" for key, value in found.items()]


def test_every_sweep_of_the_paper_is_counted():
    assert {file.stem for file in FOLDER.glob("*.yaml")} == {"protocol", *CELLS}


@pytest.mark.parametrize("name", CELLS)
def test_a_sweep_has_the_cells_of_its_question(name):
    cells = expand(params(name), [f"+experiment=paper/{name}"], OverridesParser.create())
    told = f"= {CELLS[name]}"
    assert told in (FOLDER / f"{name}.yaml").read_text()
    assert len(cells) == math.prod(len(one.split("=", 1)[1].split(",")) for one in params(name))
    composer, differ = Composer(), varied(cells)
    draws = ("sample_size.n=", "sample_size.repeat=")
    arms: dict[tuple[str, ...], int] = {}
    for cell in cells:
        arm = tuple(word for word in cell if not word.startswith(draws))
        arms[arm] = arms.get(arm, 0) + 1
    kept = 0
    for arm, count in arms.items():  # rules before the data know no draw
        cfg = composer([*arm, "sample_size.n=50", "sample_size.repeat=0"], differ)
        kept += 0 if Rules(OmegaConf.to_container(cfg.sweep.rules)).before(cfg) else count
    assert kept == CELLS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_of_each_runs_on_generated_data(name, outputs):
    targets = [] if name == "bone_age" else ["dataset.targets=[Hernia]"]
    size = [f"dataset.phantom_patients={60 if name == 'bone_age' else 300}"]
    words = [f"+experiment=paper/{name}", *QUICK, *targets, *size, *ONE[name]]
    record = train(compose([*words, f"output_root={outputs}", "sample_size.val=null"]))
    assert record.done
    assert record.metrics["n_train"] == 16

"""What the network learner does around a training: adapters merged, statistics estimated before."""

import numpy as np
import pytest
from fitting import STATISTICS
from small_run import HERNIA

from medsmall.configs import compose
from medsmall.initial import initial_model
from medsmall.learner.batchnorm import reestimate
from medsmall.model import Model
from medsmall.pixels import open_images
from medsmall.record import Record
from medsmall.resolve import resolve

PLAIN = [word for word in HERNIA if "augmentation" not in word] + ["augmentation=none"]


def test_a_run_with_adapters_leaves_an_ordinary_network_that_predicts_the_same(
    train_small, tmp_path
):
    pytest.importorskip("peft")
    words = ["strategy=lora", "strategy.lr=0.05"]
    record = Record.open(train_small(*words, base=PLAIN, output_root=tmp_path))
    case = resolve(compose([*PLAIN, *words, f"output_root={tmp_path}"]))
    _, initial, _ = initial_model(case)
    model = Model.load(record.model)
    names, before = model.module.state_dict(), initial.module.state_dict()
    assert names.keys() == before.keys()
    convolutions = [k for k, v in names.items() if v.ndim == 4]
    assert any(not names[k].equal(before[k]) for k in convolutions), "the adapters are in them"
    images = np.concatenate([batch.images for batch in open_images(case)[0].plain("test")])
    np.testing.assert_allclose(
        model.predict(images)[:, 0], record.predictions["prob_Hernia"], atol=1e-5
    )


def test_reestimated_statistics_are_those_of_the_train_images_in_the_record(train_small, tmp_path):
    words = ["strategy=feature_extractor", "strategy.norm=reestimated", "trainer.max_epochs=1"]
    record = Record.open(train_small(*words, base=PLAIN, output_root=tmp_path))
    case = resolve(compose([*PLAIN, *words, f"output_root={tmp_path}"]))
    _, expected, _ = initial_model(case)
    untouched = {k: v.clone() for k, v in expected.module.state_dict().items()}
    reestimate(expected, open_images(case)[0].evenly("train"))
    found, wanted = Model.load(record.model).module.state_dict(), expected.module.state_dict()
    statistics = [name for name in found if name.endswith(STATISTICS[:2])]
    assert len(statistics) > 10
    for name in statistics:
        assert found[name].allclose(wanted[name], atol=1e-6), name
        assert not found[name].allclose(untouched[name], atol=1e-3), name

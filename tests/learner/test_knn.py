"""Nearest neighbours: scikit-learn's where nothing is smoothed, and predictions from a file."""

import dataclasses

import numpy as np
import pytest
from made_examples import examples
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from small_run import TASKS

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.features.frozen import Frozen
from medsmall.initial import initial_model
from medsmall.learner.heads.counts import COUNTS, chosen_count, prior_of
from medsmall.learner.heads.neighbours import Neighbours
from medsmall.learner.knn import KNN
from medsmall.model import Model
from medsmall.pixels import open_images
from medsmall.record import Record
from medsmall.resolve import resolve
from medsmall.task import Task
from medsmall.train import execute

NAN = float("nan")
FEWER = {
    "multiclass": ["dataset.phantom_patients=70"],
    "regression": ["dataset.phantom_patients=30"],
}


def neighbours(of, count, pseudo):
    k = of.labels.shape[1]
    features = of.features.astype(np.float32)
    return Neighbours(features, of.labels, np.full(k, count), prior_of(of), np.array([pseudo]))


@pytest.mark.parametrize("count", [1, 4, 15])
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.REGRESSION])
def test_unsmoothed_they_are_scikit_learns(task, count):
    of, new = examples(task=task), examples(task=task, seed=1).plain
    found = neighbours(of, count, 0.0).predict(new)
    x = of.plain.astype(np.float32).astype(float)
    if task == Task.REGRESSION:
        expected = KNeighborsRegressor(count).fit(x, of.labels).predict(new)
    else:
        expected = KNeighborsClassifier(count).fit(x, of.classes).predict_proba(new)
        expected = expected[:, 1:] if task == Task.BINARY else expected
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_one_more_neighbour_stands_for_the_whole_part():
    of, new = examples(task=Task.MULTICLASS), examples(seed=1).plain
    plain, smooth = (neighbours(of, 4, pseudo).predict(new) for pseudo in (0.0, 1.0))
    np.testing.assert_allclose(smooth, (4 * plain + prior_of(of)) / 5)
    np.testing.assert_allclose(smooth.sum(1), 1)
    assert 0 < smooth.min() < smooth.max() < 1


def test_an_image_with_an_unknown_label_is_no_neighbour_for_that_target():
    of, new = examples(), examples(seed=1).plain
    labels = np.c_[of.labels, 1 - of.labels]
    labels[:20, 0] = NAN
    both = neighbours(dataclasses.replace(of, labels=labels), 5, 1.0)
    both = dataclasses.replace(both, prior=np.full(2, 0.5))
    first = dataclasses.replace(neighbours(of.at(np.arange(20, 60)), 5, 1.0), prior=np.full(1, 0.5))
    np.testing.assert_array_equal(both.predict(new)[:, :1], first.predict(new))
    second = dataclasses.replace(neighbours(of, 5, 1.0), prior=np.full(1, 0.5))
    np.testing.assert_allclose(both.predict(new)[:, 1:], 1 - second.predict(new))


def test_an_image_counts_once_and_is_as_near_as_its_nearest_view():
    of = examples(n=20, views=3)
    far = dataclasses.replace(of, features=of.features.copy())
    far.features[:, 1:] += 1000.0
    plain = dataclasses.replace(of, features=of.features[:, :1])
    new = examples(seed=1).plain
    one, other = (neighbours(some, 3, 1.0).predict(new) for some in (plain, far))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(neighbours(far, 1, 0.0).predict(far.features[:, 2]), of.labels)


def test_more_neighbours_than_images_are_all_and_none_is_the_prior():
    of, new = examples(n=10), examples(seed=1).plain
    np.testing.assert_array_equal(
        neighbours(of, 10, 1.0).predict(new), neighbours(of, 99, 1.0).predict(new)
    )
    unknown = dataclasses.replace(neighbours(of, 5, 1.0), labels=np.full((10, 1), NAN))
    np.testing.assert_allclose(unknown.predict(new), prior_of(of)[0])


def test_noise_gets_more_neighbours_than_signal():
    found = {
        signal: np.mean([chosen_count(examples(n=100, signal=signal, seed=s))[0] for s in range(8)])
        for signal in (0.0, 4.0)
    }
    assert found[0.0] > found[4.0]


def test_too_few_patients_take_the_usual_count(capsys):
    of = dataclasses.replace(examples(), patients=np.zeros(60, int), name="Hernia")
    assert chosen_count(of) == (COUNTS[0], 0)
    assert "Hernia: too few patients" in capsys.readouterr().err


@pytest.mark.parametrize("task", TASKS)
def test_the_file_beside_the_network_gives_the_predictions_of_the_record(task, outputs):
    words = [*TASKS[task], *FEWER.get(task, []), "learner=knn", f"output_root={outputs}"]
    case = resolve(compose(words))
    record = execute(case)
    data, _ = open_images(case)
    features = Frozen(initial_model(case)[1], case.cfg).features(data.scoring("test"))
    found = Neighbours.load(record.folder / "neighbours.safetensors").predict(features)
    found = found.reshape(-1, data.views, found.shape[1]).mean(1)
    names = [f"{case.targets.prefix}_{name}" for name in case.targets.names]
    np.testing.assert_array_equal(record.predictions[names].to_numpy(), found)
    if task != "regression":
        assert 0 < found.min() < found.max() < 1


def test_its_network_has_no_head_and_other_runs_begin_with_it(train_small):
    folder = train_small("learner=knn")
    with pytest.raises(MedsmallError, match="without a head, which cannot predict"):
        Model.load(folder / "model.safetensors")
    path = folder / "model.safetensors"
    train_small("learner=prototypes", "pretraining=file", f"pretraining.path={path}")


def test_a_flipped_byte_of_its_neighbours_is_noticed(train_small, tmp_path):
    folder = train_small("learner=knn", output_root=tmp_path)
    file = folder / "neighbours.safetensors"
    assert "neighbours.safetensors" in (folder / "DONE").read_text()
    Record(folder).check()
    file.write_bytes(file.read_bytes()[:-1] + b"\7")
    with pytest.raises(MedsmallError, match="neighbours.safetensors has changed"):
        Record(folder).check()


def test_a_file_of_something_else_is_refused(tmp_path):
    with pytest.raises(MedsmallError, match="holds no neighbours"):
        Neighbours.load(tmp_path / "absent.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(MedsmallError, match="holds no neighbours"):
        Neighbours.load(tmp_path / "x.safetensors")


def test_arguments_out_of_range_are_refused():
    with pytest.raises(MedsmallError, match="neighbours must be 1 or more"):
        KNN("knn", 0)
    with pytest.raises(MedsmallError, match="train_views"):
        KNN("knn", 5, -1)

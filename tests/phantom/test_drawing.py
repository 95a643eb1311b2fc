"""Generated films must carry what the experiments need: a patient's style, and findings."""

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from medsmall.dataset.chestxray14 import LABELS, ChestXray14
from medsmall.dataset.chexpert import LABELS as CHEXPERT_LABELS
from medsmall.dataset.mura import Mura
from medsmall.dataset.phantoms.chestxray14 import PREVALENCE
from medsmall.phantom import bone, chest, chest_findings, drawing, thorax

DRAWN_BY_THE_BODY = {
    "Cardiomegaly", "Emphysema", "Enlarged Cardiomediastinum", "No Finding", "Lung Opacity",
}  # fmt: skip


def films(data, table, size):
    small = [
        cv2.resize(data.files.read(i), (size, size), interpolation=cv2.INTER_AREA) for i in table
    ]
    return np.stack(small).reshape(len(small), -1).astype(np.float32)


def test_every_finding_has_a_shape():
    assert {*LABELS, *CHEXPERT_LABELS} - DRAWN_BY_THE_BODY == set(chest_findings.SHAPES)
    assert set(PREVALENCE) == set(LABELS) - {"Hernia"}


@pytest.mark.parametrize("finding", sorted({*chest_findings.SHAPES, "Cardiomegaly", "Emphysema"}))
def test_every_finding_changes_the_film(finding):
    for patient in range(5):
        body = thorax.build(np.random.default_rng(patient))
        with_it, boxes = chest.chest(body, [finding], np.random.default_rng(7), patient)
        without, none = chest.chest(body, [], np.random.default_rng(7), patient)
        assert none == {}
        assert set(boxes) == {finding} & set(chest_findings.SHAPES)
        assert np.abs(with_it.astype(int) - without).max() > 10


def test_the_box_holds_the_change():
    body = thorax.build(np.random.default_rng(1))
    for patient in range(10):
        with_it, boxes = chest.chest(body, ["Mass"], np.random.default_rng(7), patient)
        without, _ = chest.chest(body, [], np.random.default_rng(7), patient)
        left, top, width, height = boxes["Mass"]
        changed = np.abs(with_it.astype(int) - without)
        inside = changed[top : top + height, left : left + width].sum()
        assert inside > 0.6 * changed.sum()


def test_lesions_stay_in_place_over_follow_ups():
    body = thorax.build(np.random.default_rng(1))
    boxes = [
        chest.chest(body, ["Hernia", "Mass"], np.random.default_rng(visit), 5)[1]
        for visit in range(4)
    ]
    for finding in ("Hernia", "Mass"):
        spread = np.ptp([box[finding][:2] for box in boxes], axis=0)
        assert spread.max() < 16  # posture moves them by some pixels


@pytest.mark.parametrize("part", sorted(bone.BONES))
def test_every_injury_changes_every_part(part):
    patient = bone.limb(np.random.default_rng(0))
    for injury in bone.INJURIES:
        hurt, whole = (
            bone.bone(part, patient, word, np.random.default_rng(3), (120, 100))
            for word in (injury, "")
        )
        assert hurt.shape == (120, 100)
        assert np.abs(hurt.astype(int) - whole).max() > 15


def test_a_patients_films_are_each_others_nearest(phantoms):
    """A split that leaks patients would be rewarded, as on real films."""
    data = ChestXray14(str(phantoms[ChestXray14]))
    table = data.table()
    table = table[table.groupby("patient")["image"].transform("size") > 1]
    features = films(data, table["image"], 32)
    features -= features.mean(axis=1, keepdims=True)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    likeness = features @ features.T - 2 * np.eye(len(features))
    patient = table["patient"].to_numpy()
    hits = (patient[likeness.argmax(axis=1)] == patient).mean()
    chance = np.mean([(patient == p).sum() - 1 for p in patient]) / (len(patient) - 1)
    assert hits > max(0.3, 10 * chance)


def test_a_bone_patients_films_share_their_texture(phantoms):
    data = Mura(str(phantoms[Mura]))
    table = data.table()
    tone = np.array([np.percentile(data.files.read(i), [5, 50, 95]) for i in table["image"]])
    spread = table.assign(tone=tone[:, 1]).groupby("study")["tone"]
    assert spread.std().mean() < 0.7 * tone[:, 1].std()


def test_hernia_can_be_learned_but_not_from_the_grey_alone():
    """AUROC of a linear rule on the region behind the heart, against one on tone."""
    region, tone, labels = [], [], []
    for patient in range(300):
        rng = np.random.default_rng([11, patient])
        labels.append(patient % 2)
        seen = ["Hernia"] if patient % 2 else []
        film, _ = chest.chest(thorax.build(rng), seen, rng, patient)
        low = film[64:112, 40:92].astype(np.float32)
        edges = np.abs(np.diff(low, 2, axis=0))
        region.append(cv2.resize(edges, (10, 10), interpolation=cv2.INTER_AREA).ravel())
        tone.append([film.mean(), film.std()])
    for features, low, high in ((region, 0.6, 1.0), (tone, 0.3, 0.66)):
        features = np.array(features)
        features = (features - features.mean(0)) / features.std(0)
        fitted = LogisticRegression(C=0.01).fit(features[:210], labels[:210])
        score = roc_auc_score(labels[210:], fitted.decision_function(features[210:]))
        assert low < score < high


def test_the_default_chest_phantom_feeds_a_balanced_draw_of_200():
    """105 hernias in train_val, still after 10 % of the patients went to validation."""
    patients = ChestXray14("x").phantom_patients
    train = patients - max(1, patients // 4)
    with_hernia = round(0.16 * train)
    # 1.8 films per patient on average; the spread of the mean is far below 0.2.
    assert 0.9 * with_hernia * 1.6 > 105


def test_primitives():
    x, y = drawing.grid(10, 20)
    assert x.shape == y.shape == (10, 20)
    np.testing.assert_allclose([x.min(), x.max(), y.min(), y.max()], [-1.9, 1.9, -0.9, 0.9], 1e-6)
    ramp = drawing.edge(np.linspace(-2, 2, 9), 2.0)
    np.testing.assert_allclose(ramp, [0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 1])
    deep = drawing.disc(np.array([0.0, 1.0, 2.0]), np.zeros(3), (0.0, 0.0), (1.0, 1.0))
    np.testing.assert_allclose(deep, [1, 0, -1])
    far = drawing.stroke(np.array([0.0, 3.0]), np.array([2.0, 0.0]), (-1.0, 0.0), (1.0, 0.0))
    np.testing.assert_allclose(far, [2, 2])


def test_fluid_that_does_not_show_has_no_box():
    """In one body of some thousands a little fluid lies below the flat lungs of emphysema."""
    body = thorax.build(np.random.default_rng([0, 14, 1216]))
    for lesions, seen in ((1216, []), (0, ["Effusion"])):
        rng = np.random.default_rng(1)
        _, boxes = chest.chest(body, ["Effusion", "Emphysema"], rng, lesions)
        assert list(boxes) == seen

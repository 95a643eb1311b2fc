"""What MedMNIST's twelve two-dimensional data sets are.

A test holds this table against the installed medmnist package, release 3. The published results
are those of a ResNet-18 on 28 px, table 3 of Yang et al., Scientific Data 2023 (AUC, accuracy).
"""

from dataclasses import dataclass

from medsmall.task import Task

ORGANS = [
    "bladder", "femur_left", "femur_right", "heart", "kidney_left", "kidney_right", "liver",
    "lung_left", "lung_right", "pancreas", "spleen",
]  # fmt: skip
KERMANY = "Kermany et al., Cell 2018"
LITS = "LiTS, Bilic et al., Medical Image Analysis 2023; organs of Xu et al., IEEE TMI 2019"


@dataclass(frozen=True)
class Flag:
    """One data set of MedMNIST.

    `labels` are in the order of the released numbers 0, 1, ... (multiclass) or columns
    (multilabel); of a binary one the single label has the number `positive`.
    """

    title: str
    labels: list[str]
    task: Task
    modality: str
    channels: int
    images: tuple[int, int, int]  # train, val, test
    source: str
    published_auc: float
    published_accuracy: float
    licence: str = "CC BY 4.0"
    positive: int = 1


FLAGS = {
    "pathmnist": Flag(
        "PathMNIST",
        [
            "adipose", "background", "debris", "lymphocytes", "mucus", "smooth_muscle",
            "normal_colon_mucosa", "cancer_associated_stroma", "adenocarcinoma_epithelium",
        ],
        Task.MULTICLASS, "histology", 3, (89_996, 10_004, 7_180),
        "patches of Kather et al., PLOS Medicine 2019", 0.983, 0.907,
    ),
    "chestmnist": Flag(
        "ChestMNIST",
        [
            "atelectasis", "cardiomegaly", "effusion", "infiltration", "mass", "nodule",
            "pneumonia", "pneumothorax", "consolidation", "edema", "emphysema", "fibrosis",
            "pleural", "hernia",
        ],
        Task.MULTILABEL, "chest x-ray", 1, (78_468, 11_219, 22_433),
        "films of ChestX-ray14, Wang et al., CVPR 2017", 0.768, 0.947,
    ),
    "dermamnist": Flag(
        "DermaMNIST", ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"],
        Task.MULTICLASS, "skin", 3, (7_007, 1_003, 2_005),
        "images of HAM10000, Tschandl et al., Scientific Data 2018", 0.917, 0.735,
        licence="CC BY-NC 4.0",
    ),
    "octmnist": Flag(
        "OCTMNIST",
        ["choroidal_neovascularization", "diabetic_macular_edema", "drusen", "normal"],
        Task.MULTICLASS, "oct", 1, (97_477, 10_832, 1_000), f"scans of {KERMANY}", 0.943, 0.743,
    ),
    "pneumoniamnist": Flag(
        "PneumoniaMNIST", ["pneumonia"], Task.BINARY, "chest x-ray", 1, (4_708, 524, 624),
        f"films of {KERMANY}", 0.944, 0.854,
    ),
    "retinamnist": Flag(
        "RetinaMNIST", ["grade_0", "grade_1", "grade_2", "grade_3", "grade_4"],
        Task.MULTICLASS, "retina", 3, (1_080, 120, 400),
        "photographs of DeepDRiD, Liu et al., Patterns 2022", 0.717, 0.524,
    ),
    "breastmnist": Flag(
        "BreastMNIST", ["malignant"], Task.BINARY, "ultrasound", 1, (546, 78, 156),
        "images of Al-Dhabyani et al., Data in Brief 2020", 0.901, 0.863, positive=0,
    ),
    "bloodmnist": Flag(
        "BloodMNIST",
        [
            "basophil", "eosinophil", "erythroblast", "immature_granulocytes", "lymphocyte",
            "monocyte", "neutrophil", "platelet",
        ],
        Task.MULTICLASS, "cells", 3, (11_959, 1_712, 3_421),
        "images of Acevedo et al., Data in Brief 2020", 0.998, 0.958,
    ),
    "tissuemnist": Flag(
        "TissueMNIST",
        [
            "collecting_duct", "distal_convoluted_tubule", "glomerular_endothelial_cells",
            "interstitial_endothelial_cells", "leukocytes", "podocytes",
            "proximal_tubule_segments", "thick_ascending_limb",
        ],
        Task.MULTICLASS, "cells", 1, (165_466, 23_640, 47_280),
        "cells of BBBC051, Woloshuk et al., Cytometry A 2021", 0.930, 0.676,
    ),
    "organamnist": Flag(
        "OrganAMNIST", ORGANS, Task.MULTICLASS, "ct", 1, (34_561, 6_491, 17_778),
        f"axial slices of {LITS}", 0.997, 0.935,
    ),
    "organcmnist": Flag(
        "OrganCMNIST", ORGANS, Task.MULTICLASS, "ct", 1, (12_975, 2_392, 8_216),
        f"coronal slices of {LITS}", 0.992, 0.900,
    ),
    "organsmnist": Flag(
        "OrganSMNIST", ORGANS, Task.MULTICLASS, "ct", 1, (13_932, 2_452, 8_827),
        f"sagittal slices of {LITS}", 0.972, 0.782,
    ),
}  # fmt: skip

"""Usual column names in the tables of clinics."""

import re

from medsmall.dataset.own.classes import plain_letters

# In English, German, French, Spanish, Italian, Portuguese and Dutch, as `words_of` writes them:
# lower case, no accents, _ between words. For groups that a split must keep together, the most
# specific names come first.
PATIENTS = (
    r"patient|pazient|pacient|subject|sujet|sujeto|soggetto|participant|teilnehmer|proband|person|"
    r"mrn|p_?id|pat|nhc|ipp|historia_clinica|prontuario",
    r"case|fall|caso|cas|casus|dossier|aufnahme",
    r"lesion|lasion|lesao|lesione|laesie",
    r"slide|specimen|animal|donor|objekttrager|praparat",
    r"study|exam|accession|untersuchung|estudio|esame|onderzoek",
)
# What an identifier is called beside its patient: patient_id, Pat.-Nr., StudyInstanceUID
IDENTIFIER = (
    r"ids?|idx|index|uid|uuid|guid|nr|no|n|num|nummer|number|numero|code|key|hash|kennung|kurzel|"
    r"identifier|identifiant|identificador|pseudonym\w*|anon\w*"
)
NAMES = r"name|nom|nombre|nome|naam"  # of a patient; that of an examination is a kind
FILLERS = r"instance|unique|original|s|de|du|del|do|des|of|von|der"
# Words in the name of a column about patients that make it one of something else
NO_PATIENT = (
    r"gewicht|weight|poids|peso|grosse|groesse|height|taille|altezza|lengte|bmi|status|position|"
    r"location|orient|comment|kommentar|bemerkung|note|description|date|datum|fecha|birth|time|"
    r"zeit|room|raum|zimmer|scanner|device|gerat|type|typ|kind|class|klasse|categor|kategorie|"
    r"hospital|klinik|site|country|region|city|history|group|gruppe|(?<!ac)count|anzahl|zahl|size|"
    r"quality|physician|species|issuer|gender|sex|alter|(^|_)(age|race|ethnic|arm|mm|cm|kg)($|_)"
)
AGE = r"(^|_|patient|patienten)(?<!bone_)(ages?|alter|edad|eta|idade|leeftijd)($|_)"
# Groups of ages; age_m may be in months, or of men
NO_AGE = r"group|grupp?[eo]|class|klasse|clase|band|range|bin($|_)|categor|kategorie|cat$|_[mwd]$"
SEX = r"(^|_|patient|patienten)(sex|sesso|gender|geschl|genre|gener[eo]|gesl(acht)?($|_))"
VIEW = (
    r"(^|_)(view|projection|projektion|strahlengang|ansicht|incidence|incidencia|proyeccion|vista|"
    r"proiezione|projecao|projectie)($|_)"
)
LABEL = (
    r"label|class|diagnos|^dx$|target|finding|categor|grade|outcome|patholog|score|^y$|malign|"
    r"befund|klasse|^clase|kategorie|dignitat|pathologie|patolog|hallazgo|reperto|achado|bevinding"
)
NO_LABEL = (
    r"^unnamed|^index$|^id$|_id$|^no$|width|height|date|time|file|path|comment|note|spacing|"
    r"^male$|^female$|laterality|^side$|follow|fold|seed|site|hospital|device|manufacturer|"
    r"datum|fecha|^data$|uhrzeit|bemerkung|kommentar|remarque|observa|notiz|breite|hohe|pfad|"
    r"fichier|archivo|gerat|hersteller|klinik|krankenhaus|^seite$|^cote$|^lado$|^lato$|^zijde$|"
    r"^age_?(group|class|band|range|bin|cat)|alters(gruppe|klasse)"
)


def like(pattern: str, name: str) -> bool:
    """Whether the name of a column is like one of those patterns."""
    return bool(re.search(pattern, words_of(name)))


def names_patients(name: str, kind: int) -> bool:
    """Whether a column is named like `PATIENTS[kind]`, as a word of its own: no personnel."""
    return like(_noun(kind), name)


def identifies(name: str, kind: int) -> bool:
    """Whether it is named like that, and like nothing else: `patient`, `Pat.-Nr.`, `subject_id`."""
    rest = re.sub(_noun(kind), "", words_of(name))
    allowed = f"{IDENTIFIER}|{FILLERS}" + f"|{NAMES}" * (kind == 0)
    return names_patients(name, kind) and bool(
        re.fullmatch(rf"(_|(?<![a-z])({allowed})(?![a-z]))*", rest)
    )


def has_identifier(name: str) -> bool:
    """Whether one of its words is an identifier: `id` in `breast_case_id`."""
    return like(rf"(^|_)({IDENTIFIER})($|_)", name)


def words_of(name: str) -> str:
    """The name in lower case without accents, with _ between its words: `PatID` is `pat_id`."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"\W+", "_", plain_letters(apart)).strip("_")


def _noun(kind: int) -> str:
    """The word alone, with the ending of a plural or compound, or with its identifier attached."""
    attached = f"{IDENTIFIER}|{NAMES}"
    return rf"(?<![a-z])(id|nr?)?({PATIENTS[kind]})(e?[ns]|e)?({attached})?(?![a-z])"

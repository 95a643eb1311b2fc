"""Usual column names in the tables of clinics."""

import re

from medsmall.dataset.own.classes import plain_letters

# In English, German, French, Spanish, Italian, Portuguese and Dutch, as `like` writes them: lower
# case, no accents, _ between words. For groups that a split must keep together, the most
# specific names come first.
PATIENTS = (
    r"patient|pazient|pacient|subject|sujet|sujeto|soggetto|participant|teilnehmer|proband|person|"
    r"mrn|^pid$|^pat(_?(id|no|nr|num|nummer))?$|^nhc$|^ipp$|historia_clinica|prontuario",
    r"^(case|fall|caso|cas|casus)(_?(id|no|nr|num|nummer))?$|fallnummer|"
    r"^n(o|r|um|umero)?_(du_|de_|del_|do_)?(cas|caso|dossier)$|aufnahmenummer",
    r"lesion|lasion|lesao|laesie",
    r"slide|specimen|animal|donor|objekttrager|praparat",
    r"study|exam|accession|untersuchung|estudio|esame|onderzoek",
)
# Words in the name of a column about patients that make it one of something else
NO_PATIENT = (
    r"gewicht|weight|poids|peso|grosse|groesse|height|taille|altezza|lengte|bmi|status|position|orient|"
    r"comment|kommentar|note|date|datum|fecha|time|zeit|room|raum|scanner|device|gerat|type|typ|"
    r"name_of_hospital|history|group|gruppe|count|anzahl|zahl"
)
AGE = r"(^|_|patient|patienten)(?<!bone_)(ages?|alter|edad|eta|idade|leeftijd)($|_)"
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
    r"fichier|archivo|gerat|hersteller|klinik|krankenhaus|^seite$|^cote$|^lado$|^lato$|^zijde$"
)


def like(pattern: str, name: str) -> bool:
    """Whether the name of a column is like one of those patterns."""
    return bool(re.search(pattern, re.sub(r"\W+", "_", plain_letters(name)).strip("_")))

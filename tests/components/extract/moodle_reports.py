"""Moodle's reports as a small site would export them in several languages, for tests to write."""

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import openpyxl

Row = Sequence[str]

ENGLISH = (
    "Time", "User full name", "Affected user", "Event context", "Component", "Event name", "Description", "Origin",
    "IP address",
)  # fmt: skip
NAMES = {"7": ("Åsa", "Öberg"), "8": ("Jean-Luc", "O’Connor"), "9": ("María José", "Peña"), "2": ("Greta", "Teacher")}
ADDRESSES = {"7": "192.0.2.17", "8": "198.51.100.8", "9": "2001:db8::99", "2": "203.0.113.2"}
MAILS = {user: f"{first[:3].lower()}.{user}@students.example.edu" for user, (first, _) in NAMES.items()}
MOMENTS = [datetime(2024, 9, day, hour, 5, 33) for day, hour in ((2, 0), (2, 9), (3, 12), (13, 14), (27, 23))]


@dataclass(frozen=True)
class Language:
    """How a site in a language writes: titles, words, and a time."""

    log: Row
    course: str
    forum: str
    viewed: str
    quiz: str
    submitted: str
    system: str
    seen: str
    grades: Row
    month: str
    form: str

    def time(self, at: datetime) -> str:
        half = "PM" if at.hour >= 12 else "AM"
        parts = {"d": at.day, "m": at.month, "y": at.year, "M": self.month, "H": at.hour, "h": at.hour % 12 or 12}
        return self.form.format(**parts, yy=at.year % 100, i=at.minute, s=at.second, half=half, half_es=half[0].lower())


LANGUAGES = {
    "English, short": Language(
        ENGLISH, "Course", "Forum", "Course module viewed", "Quiz", "Quiz attempt submitted", "System", "Course viewed",
        ("First name", "Last name", "ID number", "Email address", "Quiz: Week 1 (Real)", "Course total (Real)"),
        "September", "{d}/{m:02}/{yy:02}, {H:02}:{i:02}:{s:02}",
    ),
    "English, in words": Language(
        ENGLISH, "Course", "Forum", "Course module viewed", "Quiz", "Quiz attempt submitted", "System", "Course viewed",
        ("First name", "Surname", "ID number", "Email address", "Quiz: Week 1 (Real)", "Course total (Real)"),
        "September", "{d} {M} {y}, {h}:{i:02}:{s:02} {half}",
    ),
    "American": Language(
        ENGLISH, "Course", "Forum", "Course module viewed", "Quiz", "Quiz attempt submitted", "System", "Course viewed",
        ("First name", "Last name", "ID number", "Email address", "Quiz: Week 1 (Real)", "Course total (Real)"),
        "September", "{m}/{d:02}/{yy:02}, {h}:{i:02}:{s:02}\N{NARROW NO-BREAK SPACE}{half}",
    ),
    "German": Language(
        ("Zeit", "Vollständiger Name", "Betroffene/r Nutzer/in", "Ereigniskontext", "Komponente", "Ereignisname",
         "Beschreibung", "Herkunft", "IP-Adresse"),
        "Kurs", "Forum", "Kursmodul angezeigt", "Test", "Testversuch eingereicht", "System", "Kurs angezeigt",
        ("Vorname", "Nachname", "ID-Nummer", "E-Mail-Adresse", "Test: Woche 1 (Punkte)", "Kurs gesamt (Punkte)"),
        "September", "{d}. {M} {y}, {H:02}:{i:02}:{s:02}",
    ),
    "French": Language(
        ("Heure", "Nom complet de l’utilisateur", "Utilisateur concerné", "Contexte de l’événement", "Composant",
         "Nom de l’événement", "Description", "Origine", "Adresse IP"),
        "Cours", "Forum", "Module de cours consulté", "Test", "Tentative de test envoyée", "Système", "Cours consulté",
        ("Prénom", "Nom de famille", "Numéro d’identification", "Adresse de courriel", "Test : S1 (Brut)",
         "Total du cours (Brut)"),
        "sept.", "{d} {M} {yy:02}, {H:02}:{i:02}:{s:02}",
    ),
    "Spanish": Language(
        ("Hora", "Nombre completo del usuario", "Usuario afectado", "Contexto del evento", "Componente",
         "Nombre evento", "Descripción", "Origen", "Dirección IP"),
        "Curso", "Foro", "Módulo de curso visto", "Cuestionario", "Intento enviado", "Sistema", "Curso visto",
        ("Nombre", "Apellido(s)", "Número de ID", "Dirección de correo", "Cuestionario: S1 (Real)",
         "Total del curso (Real)"),
        "septiembre", "{d} de {M} de {y}, {h:02}:{i:02}:{s:02} {half_es}. m.",
    ),
    "Italian": Language(
        ("Data/Ora", "Nome completo dell'utente", "Utente coinvolto", "Contesto dell'evento", "Componente", "Evento",
         "Descrizione", "Origine", "Indirizzo IP"),
        "Corso", "Forum", "Visualizzazione modulo corso", "Quiz", "Consegna tentativo quiz", "Sistema",
        "Visualizzazione corso",
        ("Nome", "Cognome", "Codice identificativo", "Indirizzo email", "Quiz: S1 (Punteggio)",
         "Totale corso (Punteggio)"),
        "settembre", "{d}/{m:02}/{yy:02}, {H:02}:{i:02}:{s:02}",
    ),
    "Portuguese": Language(
        ("Data e hora", "Nome completo do utilizador", "Utilizador afetado", "Contexto do evento", "Componente",
         "Nome do evento", "Descrição", "Origem", "Endereço IP"),
        "Disciplina", "Fórum", "Módulo de disciplina visualizado", "Teste",
        "Tentativa de resposta ao teste submetida", "Sistema", "Disciplina visualizada",
        ("Nome", "Apelido", "Número de identificação (ID)", "E-mail", "Teste: S1 (Real)",
         "Total da disciplina (Real)"),
        "setembro", "{d} de {M} de {y} às {H:02}:{i:02}:{s:02}",
    ),
}  # fmt: skip
FIRST = LANGUAGES["English, short"]


def log(language: Language = FIRST, moments: Iterable[datetime] = MOMENTS, users: Iterable[str] = NAMES) -> list[Row]:
    """A log report: at each moment every user sees the course and a forum, and hands in a quiz; then the cron runs."""
    rows: list[Row] = [language.log]
    for at in moments:
        for user in users:
            rows += [_row(language, at, user, *act) for act in _acts(language, user)]
    return [*rows, (language.time(MOMENTS[-1]), "-", "-", "System", language.system, "Tidied", "", "cli", "")]


def gradebook(language: Language = FIRST, totals: Sequence[str] = ("39.50", "62.00", "88.25")) -> list[Row]:
    """A grade book of the three learners, the second with the last name first."""
    rows: list[Row] = [language.grades]
    for user, total in zip(("7", "8", "9"), totals, strict=True):
        rows.append((*NAMES[user], f"M{user}000", MAILS[user], "5.00", total))
    return rows


def write(path: Path, rows: Iterable[Row], delimiter: str = ",") -> Path:
    """Write a report as its name says: `.csv`, `.csv.gz`, `.xlsx`, `.json`, ... Returns the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        workbook = openpyxl.Workbook(write_only=True)
        sheet = workbook.create_sheet()
        for row in rows:
            sheet.append(list(row))
        workbook.save(path)
        return path.parent
    if path.suffix == ".json":
        path.write_text(json.dumps(in_json(rows), ensure_ascii=False, indent=4), encoding="utf-8")
        return path.parent
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8-sig", newline="") as text:
        csv.writer(text, delimiter=delimiter).writerows(rows)
    return path.parent


def in_json(rows: Iterable[Row]) -> list[list[dict[str, str]]]:
    """What Moodle's JSON download has: of a title what is neither a letter of ASCII nor a digit is gone."""
    titles, *others = rows
    keys = ["".join(filter(str.isalnum, title.encode("ascii", "ignore").decode())).lower() for title in titles]
    return [[dict(zip(keys, row, strict=True)) for row in others]]


def _acts(language: Language, user: str) -> list[tuple[str, str, str, str]]:
    who = f"The user with id '{user}'"
    week = "course module id '12'"
    return [
        (f"{language.course}: Statistics", language.system, language.seen, f"{who} viewed the course with id '5'."),
        ("News", language.forum, language.viewed, f"{who} viewed the 'forum' activity with {week}."),
        ("Week 1", language.quiz, language.submitted, f"{who} has submitted the attempt with id '3' with {week}."),
    ]


def _row(language: Language, at: datetime, user: str, *act: str) -> Row:
    return (language.time(at), " ".join(NAMES[user]), "-", *act, "web", ADDRESSES[user])

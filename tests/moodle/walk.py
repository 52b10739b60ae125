"""A teacher and a learner walk through every page in a real browser; it prints what it saw as JSON, a line a page.

It runs in an environment of its own, with what requirements/browser.txt locks: walk.py SITE AXE OUT IDS
Where the ids have `insights` or `archive`, it looks at a prediction of Moodle's own analytics, or installs the archive.
"""

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

WIDTHS = (1280, 390)
PASSWORD = "Earlybell.1"  # noqa: S105  of a site that lives as long as the test
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
AXE = """async (rules) => {
    const found = await axe.run(document.querySelector('#region-main') || document, {runOnly: rules});
    return found.violations.map(v => `${v.id} (${v.impact}): ${v.nodes[0].html}`);
}"""
SECONDS = 60_000  # milliseconds that a page may take
INSTALL_SECONDS, INSTALL_PAGES = 180_000, 6  # of an installation: milliseconds of a page, and pages at most


def button(words: str) -> str:
    """What finds a button by its words."""
    return f"input[value='{words}'], button:has-text('{words}')"


def say(**seen: Any) -> None:
    """One line of what it saw."""
    print(json.dumps(seen), flush=True)  # noqa: T201


class Walk:
    """One user in one window.

    Attributes:
        page: what the user sees.
    """

    def __init__(self, context: BrowserContext, site: str, axe: str, out: Path, width: int) -> None:
        self._context, self._site, self._axe, self._out, self._width = context, site, axe, out, width
        context.set_default_timeout(SECONDS)
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: say(javascript=str(error)))

    def log_in(self, name: str, password: str = PASSWORD) -> None:
        """By two requests: a click on the form races with its redirects."""
        form = self._context.request.get(f"{self._site}/login/index.php").text()
        token = re.search(r'name="logintoken" value="(\w+)"', form)
        assert token
        sent = {"username": name, "password": password, "logintoken": token.group(1)}
        answer = self._context.request.post(f"{self._site}/login/index.php", form=sent)
        assert "loginerrormessage" not in answer.text(), name

    def go(self, path: str) -> None:
        self.page.goto(f"{self._site}{path}")

    def see(self, name: str, *texts: str) -> None:
        """Look at the page: it has these texts, is not wider than the window, and axe finds nothing."""
        self.page.wait_for_load_state("load")
        text = self.page.inner_text("#page")
        for expected in texts:
            assert expected in text, f"{name}: {expected!r} is not in {text!r}"
        self.page.evaluate(self._axe)
        seen: dict[str, Any] = {
            "page": f"{name}-{self._width}",
            "axe": self.page.evaluate(AXE, RULES),
            "overflow": self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"),
        }
        self.shoot(name)
        say(**seen)

    def shoot(self, name: str) -> None:
        self.page.screenshot(path=self._out / f"{name}-{self._width}.png", full_page=True)

    def click(self, selector: str) -> None:
        self.page.click(selector)
        self.page.wait_for_load_state("load")

    def act(self, card: int, word: str) -> None:
        """Choose one of the other actions of a card."""
        where = f".local_earlybell-card:nth-of-type({card})"
        self.click(f"{where} summary")
        self.click(f"{where} details a:has-text('{word}')")

    def submit(self, words: str) -> None:
        self.click(button(words))


def teacher(walk: Walk, ids: dict[str, Any], acting: bool) -> None:
    """A teacher looks, and on one of the widths does everything that there is to do."""
    course = ids["course"]
    walk.log_in("teacher")
    walk.go(f"/course/view.php?id={course}")
    view = f"/local/earlybell/view.php?id={course}"
    if acting:
        if not walk.page.locator("nav a:has-text('Learners at risk')").first.is_visible():
            walk.page.click(".secondary-navigation [data-region='morebutton'] > a")  # where not all tabs have room
        walk.click("nav a:has-text('Learners at risk')")  # a tab of the course
    else:
        walk.go(view)
    walk.see(
        "today",
        "learners to look at first",
        "A risk is a reason to ask",
        "in 10 with such records",
        "due soon".capitalize(),
    )
    walk.go(f"{view}&tab=all")
    walk.page.wait_for_selector(".reportbuilder-report table")
    walk.see("all", "High risk (", "In this band since" if acting else "Last message")
    walk.page.check(".reportbuilder-report input[name='users[]'] >> nth=0")
    walk.submit("Write to those chosen")
    assert walk.page.locator("input[type=checkbox][name^='to[']").count() == 1
    walk.submit("Preview")
    walk.see("several", "Write to several learners", "Kind regards", "Tara Teach")
    walk.go(f"{view}&tab=trust")
    walk.see("trust", "false alarms", "are to be expected to fail or leave")
    walk.click("a:has-text('Begin, look at or end a trial')")
    walk.see("trial", "Never held out is whoever")
    walk.submit("Begin a trial")
    walk.see("trial-sure", "Begin a trial?", "Cancel")
    walk.go(view)
    walk.click(".local_earlybell-card h4 a")
    walk.see("learner", "Week by week", "Essay: regression", "The smallest change")
    walk.go(view)
    walk.click(".local_earlybell-card:nth-of-type(1) .btn-primary")
    if not acting:
        walk.see("message", "Message to")
        return
    walk.submit("Preview")
    walk.see("preview", "Kind regards", "Tara Teach")
    walk.submit("Send")
    walk.see("sent", "goes in a minute", "Just done", "Tara Teach wrote a message, just now", "(not sent yet)")
    walk.click(".local_earlybell-just button:has-text('Undo')")
    walk.see("undone", "It is taken back")
    walk.click(".local_earlybell-card:nth-of-type(1) .btn-primary")
    walk.submit("Send")
    walk.act(2, "Add a note")
    walk.page.fill("textarea[name=text]", "Works at night, sees nobody by day.")
    walk.submit("Save")
    walk.act(2, "Set a task")
    walk.page.fill("textarea[name=text]", "Call on Monday")
    walk.submit("Save")
    walk.act(3, "Snooze")
    walk.submit("Snooze")
    walk.act(3, "Dismiss")
    walk.page.select_option("select[name=reason]", "knownabsence")
    walk.submit("Dismiss")
    walk.act(3, "This is wrong")
    walk.page.fill("textarea[name=text]", "Hands in on paper.")
    walk.submit("Save")
    walk.page.click("summary:has-text('Snoozed or dismissed')")
    walk.see(
        "acted",
        "snoozed until",
        "dismissed: the absence is known",
        "said that this is wrong",
        "noted something",
        "set a task",
    )


def learner(walk: Walk, ids: dict[str, Any], name: str, acting: bool) -> None:
    """A learner reads, contests, opts out and comes back."""
    walk.log_in(name)
    walk.go(f"/local/earlybell/mine.php?id={ids['course']}")
    helps = ["What would help"] if acting else []
    walk.see("mine", *helps, "Your work", "Reminders", "Tara Teach looked at", "Opt out")
    assert "%" not in walk.page.inner_text("#region-main")
    assert "Learners at risk" not in walk.page.inner_text("#page")
    if not acting:
        return
    walk.page.fill("textarea[name=text]", "I was ill, and am back.")
    walk.submit("Contest it")
    walk.see("contested", "Your teachers will read it", "I was ill, and am back.")
    walk.submit("Opt out")
    walk.see("out", "You have opted out")
    walk.submit("Opt in again")
    walk.see("in", "You have opted in again")


def arabic(walk: Walk, ids: dict[str, Any]) -> None:
    """The same from right to left."""
    walk.log_in("teacher")
    walk.go(f"/local/earlybell/view.php?id={ids['course']}&lang=ar")
    assert walk.page.get_attribute("html", "dir") == "rtl"
    walk.see("today-ar", "متعلمون بحاجة إلى دعم", "إجراءات أخرى")
    walk.click(".local_earlybell-card h4 a")
    walk.see("learner-ar", "أسبوعًا بأسبوع")


def quiz(walk: Walk, ids: dict[str, Any], name: str) -> None:
    """A learner takes a quiz."""
    walk.log_in(name)
    walk.go(f"/mod/quiz/view.php?id={ids['quiz']}")
    walk.submit("Attempt quiz")
    while "/attempt.php" in walk.page.url:  # a page of questions after the other, then the summary
        for choice in walk.page.locator(".answer input[type=radio][value='1']").all():
            choice.check()
        with walk.page.expect_navigation():
            walk.page.click("input[name=next]")
    walk.page.click("button:has-text('Submit all and finish')")
    with walk.page.expect_navigation():
        walk.page.click(".modal-dialog button:has-text('Submit all and finish')")
    say(submitted=time.time())


def insights(walk: Walk, path: str) -> None:
    """A teacher is told of a prediction of Moodle's own analytics, and looks at it: no other's page is measured."""
    walk.log_in("analyst")
    walk.go("/message/output/popup/notifications.php")
    walk.page.wait_for_selector("text=Students at risk in")  # the list comes after the page
    walk.go(path)
    walk.page.wait_for_load_state("load")
    text = walk.page.inner_text("#page")
    assert "Students at risk of dropping out" in text, text
    assert "Sample" in text, text
    walk.shoot("insights")
    say(insights=text)


def archive(walk: Walk, path: str) -> None:
    """An administrator uploads an archive, and presses what goes on until Moodle shows the plugin's settings."""
    page = walk.page
    page.set_default_timeout(INSTALL_SECONDS)
    walk.log_in("admin", "Admin.1234")
    walk.go("/admin/tool/installaddon/index.php")
    page.click("input.fp-btn-choose")
    page.click(".fp-repo-area .fp-repo:has-text('Upload a file')")
    page.set_input_files("input[name=repo_upload_file]", path)
    page.click("button.fp-upload-btn")
    page.wait_for_selector(f".filepicker-filename:has-text('{Path(path).name}')")
    page.click("#id_submitbutton")
    page.wait_for_selector("text=Validation")
    walk.shoot("install-validation")
    for _ in range(INSTALL_PAGES):
        with page.expect_navigation():
            page.locator(", ".join(map(button, ("Upgrade Moodle database now", "Continue")))).first.click()
        if page.get_by_text("New settings").count():
            break
    walk.shoot("installed")
    with page.expect_navigation():
        page.locator(button("Save changes")).first.click()
    say(installed=path)


def main(site: str, axe: str, out: str, ids_as_json: str) -> None:
    ids = json.loads(ids_as_json)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)

        def walk(width: int) -> Walk:
            context = browser.new_context(viewport={"width": width, "height": 900})
            return Walk(context, site, Path(axe).read_text(), Path(out), width)

        for name, do in (("insights", insights), ("archive", archive)):
            if name in ids:
                do(walk(WIDTHS[0]), ids[name])
                browser.close()
                return
        for width in WIDTHS:
            teacher(walk(width), ids, width == WIDTHS[0])
            learner(walk(width), ids, ids["contesting"], width == WIDTHS[0])
            arabic(walk(width), ids)
        quiz(walk(WIDTHS[0]), ids, ids["quizzing"])
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

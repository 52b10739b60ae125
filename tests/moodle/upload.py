"""An administrator installs a plugin's archive through Moodle's own page, in a real browser.

It runs in an environment of its own, with what requirements/browser.txt locks: upload.py SITE ARCHIVE OUT
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SECONDS = 180_000  # milliseconds that a page may take
PAGES = 6  # of an installation, at most


def button(words: str) -> str:
    return f"button:has-text('{words}'), input[value='{words}']"


ON = f"{button('Upgrade Moodle database now')}, {button('Continue')}"


def log_in(page: Page, site: str) -> None:
    """By two requests: a click on the form races with its redirects."""
    form = page.request.get(f"{site}/login/index.php").text()
    token = re.search(r'name="logintoken" value="(\w+)"', form)
    assert token
    sent = {"username": "admin", "password": "Admin.1234", "logintoken": token.group(1)}
    answer = page.request.post(f"{site}/login/index.php", form=sent)
    assert "loginerrormessage" not in answer.text()


def upload(page: Page, site: str, archive: str) -> None:
    page.goto(f"{site}/admin/tool/installaddon/index.php")
    page.click(".filepicker-container input.fp-btn-choose, input.fp-btn-choose")
    page.click(".fp-repo-area .fp-repo:has-text('Upload a file')")
    page.set_input_files("input[name=repo_upload_file]", archive)
    page.click("button.fp-upload-btn")
    page.wait_for_selector(f".filepicker-filename:has-text('{Path(archive).name}')")
    page.click("#id_submitbutton")


def install(page: Page, out: Path) -> None:
    """Press what goes on, page after page, until Moodle shows the plugin's settings."""
    page.wait_for_selector("text=Validation")
    page.screenshot(path=out / "install-validation.png", full_page=True)
    for _ in range(PAGES):
        with page.expect_navigation():
            page.locator(ON).first.click()
        if page.get_by_text("New settings").count():
            break
    page.screenshot(path=out / "installed.png", full_page=True)
    with page.expect_navigation():
        page.locator(button("Save changes")).first.click()


def main() -> None:
    site, archive, out = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(SECONDS)
        try:
            log_in(page, site)
            upload(page, site, archive)
            install(page, Path(out))
        except Exception:
            page.screenshot(path=Path(out) / "install-failed.png", full_page=True)
            raise
        browser.close()


if __name__ == "__main__":
    main()

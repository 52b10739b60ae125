"""An administrator installs a plugin's archive through Moodle's own page, in a real browser.

It runs in an environment of its own, with what requirements/browser.txt locks: upload.py SITE ARCHIVE OUT
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SECONDS = 180_000  # milliseconds that a page may take


def log_in(page: Page, site: str) -> None:
    page.goto(f"{site}/login/index.php")
    page.fill("#username", "admin")
    page.fill("#password", "Admin.1234")
    page.click("#loginbtn")
    page.wait_for_url(lambda url: "/login/index.php" not in url)


def upload(page: Page, site: str, archive: str) -> None:
    page.goto(f"{site}/admin/tool/installaddon/index.php")
    page.click(".filepicker-container input.fp-btn-choose, input.fp-btn-choose")
    page.click(".fp-repo-area .fp-repo:has-text('Upload a file')")
    page.set_input_files("input[name=repo_upload_file]", archive)
    page.click("button.fp-upload-btn")
    page.wait_for_selector(f".filepicker-filename:has-text('{Path(archive).name}')")
    page.click("#id_submitbutton")


def install(page: Page, out: Path) -> None:
    """Press what goes on, page after page, until Moodle has nothing more to ask."""
    page.wait_for_selector("text=Validation")
    page.screenshot(path=out / "install-validation.png", full_page=True)
    page.click("button:has-text('Continue'), input[value='Continue']")
    page.wait_for_selector("text=local_earlybell")
    page.screenshot(path=out / "install-check.png", full_page=True)
    page.click("button:has-text('Upgrade Moodle database now'), input[value='Upgrade Moodle database now']")
    page.wait_for_selector("text=Success")
    page.click("button:has-text('Continue'), input[value='Continue']")
    page.wait_for_selector("text=New settings")
    page.click("button:has-text('Save changes'), input[value='Save changes']")
    page.wait_for_load_state("load")
    page.screenshot(path=out / "installed.png", full_page=True)


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

"""Chromium as people have it."""

import csv
import io
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service


class Browser:
    """Chromium, and what it complained about."""

    def __init__(self, downloads: Path) -> None:
        """Start it, without a window."""
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "chromium: make browser"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        # Pages that are kept whole come back by themselves; here they are loaded anew.
        options.add_argument("--disable-features=BackForwardCache")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = Service(shutil.which("chromedriver") or "chromedriver: make browser")
        self.driver = webdriver.Chrome(options=options, service=driver)
        self.downloads = downloads
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def command(self, name: str, **arguments: Any) -> Any:
        """Ask the browser itself."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def _log(self, kind: str) -> Any:
        return self.driver.get_log(kind)  # type: ignore[no-untyped-call]

    def look(self, width: int = 1280, scheme: str = "light") -> None:
        """Be a desk or a phone, light or dark."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media="", features=media)

    def open(self, page: Path, address: str = "") -> float:
        """Load a page afresh until its tables are filled; returns the seconds that it took."""
        self.driver.get("about:blank")
        # A full history forgets pages that nobody has touched, which a script does not count as.
        self.command("Page.resetNavigationHistory")
        self._log("browser")
        self._log("performance")
        started = time.monotonic()
        self.driver.get(page.as_uri() + address)
        self.wait("return document.documentElement.dataset.ready")
        return time.monotonic() - started

    def run(self, script: str) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script)

    def wait(self, script: str) -> Any:
        """Wait until a script returns something."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if found := self.run(script):
                return found
            # 2026-11-21: asks the page again, which has no event to wait for; ends after 20 s.
            time.sleep(0.02)
        raise AssertionError(f"{script} never came true")

    def act(self, script: str) -> None:
        """Do something that filters, and wait until it has."""
        before = self.run("return document.documentElement.dataset.ready")
        self.run(script)
        self.wait(f"return document.documentElement.dataset.ready !== {before!r}")

    def _leave(self, how: Callable[[], object]) -> float:
        address = self.driver.current_url
        started = time.monotonic()
        how()
        self.wait(
            f"return location.href !== {json.dumps(address)} && "
            "document.documentElement.dataset.ready"
        )
        return time.monotonic() - started

    def follow(self, selector: str) -> float:
        """Click a link to another page and wait for it; returns the seconds that it took."""
        click = f"document.querySelector({json.dumps(selector)}).click()"
        return self._leave(lambda: self.run(click))

    def back(self) -> None:
        """Go back as people do, and wait for the page."""
        self._leave(self.driver.back)

    def complaints(self) -> list[str]:
        """What the console says."""
        return [str(entry["message"]) for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """What was asked for since the page was opened."""
        events = [json.loads(e["message"])["message"] for e in self._log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def shown(self, table: str) -> list[dict[str, str]]:
        """All rows of a table that fit filters and search, as the mart has them."""
        rows: list[dict[str, str]] = self.run(
            f"""
            const element = document.querySelector("table[data-name={table}]");
            const table = new DataTable.Api(element);
            const names = table.columns().header().toArray().map(head => head.dataset.column);
            return table.rows({{search: "applied", order: "applied"}}).data().toArray()
                .map(row => Object.fromEntries(names.map((name, place) => [name, row[place]])));
            """
        )
        return rows

    def texts(self, table: str) -> list[list[str]]:
        """What people read on the first page of a table."""
        rows: list[list[str]] = self.run(
            f"return [...document.querySelectorAll('[data-name={table}] tbody tr')]"
            ".map(row => [...row.cells].map(cell => cell.innerText))"
        )
        return rows

    def file(self, table: str, format: str = "csv") -> Path:
        """Download a table."""
        path = self.downloads / f"{table}.{format}"
        path.unlink(missing_ok=True)
        self.run(f"document.querySelector('#{table} [data-download={format}]').click()")
        until = time.monotonic() + 20
        # The name is taken, empty, before the file is complete.
        while not (path.exists() and path.stat().st_size) and time.monotonic() < until:
            # 2026-11-21: the browser writes the file by itself; looked for again, 20 s at most.
            time.sleep(0.02)
        return path

    def download(self, table: str) -> list[list[str]]:
        """Download a table as CSV, and read it."""
        text = self.file(table).read_text("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))

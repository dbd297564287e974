"""The pages at the prompt: find them, or write the page of one client."""

from orchestration.reports.site import ReportError, company_html
from orchestration.settings import Settings


def report(settings: Settings, company: str) -> None:
    """Print where the pages are, or write the page of one company and print where that is.

    Args:
        settings: where the current generation is.
        company: id of the company, or "" for all pages.

    Raises:
        ReportError: there are no pages, or there is no such company.
    """
    current = (settings.marts_dir / "current").resolve()
    pages = current / "reports" / "index.html"
    if not pages.exists():
        raise ReportError(f"There are no pages in {current} yet; `make run` writes them.")
    if not company:
        print(settings.marts_dir / "current" / "reports" / pages.name)  # good for a bookmark
        return
    if not company.isascii() or not company.isdigit():
        raise ReportError(f"COMPANY={company} is not the id of a company, such as 174.")
    html = company_html(current, settings, int(company))
    folder = settings.data_dir / "reports"
    folder.mkdir(mode=0o750, exist_ok=True)
    page = folder / f"company-{int(company)}.html"
    page.write_text(html, encoding="utf-8")
    page.chmod(0o640)
    print(page)

"""What a comparison or a sweep leaves behind: figures, and a page that opens in a browser."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.report.comparison import comparison_report as comparison_report
    from wignercq.report.sweep import sweep_report as sweep_report
    from wignercq.report.write import write_report as write_report

PAGE = "report.html"

export(
    __name__,
    {
        "report.comparison": "comparison_report",
        "report.sweep": "sweep_report",
        "report.write": "write_report",
    },
)

"""What every page of `tck.reports.html` has: how it looks, and what it does."""

from typing import Final

STYLE: Final = """
:root {
  --paper: #f7f8fa; --card: #fff; --ink: #1b2230; --soft: #5a6578; --line: #dde2ea; --code: #f3f5f8;
  --ok: #14713f; --ok-bg: #dff3e6; --bad: #b3202c; --bad-bg: #fde1e1; --warn: #8a5300;
  --warn-bg: #fdeecb; --skip: #4a5a86; --skip-bg: #e3e8f5; --none: #6a7382; --none-bg: #eceef2;
  --mark: #ffe08a; --accent: #2456c7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161e; --card: #1a202b; --ink: #e6eaf2; --soft: #9aa6ba; --line: #2c3544;
    --code: #141a24; --ok: #74d69c; --ok-bg: #17382a; --bad: #ff9a9a; --bad-bg: #4b1d24;
    --warn: #f5c566; --warn-bg: #453312; --skip: #a9b9e6; --skip-bg: #27304a; --none: #8b96a8;
    --none-bg: #222936; --mark: #6b4d00; --accent: #8fb2ff;
  }
}
* { box-sizing: border-box }
html { color-scheme: light dark; scroll-behavior: smooth }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif }
main { max-width: 1160px; margin: 0 auto; padding: 36px 24px 60px }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
.kicker { margin: 0 0 12px; color: var(--soft); font-size: 13px; letter-spacing: .08em;
  text-transform: uppercase }
h1, .report h2 { line-height: 1.25 }
h1 { margin: 0; font-size: 28px; overflow-wrap: anywhere }
h2 { margin: 40px 0 14px; font-size: 20px }
h3, h4 { margin: 0 }
.ok { --tone: var(--ok); --tint: var(--ok-bg) } .bad { --tone: var(--bad); --tint: var(--bad-bg) }
.warn { --tone: var(--warn); --tint: var(--warn-bg) }
.skip { --tone: var(--skip); --tint: var(--skip-bg) }
.none { --tone: var(--none); --tint: var(--none-bg) }
.sign { font-weight: 700; color: var(--tone) }

.verdict { display: flex; gap: 20px; align-items: center; padding: 22px 24px; border-radius: 14px;
  background: var(--card); border: 1px solid var(--line); border-left: 8px solid var(--tone) }
.verdict h2 { margin: 0; font-size: 24px; overflow-wrap: anywhere }
.stamp { flex: none; width: 56px; height: 56px; border-radius: 50%; display: grid;
  place-items: center; font-size: 30px; font-weight: 700; color: var(--tone);
  background: var(--tint) }
.says { margin: 2px 0 0; font-size: 18px; font-weight: 600; color: var(--tone) }
.facts { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 16px 4px 0 }
.facts dt { color: var(--soft); font-size: 13px }
.facts dd { margin: 0; font-variant-numeric: tabular-nums }
.report + .report { margin-top: 72px; padding-top: 40px; border-top: 1px solid var(--line) }
.overview { list-style: none; margin: 20px 0 56px; padding: 0; border: 1px solid var(--line);
  border-radius: 12px; background: var(--card) }
.overview li { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 9px 16px }
.overview li + li { border-top: 1px solid var(--line) }
.overview a { flex: 1 1 20em; color: inherit; text-decoration: none; overflow-wrap: anywhere }
.overview a:hover b { text-decoration: underline } .overview li > span { color: var(--tone) }

.matrix { padding: 18px 20px; border-radius: 14px; background: var(--card);
  border: 1px solid var(--line) }
.chapter { display: grid; grid-template-columns: 132px 1fr; align-items: center; gap: 12px }
.chapter + .chapter { margin-top: 10px }
.chapter h3 { font-size: 15px; font-weight: 500 } .chapter h3 b { color: var(--soft) }
.cells { list-style: none; margin: 0; padding: 0; display: grid; gap: 5px;
  grid-template-columns: repeat(17, minmax(0, 1fr)) }
.cell { border-radius: 7px; background: var(--tint); color: var(--tone); text-align: center;
  font-size: 13px; font-variant-numeric: tabular-nums; border: 1px solid transparent }
.cell.bad { background: var(--bad); color: var(--card); font-weight: 700 }
.cell.bad .sign { color: inherit }
.cell.none { background: none; border: 1px dashed var(--line) }
.cell > .sign, .cell a > .sign { display: block; font-size: 17px; line-height: 1.25 }
.cell { padding: 4px 0 } .cell a { display: block; margin: -4px 0; padding: 4px 0; color: inherit;
  text-decoration: none } .cell:has(a):hover { outline: 2px solid var(--accent) }
.legend { display: flex; flex-wrap: wrap; gap: 6px 22px; list-style: none; margin: 12px 4px 0;
  padding: 0; color: var(--soft); font-size: 14px }

.violation { margin: 0 0 20px; padding: 18px 22px 20px; border-radius: 14px;
  background: var(--card); border: 1px solid var(--line); border-left: 8px solid var(--tone);
  scroll-margin-top: 12px }
.violation:target { outline: 2px solid var(--accent) }
.violation h3 { font-size: 22px } .violation p { margin: 8px 0 }
.word { margin-left: 12px; padding: 3px 10px; border-radius: 99px; font-size: 13px;
  font-weight: 600; vertical-align: 3px; color: var(--tone); background: var(--tint) }
.statement { max-width: 52em } .message { font-weight: 650; font-size: 17px; color: var(--tone);
  overflow-wrap: anywhere }
.found { color: var(--soft); font-size: 14px; overflow-wrap: anywhere }
h4 { margin: 18px 0 6px !important; color: var(--soft); font-size: 13px; font-weight: 600;
  letter-spacing: .06em; text-transform: uppercase }
pre { margin: 0; padding: 14px 16px; overflow-x: auto; border-radius: 9px; font-size: 13px;
  line-height: 1.45; background: var(--code); border: 1px solid var(--line); tab-size: 4 }
mark { background: var(--mark); color: inherit; padding: 1px 0; border-radius: 3px }
details { margin-top: 16px } summary { cursor: pointer; color: var(--accent) }
details p { max-width: 56em }

.filter { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 0 0 12px }
.filter input[type=search] { flex: 1 1 17em; padding: 8px 12px; font: inherit; font-size: 15px;
  color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 9px }
.filter label { padding: 5px 12px; border-radius: 99px; font-size: 14px; cursor: pointer;
  user-select: none; color: var(--tone); background: var(--tint) }
.filter label:has(input:not(:checked)) { background: none; text-decoration: line-through }
.filter input[type=checkbox] { accent-color: var(--tone); margin: 0 2px 0 0; vertical-align: -2px }
.filter output { color: var(--soft); font-size: 14px }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 12px;
  background: var(--card) }
table { width: 100%; border-collapse: collapse; font-size: 14px }
th, td { padding: 7px 12px; text-align: left; vertical-align: top }
th { color: var(--soft); font-weight: 600; font-size: 13px; white-space: nowrap }
tbody tr { border-top: 1px solid var(--line) } tbody tr.bad { background: var(--bad-bg) }
tbody tr.warn { background: var(--warn-bg) }
td code { font-size: 13px; overflow-wrap: anywhere } .outcome, .id { white-space: nowrap }
.outcome { color: var(--tone) } .number { text-align: right; font-variant-numeric: tabular-nums }
.id { font-weight: 600; font-variant-numeric: tabular-nums }
.reason { color: var(--soft); margin-top: 2px; overflow-wrap: anywhere } tr.bad .reason { color: var(--ink) }
.suite { margin-left: 8px; color: var(--soft); font-size: 12px }
footer { margin-top: 48px; color: var(--soft); font-size: 13px }
@media (max-width: 820px) {
  .chapter { grid-template-columns: 1fr; gap: 4px }
  .cells { grid-template-columns: repeat(auto-fill, minmax(46px, 1fr)) }
  main { padding: 20px 14px 40px } .verdict { padding: 16px }
}
@media print { .filter { display: none } .violation { break-inside: avoid } }
"""

SCRIPT: Final = """
for (const bar of document.querySelectorAll(".filter")) {
  const rows = [...document.getElementById(bar.dataset.table).tBodies[0].rows];
  const text = bar.querySelector("input[type=search]"), told = bar.querySelector("output");
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const apply = () => {
    const shown = new Set(boxes.filter(box => box.checked).map(box => box.value));
    const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const rule = row.cells[0].textContent.trim(), all = row.textContent.toLowerCase();
      const fits = word => /^§?\\d+\\.\\d+$/.test(word) ? rule === word.replace("§", "")
        : all.includes(word);
      row.hidden = !(shown.has(row.dataset.outcome) && words.every(fits));
      count += !row.hidden;
    }
    told.textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
  };
  bar.addEventListener("input", apply);
  apply();  // a browser restores what was typed before a reload
}
"""

"""The style sheet of the page: colours as variables, once for light and once for dark."""

STYLE = """
:root {
  --page: #f6f6f3; --card: #ffffff; --line: #e4e3dd; --ink: #191917; --soft: #66655f;
  --bar: #2a78d6; --series0: #2a78d6; --series1: #12875a; --series2: #d1491f; --ring: #191917;
  --level0: #e6eef7; --level1: #c3daf4; --level2: #94bfee; --level3: #5c9ce4; --level4: #2f74c8; --level5: #1d4f93;
  --level6: #0e2f5e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131312; --card: #1c1c1a; --line: #32322f; --ink: #f1f0ea; --soft: #a3a198;
    --bar: #4a92e8; --series0: #5a9df0; --series1: #35b585; --series2: #f07f55; --ring: #f1f0ea;
    --level0: #232a33; --level1: #1d3c61; --level2: #22558e; --level3: #2f74c4; --level4: #5a9bea; --level5: #98c3f6;
    --level6: #dcebfd;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 48px 20px 32px; display: grid; gap: 20px; }
h1 { margin: 0; font-size: clamp(28px, 5vw, 42px); line-height: 1.15; letter-spacing: -0.02em; }
h2 { margin: 0; font-size: 18px; letter-spacing: -0.01em; }
p { margin: 2px 0 0; color: var(--soft); }
section, .tiles > div {
  min-width: 0; padding: 20px; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
}
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 20px; }
.tiles strong { display: block; font-size: 32px; line-height: 1.2; letter-spacing: -0.02em; }
.tiles span { color: var(--soft); font-size: 14px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 20px; }
.column { display: grid; gap: 20px; min-width: 0; }
.chart { margin-top: 16px; overflow-x: auto; }
svg { display: block; width: 100%; height: auto; font-size: 12px; }
svg[aria-label*="every day"] { min-width: 760px; font-size: 11px; }
text { fill: var(--soft); }
text.ink { fill: var(--ink); }
text.end { text-anchor: end; }
text.middle { text-anchor: middle; }
.bar { fill: var(--bar); }
.axis { stroke: var(--soft); }
.grid { stroke: var(--line); }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.line.series0 { stroke: var(--series0); }
.line.series1 { stroke: var(--series1); }
.line.series2 { stroke: var(--series2); }
.dot { stroke: var(--card); stroke-width: 1.5; }
.dot.series0 { fill: var(--series0); }
.dot.series1 { fill: var(--series1); }
.dot.series2 { fill: var(--series2); }
.level0 { fill: var(--level0); background: var(--level0); } .level1 { fill: var(--level1); background: var(--level1); }
.level2 { fill: var(--level2); background: var(--level2); } .level3 { fill: var(--level3); background: var(--level3); }
.level4 { fill: var(--level4); background: var(--level4); } .level5 { fill: var(--level5); background: var(--level5); }
.level6 { fill: var(--level6); background: var(--level6); }
.marked { stroke: var(--ring); stroke-width: 1.5; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 14px; color: var(--soft); font-size: 13px; }
.legend i {
  display: inline-block; width: 12px; height: 12px; margin-right: 6px; border-radius: 3px; vertical-align: -1px;
}
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th { font-weight: 500; color: var(--soft); font-size: 13px; }
th, td { padding: 6px 0 6px 8px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tbody tr:last-child td { border-bottom: 0; }
footer { color: var(--soft); font-size: 13px; max-width: 80ch; }
"""

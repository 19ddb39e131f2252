"""The style and the script of the page at `/docs`. The page names their digests in its policy, and loads nothing."""

STYLE = """
:root {
  color-scheme: light dark;
  --text: #1c2733; --soft: #566474; --line: #dfe5eb; --back: #fff; --box: #f5f7f9; --link: #0b5cad;
  --get: #0b5cad; --post: #17692c; --patch: #85540b; --delete: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #dde4ec; --soft: #9fadbc; --line: #313c48; --back: #12181f; --box: #1b232c; --link: #7ab8ff;
    --get: #7ab8ff; --post: #74d38b; --patch: #f0bd6a; --delete: #ff9d94;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1rem; color: var(--text);
  background: var(--back); }
h1 { font-size: 1.5rem; margin: .5rem 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: .95rem; margin: 1rem 0 .25rem; }
p { margin: .4rem 0; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, input:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font: .9em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
.soft { color: var(--soft); }
#finder { position: sticky; top: 0; z-index: 1; display: flex; gap: .75rem; align-items: center; flex-wrap: wrap;
  padding: .6rem 0; background: var(--back); border-bottom: 1px solid var(--line); }
#finder[hidden] { display: none; }
#finder input { font: inherit; flex: 1 1 12rem; min-width: 0; padding: .45rem .6rem; color: inherit;
  background: var(--box); border: 1px solid var(--soft); border-radius: .4rem; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; }
details[open] { background: var(--box); }
summary { display: grid; grid-template-columns: 4.4rem minmax(0, 1fr); gap: 0 .5rem; padding: .55rem .75rem;
  cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary .says { grid-column: 2; color: var(--soft); font-size: .92rem; }
.schema > summary { display: block; }
.method { font: 600 .8rem/1.7 ui-monospace, Menlo, Consolas, monospace; }
.get { color: var(--get); } .post { color: var(--post); }
.patch { color: var(--patch); } .delete { color: var(--delete); }
.body { padding: 0 .75rem .75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); }
th { font-weight: normal; color: var(--soft); border-top: 0; }
td:first-child { white-space: nowrap; }
td:last-child { min-width: 12rem; }
pre { margin: .25rem 0; padding: .6rem .75rem; overflow-x: auto; overflow-wrap: normal; background: var(--back);
  border: 1px solid var(--line); border-radius: .4rem; }
@media (max-width: 34rem) {
  summary { grid-template-columns: minmax(0, 1fr); }
  summary .says { grid-column: 1; }
}
@media print { #finder, .skip { display: none; } }
"""

SCRIPT = """
const box = document.getElementById("filter");
const count = document.getElementById("count");
const rows = [...document.querySelectorAll("[data-words]")];
const sections = [...document.querySelectorAll("main section")];

function filter() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.words.includes(word));
  for (const section of sections) section.hidden = !section.querySelector("[data-words]:not([hidden])");
  const shown = rows.filter((row) => !row.hidden).length;
  count.textContent = words.length ? `${shown} of ${rows.length}` : "";
}

function reveal() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const row = place && place.closest("details");
  if (!row) return;
  if (row.hidden) { box.value = ""; filter(); }
  row.open = true;
  row.scrollIntoView();
}

document.getElementById("finder").hidden = false;
box.addEventListener("input", filter);
addEventListener("hashchange", reveal);
addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== box) { event.preventDefault(); box.focus(); }
  if (event.key === "Escape" && event.target === box) { box.value = ""; filter(); }
});
filter();
reveal();
"""

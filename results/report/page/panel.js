/* Where a number comes from: a panel that is opened by a click or Enter on the number. Data is shown as text alone. */

const panel = document.getElementById("panel");
const panelTitle = document.getElementById("panel-title");
const panelBody = document.getElementById("panel-body");
const trail = [];
let provenance = null;

/** The embedded records; parsed when they are first asked for. */
function known() {
  provenance ??= JSON.parse(document.getElementById("provenance").textContent);
  return provenance;
}

/** Make an element; children that are strings become text, never markup. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A link to a cell, for this panel or, copied, for elsewhere. */
function cellLink(key, text) {
  return element("a", { href: `#cell-${encodeURIComponent(key)}` }, text);
}

function definitions(pairs) {
  const list = element("dl", {});
  for (const [name, value] of pairs) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

function tableOf(head, rows) {
  const names = head.map((name) => element("th", { scope: "col" }, name));
  const lines = rows.map((row) => element("tr", {}, ...row.map((field) => element("td", {}, field))));
  const parts = [element("thead", {}, element("tr", {}, ...names)), element("tbody", {}, ...lines)];
  return element("div", { class: "scroll" }, element("table", {}, ...parts));
}

function listOf(lines) {
  return element("ul", {}, ...lines.map((line) => element("li", {}, line)));
}

function folded(summary, number, open) {
  const text = known().texts[number];
  const fold = element("details", {}, element("summary", {}, summary), element("pre", {}, text));
  fold.open = open && text.length < 4000;
  return fold;
}

/** The numbers behind a mean, one row per seed; the row of the cell that is shown below is marked. */
function seeds(mean, key) {
  const rows = mean.seeds.map(([seed, value, cell]) => {
    const link = cellLink(cell, `seed ${seed}`);
    if (cell === key) link.setAttribute("aria-current", "true");
    return [link, value];
  });
  return [element("p", {}, mean.summary), tableOf(["run", mean.column], rows)];
}

function heading(text) {
  return element("h3", {}, text);
}

function paragraph(...parts) {
  return element("p", {}, ...parts);
}

/** What the cell is, how it ended, what it cost, where and when. */
function summary(key, record) {
  const { upstream, upstreamKnown } = record;
  const above = upstreamKnown ? cellLink(upstream, upstream) : `${upstream} (not in this store)`;
  const origin = upstream ? [["Starts from", above]] : [];
  const states = record.state.map((line) => element("p", { class: "state" }, line));
  return [heading(record.title), ...states, definitions([["Key", cellLink(key, key)], ...origin, ...record.facts])];
}

function scores(record) {
  if (!record.scores.length) return [];
  const head = ["data set", "metric", "value", "split", "selection"];
  return [heading("All its numbers, as stored"), tableOf(head, record.scores)];
}

function differences(record) {
  const { of, note, lines } = record.differences;
  const parts = [heading("Difference to the reference")];
  if (record.confounds.length) {
    parts.push(paragraph("Beside its objective, this row’s recipe has:"), listOf(record.confounds));
  }
  if (lines.length) {
    parts.push(paragraph("All that was hashed otherwise than in ", cellLink(of, "the reference’s cell"), " of the same seed:"));
  }
  return [...parts, note ? paragraph(note) : listOf(lines)];
}

function inputs(record) {
  const own = record.inputs.map(([name, number]) => folded(name, number, name !== "config"));
  const above = record.above.map(([name, number]) => folded(name, number, name === "arguments"));
  const parts = [heading("Inputs: everything that the key is made of"), ...own];
  return above.length ? [...parts, heading("Inputs of its pretraining"), ...above] : parts;
}

function software(record) {
  const parts = [heading("Software"), folded("packages", record.packages, true)];
  return record.modules === null ? parts : [...parts, folded("digests of its modules", record.modules, false)];
}

function log(record) {
  const text = known().texts[record.log];
  return [heading("End of its log"), text ? element("pre", {}, text) : paragraph("Its log is empty or not there.")];
}

function cellParts(key) {
  const record = known().cells[key];
  return [summary(key, record), ...[scores, differences, inputs, software, log].map((part) => part(record))].flat();
}

/** Show the last step of the trail. */
function show() {
  const { key, mean } = trail.at(-1);
  const above = mean === null ? [] : seeds(known().means[mean], key);
  panelTitle.textContent = mean === null ? "Where this comes from" : known().means[mean].title;
  panelBody.replaceChildren(...above, ...cellParts(key));
  panel.querySelector("[data-back]").hidden = trail.length < 2;
  panel.scrollTop = 0;
  panelTitle.focus();
}

/** Open a cell, or go on to it from the one that is shown; false if the page does not know it. */
function follow(key, mean) {
  if (!Object.hasOwn(known().cells, key)) return false;
  const inside = panel.open;
  if (!inside) trail.length = 0;
  const behind = inside ? trail.at(-1).mean : null;
  const same = behind !== null && known().means[behind].seeds.some(([, , cell]) => cell === key);
  trail.push({ key, mean: same ? behind : mean });
  if (!inside) panel.showModal();
  show();
  return true;
}

/** The key that an address names; null where it names none. */
function keyOf(hash) {
  try {
    return hash.startsWith("#cell-") ? decodeURIComponent(hash.slice("#cell-".length)) : null;
  } catch {
    return null;
  }
}

function followAddress() {
  const key = keyOf(location.hash);
  if (key !== null) follow(key, null);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#cell-"]');
  if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const mean = link.dataset.mean ?? null;
  if (follow(keyOf(link.getAttribute("href")), mean)) event.preventDefault();
});
panel.querySelector("[data-close]").addEventListener("click", () => panel.close());
panel.querySelector("[data-back]").addEventListener("click", () => {
  trail.pop();
  show();
});
panel.addEventListener("click", (event) => {
  if (event.target === panel) panel.close();
});
window.addEventListener("hashchange", followAddress);
followAddress();

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

function cellLink(key, text) {
  return element("a", { href: `#cell-${encodeURIComponent(key)}` }, text);
}

function definitions(pairs) {
  const list = element("dl", {});
  for (const [name, value] of pairs) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

function tableOf(head, rows) {
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))));
  table.append(element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((field) => element("td", {}, field))))));
  return element("div", { class: "scroll" }, table);
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

function differences(record) {
  const { of, note, lines } = record.differences;
  const parts = [element("h3", {}, "Difference to the reference")];
  if (record.confounds.length) {
    parts.push(element("p", {}, "Beside its objective, this row’s recipe has:"), listOf(record.confounds));
  }
  if (of) parts.push(element("p", {}, "All that was hashed otherwise than in ", cellLink(of, "the reference’s cell"), " of the same seed:"));
  parts.push(note ? element("p", {}, note) : listOf(lines));
  return parts;
}

function origin(record) {
  if (!record.upstream) return [];
  const text = record.upstreamKnown ? cellLink(record.upstream, record.upstream) : `${record.upstream} (not in this store)`;
  return [["Starts from", text]];
}

function cellParts(key) {
  const record = known().cells[key];
  const parts = [element("h3", {}, record.title), ...record.state.map((line) => element("p", { class: "state" }, line))];
  parts.push(definitions([["Key", cellLink(key, key)], ...origin(record), ...record.facts]));
  if (record.scores.length) {
    parts.push(element("h3", {}, "All its numbers, as stored"), tableOf(["data set", "metric", "split", "selection", "value"], record.scores));
  }
  parts.push(...differences(record));
  parts.push(element("h3", {}, "Inputs: everything that the key is made of"));
  record.inputs.forEach(([name, number]) => parts.push(folded(name, number, name !== "config")));
  if (record.above.length) parts.push(element("h3", {}, "Inputs of its pretraining"));
  record.above.forEach(([name, number]) => parts.push(folded(name, number, name === "arguments")));
  parts.push(element("h3", {}, "Software"), folded("packages", record.packages, true));
  if (record.modules !== null) parts.push(folded("digests of the modules that computed it", record.modules, false));
  const log = known().texts[record.log];
  parts.push(element("h3", {}, "End of its log"), log ? element("pre", {}, log) : element("p", {}, "Its log is empty or not there."));
  return parts;
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

function keyOf(hash) {
  return hash.startsWith("#cell-") ? decodeURIComponent(hash.slice("#cell-".length)) : null;
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

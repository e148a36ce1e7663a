/* Sorting and filtering. All rows are in the page's text; nothing here makes or drops one. */

const collator = new Intl.Collator("en", { numeric: true });
const ORDERS = { number: ["descending", "ascending", ""], text: ["ascending", "descending", ""] };

/** What a field counts as: its data-value, or else its text. */
function fieldText(field) {
  return field.dataset.value ?? field.textContent.trim();
}

/** Compare two rows by a column; a field that is empty comes last in either direction. */
function comparison(place, numeric, direction) {
  const sign = direction === "descending" ? -1 : 1;
  return (one, other) => {
    const [a, b] = [fieldText(one.cells[place]), fieldText(other.cells[place])];
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (numeric ? Number(a) - Number(b) : collator.compare(a, b));
  };
}

/** Order the rows by a column: in its first direction, then in the other, then as they were. */
function sortBy(table, original, heading) {
  const orders = ORDERS[heading.dataset.sort];
  const direction = orders[(orders.indexOf(heading.getAttribute("aria-sort") ?? "") + 1) % orders.length];
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  if (direction) heading.setAttribute("aria-sort", direction);
  const order = comparison(heading.cellIndex, heading.dataset.sort === "number", direction);
  for (const row of direction ? original.toSorted(order) : original) table.tBodies[0].append(row);
}

function setUpSorting(table) {
  const original = [...table.tBodies[0].rows];
  for (const heading of table.tHead.rows[0].cells) {
    if (!heading.dataset.sort) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(table, original, heading));
    heading.append(button);
  }
}

/** Read "info queue, mrcl" as: ("info" and "queue") or "mrcl". */
function searchedFor(text) {
  const alternatives = text.toLowerCase().split(",").map((part) => part.split(/\s+/).filter(Boolean));
  const meant = alternatives.filter((words) => words.length);
  return (row) => !meant.length || meant.some((words) => words.every((word) => row.includes(word)));
}

function filterRows(table, form, rows) {
  const headings = [...table.tHead.rows[0].cells];
  const wanted = [...form.querySelectorAll("select[data-rows]")]
    .filter((select) => select.value !== "")
    .map((select) => [headings.findIndex((heading) => heading.dataset.name === select.dataset.rows), select.value]);
  const found = searchedFor(form.querySelector("input[type=search]").value);
  let shown = 0;
  for (const row of rows) {
    const kept =
      wanted.every(([place, value]) => fieldText(row.cells[place]) === value) && found(row.textContent.toLowerCase());
    row.hidden = !kept;
    shown += kept;
  }
  return `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
}

function filterColumns(table, form) {
  const wanted = [...form.querySelectorAll("select[data-columns]")].filter((select) => select.value !== "");
  const headings = [...table.tHead.rows[0].cells];
  const choosable = headings.filter((heading) => heading.dataset.task !== undefined);
  const hidden = new Set(
    choosable.filter((heading) => wanted.some((select) => heading.dataset[select.dataset.columns] !== select.value)),
  );
  headings.forEach((heading, place) => {
    if (heading.hidden === hidden.has(heading)) return;
    for (const row of table.rows) row.cells[place].hidden = hidden.has(heading);
  });
  return choosable.length ? `, ${choosable.length - hidden.size} of ${choosable.length} columns` : "";
}

function setUpFilters(form) {
  const table = document.getElementById(form.dataset.table);
  const rows = [...table.tBodies[0].rows];
  const said = form.querySelector("output");
  const apply = () => {
    said.textContent = `${filterRows(table, form, rows)}${filterColumns(table, form)} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  apply();
}

document.querySelectorAll("table[data-sortable]").forEach(setUpSorting);
document.querySelectorAll("form[data-table]").forEach(setUpFilters);

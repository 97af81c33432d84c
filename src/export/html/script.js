"use strict";
// Sorting, filtering, opening and tooltips. All data is in the page already, and stays readable without this.
(() => {
  const root = document.documentElement;
  const table = document.querySelector(".jobs");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const bars = [...document.querySelectorAll(".lane .bar")];
  const chips = [...document.querySelectorAll(".chip")];
  const headings = [...table.tHead.rows[0].cells];
  const box = document.querySelector("#q");
  const shown = document.querySelector("#shown");
  const store = document.querySelector("#details");
  root.classList.add("js");

  // What is chosen. It stands in the address behind the `#`, so that it can be kept and passed on:
  // `#status=failed,timed-out&path&q=words&sort=-time`, or `#d7` for the job that is opened.
  const chosen = { status: new Set(), path: false, q: "", sort: "" };

  function read() {
    const given = new URLSearchParams(location.hash.slice(1));
    chosen.status = new Set((given.get("status") ?? "").split(",").filter(Boolean));
    chosen.path = given.has("path");
    chosen.q = given.get("q") ?? "";
    chosen.sort = given.get("sort") ?? "";
    box.value = chosen.q;
    sort();
    filter();
    if (/^#d\d+$/.test(location.hash)) open(location.hash.slice(2), true);
  }

  function write() {
    const parts = [];
    if (chosen.status.size) parts.push(`status=${[...chosen.status].map(encodeURIComponent).join(",")}`);
    if (chosen.path) parts.push("path");
    if (chosen.q) parts.push(`q=${encodeURIComponent(chosen.q)}`);
    if (chosen.sort) parts.push(`sort=${chosen.sort}`);
    history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
  }

  // Filtering.

  const texts = new Map();

  // A job's name and the reason for its end.
  function textOf(row) {
    if (!texts.has(row)) {
      const [, cell] = row.cells;
      const reason = cell.querySelector("small")?.textContent ?? "";
      texts.set(row, `${cell.dataset.value} ${reason}`.toLowerCase());
    }
    return texts.get(row);
  }

  function filter() {
    const words = chosen.q.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) =>
      (!chosen.status.size || chosen.status.has(row.dataset.status)) &&
      (!chosen.path || "path" in row.dataset) &&
      words.every((word) => textOf(row).includes(word));
    let count = 0;
    for (const row of rows) {
      row.hidden = !fits(row);
      if (row.opened) row.opened.hidden = row.hidden;
      count += !row.hidden;
    }
    for (const bar of bars) bar.classList.toggle("faint", rowOf(bar)?.hidden ?? false);
    for (const chip of chips) chip.setAttribute("aria-pressed", isChosen(chip));
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
  }

  function isChosen(chip) {
    if ("status" in chip.dataset) return chosen.status.has(chip.dataset.status);
    return "path" in chip.dataset ? chosen.path : !chosen.status.size && !chosen.path && !chosen.q;
  }

  function choose(chip) {
    if ("status" in chip.dataset) {
      if (!chosen.status.delete(chip.dataset.status)) chosen.status.add(chip.dataset.status);
    } else if ("path" in chip.dataset) {
      chosen.path = !chosen.path;
    } else {
      chosen.status.clear();
      chosen.path = false;
      chosen.q = box.value = "";
    }
    filter();
    write();
  }

  for (const chip of chips) chip.addEventListener("click", () => choose(chip));
  box.addEventListener("input", () => {
    chosen.q = box.value.trim();
    filter();
    write();
  });

  // Sorting: numbers the largest first, words from A to Z, and what has no value last. A third click gives the
  // manifest's order back.

  const collator = new Intl.Collator("en", { numeric: true });

  function sort() {
    const name = chosen.sort.replace("-", "");
    const down = chosen.sort.startsWith("-");
    const column = headings.findIndex((heading) => heading.dataset.key === name);
    for (const [at, heading] of headings.entries()) {
      heading.setAttribute("aria-sort", at !== column ? "none" : down ? "descending" : "ascending");
    }
    let order = rows;
    if (column >= 0) {
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const keyed = rows.map((row) => [value(row), row]);
      keyed.sort(([a], [b]) => {
        if (a === "" || b === "") return (a === "") - (b === "");
        return down ? collator.compare(b, a) : collator.compare(a, b);
      });
      order = keyed.map(([, row]) => row);
    }
    body.append(...order.flatMap((row) => (row.opened ? [row, row.opened] : [row])));
  }

  for (const heading of headings) {
    heading.querySelector("button").addEventListener("click", () => {
      const { key } = heading.dataset;
      const cycle = heading.classList.contains("number") ? [`-${key}`, key, ""] : [key, `-${key}`, ""];
      chosen.sort = cycle[(cycle.indexOf(chosen.sort) + 1) % 3];
      sort();
      write();
    });
  }

  // Opening: what there is to say of a job moves from its store into a row below its own, and back.

  const rowOf = (link) => document.getElementById(`j${link.hash.slice(2)}`);

  function open(number, go) {
    const row = document.getElementById(`j${number}`);
    const details = document.getElementById(`d${number}`);
    if (!row || !details) return;
    if (!row.opened) {
      row.opened = document.createElement("tr");
      row.opened.className = "details";
      const cell = row.opened.insertCell();
      cell.colSpan = headings.length;
      cell.append(details);
      row.after(row.opened);
      row.cells[1].querySelector("a").setAttribute("aria-expanded", "true");
      for (const log of details.querySelectorAll("pre")) log.scrollTop = log.scrollHeight;
    }
    if (!go) return;
    row.hidden = row.opened.hidden = false;
    row.scrollIntoView({ block: "start" });
    row.cells[1].querySelector("a").focus({ preventScroll: true });
  }

  function close(row) {
    store.append(row.opened.querySelector("article"));
    row.opened.remove();
    row.opened = undefined;
    row.cells[1].querySelector("a").setAttribute("aria-expanded", "false");
  }

  for (const row of rows) row.cells[1].querySelector("a").setAttribute("aria-expanded", "false");
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#d"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const row = rowOf(link);
    const isOwn = row?.contains(link);
    if (isOwn && row.opened) close(row);
    else open(link.hash.slice(2), !isOwn);
  });

  // The timeline: one stop of the Tab key; the arrows go from bar to bar, and from place to place.

  const tip = document.querySelector(".tip");
  for (const bar of bars) {
    bar.setAttribute("aria-label", bar.title.replaceAll("\n", ", "));
    bar.dataset.tip = bar.title;
    bar.removeAttribute("title");
  }
  if (bars.length) bars[0].tabIndex = 0;

  function showTip(bar) {
    tip.textContent = bar.dataset.tip;
    tip.hidden = false;
    const at = bar.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const left = Math.max(4, Math.min(at.left, root.clientWidth - own.width - 4));
    const above = at.top - own.height - 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${above < 4 ? at.bottom + 6 : above}px`;
  }

  function beside(bar, key) {
    const lane = bar.parentElement;
    if (key === "ArrowRight") return bar.nextElementSibling;
    if (key === "ArrowLeft") return bar.previousElementSibling;
    const other = key === "ArrowDown" ? lane.nextElementSibling : key === "ArrowUp" ? lane.previousElementSibling : null;
    const distance = (one) => Math.abs(parseFloat(one.style.left) - parseFloat(bar.style.left));
    const there = [...(other?.querySelectorAll(".bar") ?? [])];
    return there.length ? there.reduce((best, one) => (distance(one) < distance(best) ? one : best)) : null;
  }

  const lanes = document.querySelector(".lanes");
  const barOf = (event) => event.target.closest(".lane .bar");
  for (const kind of ["pointerover", "focusin"]) {
    lanes?.addEventListener(kind, (event) => barOf(event) && showTip(barOf(event)));
  }
  for (const kind of ["pointerout", "focusout"]) lanes?.addEventListener(kind, () => { tip.hidden = true; });
  lanes?.addEventListener("keydown", (event) => {
    const bar = barOf(event);
    if (event.key === "Escape") tip.hidden = true;
    const next = bar && beside(bar, event.key);
    if (!next) return;
    event.preventDefault();
    bar.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  addEventListener("hashchange", read);
  read();
  root.dataset.ready = "";
})();

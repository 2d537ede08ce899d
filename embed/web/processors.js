// The tab Worker Processors: by manager and worker. What is open stays open.
import {bytes} from './format.js';

const find = (id) => document.getElementById(id);

const make = (name, parent, className) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  parent.append(element);
  return element;
};
const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const groups = new Map();  // manager -> {element, summary, workers: Map}

function fold(parent, className) {
  const element = make('details', parent, className);
  return {element, summary: make('summary', element), workers: new Map()};
}

// A pid, then flags and figures as model.js says.
const cells = [
  (one) => String(one[0]), (one) => (one[4] / 10).toFixed(1), (one) => bytes(one[5]), (one) => bytes(one[6]),
  (one) => (one[1] ? '\u2713 yes' : 'no'), (one) => (one[2] ? '\u2713 yes' : 'no'), (one) => (one[3] ? '\u23f8 yes' : 'no')];
const titles = ['PID', 'CPU %', 'RSS', 'Max RSS', 'Initialized', 'Has Task', 'Suspended'];

function fillTable(part, processors) {
  if (!part.table) {
    part.table = make('table', part.element);
    const head = make('tr', make('thead', part.table));
    for (const title of titles) {
      const cell = make('th', head);
      cell.scope = 'col';
      cell.textContent = title;
    }
    part.body = make('tbody', part.table);
  }
  while (part.body.rows.length > processors.length) part.body.deleteRow(-1);
  while (part.body.rows.length < processors.length) {
    const row = part.body.insertRow();
    for (let place = 0; place < titles.length; ++place) row.insertCell();
  }
  processors.forEach((one, line) => {
    const row = part.body.rows[line];
    row.className = one[3] ? 'suspended' : '';
    cells.forEach((cell, place) => say(row.cells[place], cell(one)));
  });
}

function drawWorker(group, worker) {
  if (!group.workers.has(worker.full_name)) group.workers.set(worker.full_name, fold(group.element, 'worker'));
  const part = group.workers.get(worker.full_name);
  const suspended = worker.processors.filter((one) => one[3]).length;
  say(part.summary, `${worker.full_name}: processors: ${worker.processors.length}, ${worker.proc_cpu.toFixed(1)} % CPU, ` +
    `${bytes(worker.rss_bytes)}${suspended ? `, ${suspended} suspended` : ''}`);
  if (part.element.open) fillTable(part, worker.processors);
}

function drawGroup(name, workers) {
  if (!groups.has(name)) {
    const group = fold(find('processor-groups'), 'card');
    group.element.open = true;
    groups.set(name, group);
  }
  const group = groups.get(name);
  const all = workers.flatMap((worker) => worker.processors);
  const active = all.filter((one) => one[2] && !one[3]).length;
  const rss = all.reduce((sum, one) => sum + one[5], 0);
  const cpu = all.reduce((sum, one) => sum + one[4], 0) / 10;
  const free = workers.reduce((most, worker) => Math.max(most, worker.rss_free), 0);
  say(group.summary, `${name}: workers: ${workers.length}, processors: ${all.length}, ${active} with a task, ${cpu.toFixed(1)} % CPU, ` +
    `${bytes(rss)} RSS, ${bytes(free * 1e6)} free on the host that has most`);
  const present = new Set(workers.map((worker) => worker.full_name));
  for (const [id, part] of group.workers) {
    if (present.has(id)) continue;
    part.element.remove();
    group.workers.delete(id);
  }
  if (group.element.open) for (const worker of workers) drawWorker(group, worker);
}

export function drawProcessors(model) {
  const byManager = new Map();
  for (const worker of model.tables.workers.values()) {
    if (!byManager.has(worker.manager_id)) byManager.set(worker.manager_id, []);
    byManager.get(worker.manager_id).push(worker);
  }
  for (const [name, group] of groups) {
    if (byManager.has(name)) continue;
    group.element.remove();
    groups.delete(name);
  }
  for (const [name, workers] of byManager) drawGroup(name, workers);
}

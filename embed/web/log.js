// The tab Task Log: the latest tasks, filtered and sorted, and figures by function.
import {clock, count, seconds} from './format.js';
import {kindOf, states} from './model.js';
import {taskColumns} from './live.js';
import {Table} from './table.js';

const find = (id) => document.getElementById(id);
const rowsMost = 1000;

const functionColumns = [
  {title: 'Function', value: (row) => row.name, text: (row) => row.name || '(no name)', tip: (row) => row.name},
  {title: 'Ended', number: true, value: (row) => row.ended, text: (row) => count(row.ended)},
  {title: 'Failed', number: true, value: (row) => row.failed, text: (row) => count(row.failed), mark: (row) => (row.failed ? 'hot' : '')},
  {title: 'Canceled', number: true, value: (row) => row.canceled, text: (row) => count(row.canceled)},
  {title: 'Measured', number: true, value: (row) => row.times.length, text: (row) => count(row.times.length)},
  {title: 'Average', number: true, value: (row) => row.average, text: (row) => (row.times.length ? seconds(row.average) : '')},
  {title: '95 % within', number: true, value: (row) => row.p95, text: (row) => (row.times.length ? seconds(row.p95) : '')}];

let log = null;
let functions = null;
let paused = null;  // the tasks as they were

export function startLog(model, draw) {
  log = new Table(find('log-rows'), taskColumns(model), {label: 'Tasks, newest first', empty: 'no tasks', onPick: copyId});
  functions = new Table(find('functions'), functionColumns, {label: 'Functions', empty: 'no tasks', sort: {column: 1, down: true}});
  find('log-filter').oninput = find('log-status').onchange = draw;
  find('log-pause').onclick = () => {
    paused = paused ? null : [...model.tasks.values()].slice(-rowsMost).map((task) => ({...task}));
    find('log-pause').setAttribute('aria-pressed', String(Boolean(paused)));
    find('log-pause').textContent = paused ? 'Go on' : 'Pause';
    draw();
  };
  find('log-export').onclick = () => exportRows(model);
}

// Over plain HTTP browsers have no clipboard but the older way.
function copyId(task) {
  if (navigator.clipboard) return navigator.clipboard.writeText(task.id).catch(() => {});
  const text = document.createElement('textarea');
  text.value = task.id;
  document.body.append(text);
  text.select();
  document.execCommand('copy');
  text.remove();
}

function chosen(model) {
  const filter = find('log-filter').value.toLowerCase();
  const status = find('log-status').value;
  const latest = paused || [...model.tasks.values()].slice(-rowsMost);
  return [...latest].reverse().filter((task) => (!status || kindOf(task) === status) &&
    (!filter || [task.function, task.worker, task.capabilities, task.id].some((one) => one.toLowerCase().includes(filter))));
}

export function drawLog(model) {
  const rows = chosen(model);
  const note = model.skipped ? `; ${count(model.skipped)} came too fast to be listed` : '';
  find('log-count').textContent = `${count(rows.length)} of the latest ${count(Math.min(rowsMost, model.tasks.size))}${note}`;
  log.show(rows);
  functions.show(byFunction(model));
}

function byFunction(model) {
  const all = new Map();
  for (const task of model.tasks.values()) {
    if (!task.end) continue;
    const row = all.get(task.function) || {name: task.function, ended: 0, failed: 0, canceled: 0, times: []};
    row.ended += 1;
    row.failed += kindOf(task) === 'failed' ? 1 : 0;
    row.canceled += kindOf(task) === 'canceled' ? 1 : 0;
    if (task.duration !== null) row.times.push(task.duration / 1e6);
    all.set(task.function, row);
  }
  for (const row of all.values()) {
    row.times.sort((a, b) => a - b);
    row.average = row.times.reduce((sum, one) => sum + one, 0) / Math.max(1, row.times.length);
    row.p95 = row.times[Math.ceil(row.times.length * 0.95) - 1] || 0;
  }
  return [...all.values()];
}

// A text that a spreadsheet would take for a formula is made plain.
function cell(value) {
  const text = String(value);
  return '"' + (/^[=+\-@\t\r]/.test(text) ? "'" : '') + text.replaceAll('"', '""') + '"';
}

function exportRows(model) {
  const lines = [['task_id', 'function', 'worker', 'time', 'duration_s', 'peak_memory_bytes', 'status', 'capabilities']];
  for (const task of chosen(model))
    lines.push([task.id, task.function, task.worker, new Date(task.seen + model.origin).toISOString(),
      task.duration === null ? '' : task.duration / 1e6, task.peak, states[task.state], task.capabilities]);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([lines.map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n'], {type: 'text/csv'}));
  link.download = `tasks-${clock(Date.now()).replaceAll(':', '')}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

// The tab Live: the scheduler, its managers, workers and clients, and five minutes of figures.
import {bytes, clock, count} from './format.js';
import {kindOf, states} from './model.js';
import {Table} from './table.js';
import {drawSpark, durationOf} from './timeline.js';

const find = (id) => document.getElementById(id);
const sparkPoints = 300;

const number = (title, key, hint) => ({title, hint, number: true, value: (row) => row[key], text: (row) => row[key] ?? '\u2014'});
const text = (title, key) => ({title, value: (row) => row[key], text: (row) => row[key] ?? '', tip: (row) => row[key] ?? ''});
const percent = (title, key) => ({...number(title, key), share: (row) => row[key] / 100, text: (row) => row[key].toFixed(1),
  mark: (row) => (row[key] > 90 ? 'hot' : row[key] > 70 ? 'warm' : '')});
const memory = (title, key) => ({...number(title, key), share: (row) => row[key] / Math.max(1, row.total_rss),
  tip: (row) => `of ${row.total_rss} MB: what the processors use and the host has free`});
// "7s", "60+s"
const seen = {title: 'Last seen', number: true, value: (row) => parseInt(row.last_seen, 10) || 0, text: (row) => row.last_seen};

const workerColumns = [
  {title: 'Worker', value: (row) => row.full_name, text: (row) => row.full_name, tip: (row) => row.full_name},
  text('Manager', 'manager_id'), percent('Agent CPU %', 'agt_cpu'), memory('Agent RSS MB', 'agt_rss'),
  percent('CPU %', 'proc_cpu'), memory('RSS MB', 'proc_rss'),
  number('Free', 'free', 'places left in its queue'), number('Sent', 'sent', 'tasks that it has'),
  number('Queued', 'queued', 'tasks that wait at it'), number('Suspended', 'suspended', 'processors that wait for others'),
  {title: 'Lag', number: true, value: (row) => row.lag_us, text: (row) => row.lag},
  {...text('ITL', 'itl'), hint: 'processor initialised, has a task, task lock'}, seen, text('Capabilities', 'capabilities')];
const managerColumns = [
  text('Manager', 'manager_id'), text('Identity', 'identity'), seen,
  number('At most', 'max_task_concurrency', 'tasks at once; a dash: no limit, or not connected'), number('Workers', 'worker_count'),
  {...number('Pending', 'pending_workers'), mark: (row) => (row.pending_workers ? 'warm' : ''),
    text: (row) => (row.pending_workers ? `${row.pending_workers} scaling` : '0')},
  {...number('CPU %', 'cpu'), text: (row) => row.cpu.toFixed(1)}, number('RSS MB', 'rss'), number('Free', 'free'), number('Sent', 'sent'), number('Queued', 'queued'),
  number('Suspended', 'suspended'), text('Capabilities', 'capabilities')];
const clientColumns = [text('Client', 'id'), number('Tasks', 'tasks')];
export const taskColumns = (model) => [
  {title: 'Task', value: (task) => task.number, text: (task) => task.id || '(not kept)', tip: (task) => task.id, mark: () => 'id'},
  {title: 'Function', value: (task) => task.function, text: (task) => task.function, tip: (task) => task.function},
  {title: 'Worker', value: (task) => task.worker, text: (task) => task.worker, tip: (task) => task.worker},
  {title: 'Time', value: (task) => task.seen, text: (task) => clock(task.seen + model.origin)},
  {title: 'Duration', number: true, hint: 'as measured; \u2264: not measured, waiting at the worker may be part of it',
    value: (task) => task.duration ?? (task.end ? (task.end - task.begin) * 1000 : -1), text: durationOf},
  {title: 'Peak memory', number: true, value: (task) => task.peak, text: (task) => (task.peak ? bytes(task.peak) : '')},
  {title: 'Status', value: (task) => states[task.state], text: (task) => states[task.state], mark: (task) => 'status ' + kindOf(task)},
  {title: 'Capabilities', value: (task) => task.capabilities, text: (task) => task.capabilities, tip: (task) => task.capabilities}];

const sparks = [
  {title: 'Tasks per second', colour: '--accent', rate: (point) => point[1] + point[2] + point[3], digits: 1},
  {title: 'Failed per second', colour: '--bad', rate: (point) => point[2], digits: 1},
  {title: 'Waiting for a worker', colour: '--warn', level: (point) => point[4]},
  {title: 'At workers', colour: '--good', level: (point) => point[5]},
  {title: 'Busy workers %', colour: '--accent', level: (point) => (point[6] ? 100 * point[7] / point[6] : 0), top: 100}];

let tables = {};
let details = null;
let picked = null;

export function startLive(model) {
  tables = {
    managers: new Table(find('managers'), managerColumns, {label: 'Worker managers', empty: 'no worker managers'}),
    workers: new Table(find('workers'), workerColumns,
      {label: 'Workers', empty: 'no workers', sort: {column: 4, down: true}, onPick: (row) => pick(model, row.full_name)}),
    clients: new Table(find('clients'), clientColumns, {label: 'Clients', empty: 'no clients'}),
  };
  details = new Table(find('details-rows'), taskColumns(model), {label: 'Last tasks of the worker', empty: 'no tasks of this worker'});
  find('worker-filter').oninput = () => drawLive(model);
  find('details').onclose = () => { picked = null; };
  for (const spark of sparks) {
    const box = document.createElement('figure');
    spark.label = document.createElement('figcaption');
    spark.canvas = document.createElement('canvas');
    spark.canvas.setAttribute('aria-hidden', 'true');
    const frame = document.createElement('div');
    frame.append(spark.canvas);
    box.append(spark.label, frame);
    find('sparks').append(box);
  }
}

function pick(model, worker) {
  picked = worker;
  find('details-title').textContent = worker;
  find('details').showModal();
  drawDetails(model);
}

function drawDetails(model) {
  if (picked) details.show((model.byWorker.get(picked) || []).slice(-200).reverse());
}

// Rewrites a list of names and values, in place.
function fillList(list, pairs) {
  while (list.children.length > 2 * pairs.length) list.lastChild.remove();
  while (list.children.length < 2 * pairs.length) list.append(document.createElement(list.children.length % 2 ? 'dd' : 'dt'));
  pairs.flat().forEach((value, place) => {
    if (list.children[place].textContent !== value) list.children[place].textContent = value;
  });
}

const matches = (row, filter) =>
  !filter || [row.full_name, row.manager_id, row.capabilities].some((one) => one.toLowerCase().includes(filter));

export function drawLive(model) {
  const {scheduler} = model;
  fillList(find('scheduler'), [['Monitor address', scheduler.monitor_address || '\u2014'], ['CPU', scheduler.cpu || '\u2014'],
    ['RSS', scheduler.rss || '\u2014'], ['RSS free', scheduler.rss_free || '\u2014'], ['Last seen', scheduler.last_seen || '\u2014'],
    ['Objects', count(scheduler.objects || 0)]]);
  fillList(find('states'), Object.entries(scheduler.states || {}).map(([state, tasks]) => [state, count(tasks)]));
  const workers = [...model.tables.workers.values()];
  const filter = find('worker-filter').value.toLowerCase();
  const shown = workers.filter((row) => matches(row, filter));
  find('worker-count').textContent = shown.length === workers.length ? count(workers.length) : `${shown.length} of ${workers.length}`;
  find('manager-count').textContent = count(model.tables.worker_managers.size);
  find('client-count').textContent = count(model.tables.clients.size);
  tables.managers.show([...model.tables.worker_managers.values()]);
  tables.workers.show(shown);
  tables.clients.show([...model.tables.clients.values()]);
  drawSparks(model.chart.slice(-sparkPoints - 1));
  drawDetails(model);
}

function drawSparks(points) {
  for (const spark of sparks) {
    const values = spark.level ? points.map(spark.level) : points.slice(1).map((point, place) =>
      Math.max(0, (spark.rate(point) - spark.rate(points[place])) * 1000 / Math.max(1, point[0] - points[place][0])));
    const last = values.length ? values[values.length - 1] : 0;
    spark.label.textContent = `${spark.title}: ${last.toFixed(spark.digits || 0)}`;
    drawSpark(spark.canvas, values, spark.colour, spark.top);
  }
}

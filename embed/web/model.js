// What the server told: a snapshot, and the changes since. docs/web-page.md describes the messages.

export const states = ['inactive', 'running', 'canceling', 'balance_canceling', 'success', 'failed',
  'failed_worker_died', 'canceled', 'canceled_not_found', 'balance_canceled', 'worker_disconnecting'];

const kinds = {success: 'success', failed: 'failed', failed_worker_died: 'failed', canceled: 'canceled',
  canceled_not_found: 'canceled'};
// 'success', 'failed', 'canceled', or 'open' for all that may still end.
export const kindOf = (task) => kinds[states[task.state]] || 'open';

const chartPoints = 1800;

export class Model {
  constructor() {
    this.reset();
  }

  reset() {
    this.scheduler = {};
    this.tables = {workers: new Map(), worker_managers: new Map(), clients: new Map()};
    this.names = {functions: new Map(), workers: new Map(), capabilities: new Map()};
    this.tasks = new Map();  // by number, which is their order
    this.byWorker = new Map();  // name -> its tasks, in order
    this.blocks = new Map();  // "worker slot" -> what became of tasks too many to keep
    this.chart = [];
    this.limits = {records: 20000, blocks: 20000, keep_ms: 1800000, block_ms: 5000};
    this.origin = 0;
    this.skipped = 0;
    this.version = 0;
  }

  // The server's clock, in milliseconds since `origin`.
  now() {
    return Date.now() + this.ahead - this.origin;
  }

  apply(message) {
    const ahead = message.now - Date.now();
    if (message.type === 'full_state') {
      this.reset();
      this.origin = message.t0;
      this.limits = message.limits;
      this.ahead = ahead;
      for (const key of Object.keys(this.tables)) this.applyTable(key, {rows: message[key]});
      for (const [worker, begin, count, failed, busy] of message.blocks)
        this.blocks.set(worker + ' ' + begin, {worker, begin, count, failed, busy});
    } else {
      this.ahead = Math.abs(ahead - this.ahead) > 200 ? ahead : this.ahead + (ahead - this.ahead) / 10;
      for (const key of Object.keys(this.tables)) if (message[key]) this.applyTable(key, message[key]);
    }
    this.applyNames(message.names || {});
    const scheduler = message.scheduler || {};
    Object.assign(this.scheduler, scheduler.rows ? scheduler.rows[0] : scheduler);
    for (const row of message.tasks || []) this.applyTask(row);
    for (const point of message.chart || []) this.chart.push(point);
    if (this.chart.length > chartPoints) this.chart.splice(0, this.chart.length - chartPoints);
    this.skipped += message.tasks_skipped || 0;
    this.prune();
    this.version += 1;
  }

  applyTable(key, changes) {
    const table = this.tables[key];
    for (const row of changes.rows || []) table.set(row.id, Object.assign(table.get(row.id) || {}, row));
    for (const id of changes.gone || []) table.delete(id);
  }

  applyNames(names) {
    for (const key of Object.keys(this.names))
      for (const [number, name] of names[key] || []) this.names[key].set(number, name);
  }

  // [number, worker, begin, end, state, duration us, peak bytes], and of a new one
  // [..., id, function, capabilities, seen]
  applyTask(row) {
    const [number, worker, begin, end, state, duration, peak] = row;
    const known = this.tasks.get(number);
    if (!known && row.length < 11) return;
    const task = known || {number};
    if (row.length >= 11)
      Object.assign(task, {id: row[7], function: this.names.functions.get(row[8]) || '',
        capabilities: this.names.capabilities.get(row[9]) || '', seen: row[10]});
    const workerName = this.names.workers.get(worker) || '';
    if (known && known.worker !== workerName) this.unlink(known);
    const moved = !known || known.worker !== workerName;
    Object.assign(task, {workerNumber: worker, worker: workerName, begin, end, state, duration, peak});
    this.tasks.set(number, task);
    if (!moved || !workerName) return;
    if (!this.byWorker.has(workerName)) this.byWorker.set(workerName, []);
    this.byWorker.get(workerName).push(task);
  }

  unlink(task) {
    const list = this.byWorker.get(task.worker);
    if (!list) return;
    const place = list.indexOf(task);
    if (place >= 0) list.splice(place, 1);
    if (list.length === 0) this.byWorker.delete(task.worker);
  }

  // As the server does: those too many become blocks, those too old go.
  prune() {
    const oldest = this.now() - this.limits.keep_ms;
    for (const [number, task] of this.tasks) {
      const many = this.tasks.size > this.limits.records;
      if (!many && !(task.end && task.end < oldest)) break;
      if (many) this.fold(task);
      this.tasks.delete(number);
      this.unlink(task);
    }
    for (const [key, block] of this.blocks) {
      if (this.blocks.size <= this.limits.blocks && block.begin + this.limits.block_ms >= oldest) break;
      this.blocks.delete(key);
    }
  }

  fold(task) {
    if (!task.begin || !task.end) return;
    const slot = this.limits.block_ms;
    const begin = Math.floor((task.begin + this.origin) / slot) * slot - this.origin;
    const key = task.workerNumber + ' ' + begin;
    const block = this.blocks.get(key) || {worker: task.workerNumber, begin, count: 0, failed: 0, busy: 0};
    block.count += 1;
    block.failed += kindOf(task) === 'failed' ? 1 : 0;
    block.busy += Math.max(0, task.end - task.begin);
    this.blocks.set(key, block);
  }
}

// Keeps a WebSocket open: tries again after half a second, twice as long each time, 10 s at most.
export function follow(model, onChange, onState) {
  const first = 500;
  const most = 10000;
  let wait = first;
  let socket = null;
  const connect = () => {
    const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    socket = new WebSocket(scheme + location.host + '/ws');
    socket.onmessage = (event) => {
      wait = first;
      model.apply(JSON.parse(event.data));
      onState(true);
      onChange();
    };
    socket.onclose = () => {
      onState(false);
      setTimeout(connect, wait);
      wait = Math.min(most, 2 * wait);
    };
  };
  connect();
}

// Drawings: the stream of tasks by worker, memory over time, and small lines.
import {bytes, seconds} from './format.js';
import {kindOf, states} from './model.js';

const rowHeight = 24;
const labelWidth = 130;
const countWidth = 56;  // right of the drawing: how many tasks wait
const axisHeight = 20;
const tallest = 600;

// The colours of the theme, asked for once in a drawing.
let styles = new Map();
const style = (name) => {
  if (!styles.has(name)) styles.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return styles.get(name);
};

// A canvas as sharp as the screen; gives its context, in CSS pixels.
export function prepare(canvas, width, height) {
  styles = new Map();
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  canvas.style.width = width + 'px';
  canvas.style.height = height + 'px';
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '12px ' + style('--mono');
  context.textBaseline = 'middle';
  return context;
}

// A name keeps its colour while the page is open: where its hash says, or as far as can be from those
// that others have.
const hues = 36;
let taken = [];
const colours = new Map();
export function colourOf(name) {
  if (!name) return style('--plain-bar');
  if (colours.has(name)) return colours.get(name);
  let hash = 2166136261;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0;
  const distance = (hue) => Math.min(hues, ...taken.map((other) => Math.min((hue - other + hues) % hues, (other - hue + hues) % hues)));
  let hue = hash % hues;
  if (distance(hue) < 4) for (let other = 0; other < hues; ++other) if (distance(other) > distance(hue)) hue = other;
  taken = taken.length < hues / 2 ? [...taken, hue] : [hue];
  const colour = `hsl(${hue * 360 / hues} ${60 + hash % 15}% ${48 + (hash >>> 8) % 12}%)`;
  if (colours.size > 1000) colours.clear();
  colours.set(name, colour);
  return colour;
}

function hatch(context, x, y, width, height, crossed) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.beginPath();
  for (let at = x - height; at < x + width; at += 6) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
    if (!crossed) continue;
    context.moveTo(at, y);
    context.lineTo(at + height, y + height);
  }
  context.strokeStyle = style('--hatch');
  context.lineWidth = 1;
  context.stroke();
  context.restore();
}

export class Timeline {
  constructor(box, tip) {
    this.box = box;
    this.tip = tip;
    this.canvas = document.createElement('canvas');
    this.space = document.createElement('div');
    box.append(this.canvas, this.space);
    this.rows = [];
    this.hits = [];
    this.cursor = null;
    box.addEventListener('mousemove', (event) => this.point(event));
    box.addEventListener('mouseleave', () => this.point(null));
  }

  // What to show: rows [{name, manager, tasks, busy}], from and to in the model's time.
  draw(rows, from, to, look) {
    const width = this.box.clientWidth;
    if (width === 0) return;
    const height = Math.min(tallest, rows.length * rowHeight + axisHeight);
    this.box.style.height = height + 'px';
    this.space.style.height = Math.max(0, rows.length * rowHeight + axisHeight - height) + 'px';
    this.view = {from, to, left: labelWidth, width: width - labelWidth - countWidth};
    const context = prepare(this.canvas, width, height);
    const first = Math.floor(this.box.scrollTop / rowHeight);
    const shown = Math.ceil((height - axisHeight) / rowHeight) + 1;
    this.hits = [];
    this.labels = [];
    context.save();
    context.beginPath();
    context.rect(0, 0, width, height - axisHeight);
    context.clip();
    rows.slice(first, first + shown).forEach((row, index) => {
      const y = (first + index) * rowHeight - this.box.scrollTop;
      context.fillStyle = style((first + index) % 2 ? '--row' : '--card');
      context.fillRect(0, y, width, rowHeight);
      this.drawRow(context, row, y, look);
    });
    context.restore();
    this.drawAxis(context, height - axisHeight, look.now);
    this.drawCursor(context, height - axisHeight);
  }

  x(time) {
    const {from, to, left, width} = this.view;
    return left + (time - from) / (to - from) * width;
  }

  drawRow(context, row, y, look) {
    const {from, to, left, width} = this.view;
    context.save();
    context.beginPath();
    context.rect(left, y, width, rowHeight);
    context.clip();
    for (const block of row.blocks) this.drawBlock(context, block, y, look);
    let edge = -1;
    for (const task of row.tasks) {
      if (!task.begin || (task.end && task.end < from) || task.begin > to) continue;
      if (!task.end) continue;
      const x = this.x(task.begin);
      const end = Math.max(x + 1, this.x(task.end));
      // What ends within the pixel of the one before would not be seen.
      if (end - edge < 0.5 && kindOf(task) === 'success') continue;
      edge = end;
      this.drawBar(context, task, x, y, end - x, look);
    }
    this.drawRunning(context, row, y, look);
    context.restore();
    if (row.waiting) {
      context.fillStyle = style('--warn');
      context.fillText('+' + row.waiting, left + width + 6, y + rowHeight / 2, countWidth - 8);
      this.hits.push({x: left + width + 2, end: left + width + countWidth, y, text: `${row.waiting} tasks wait at the worker`});
    }
    context.fillStyle = colourOf(row.manager);
    context.fillRect(0, y, 4, rowHeight);
    context.fillStyle = style('--text');
    const label = row.name.length > 16 ? row.name.slice(0, 15) + '\u2026' : row.name;
    context.fillText(label, 8, y + rowHeight / 2, labelWidth - 12);
    this.labels.push({y, name: row.name, manager: row.manager === '\uffff' ? 'it has gone' : row.manager});
  }

  drawBlock(context, block, y, look) {
    const begin = this.x(block.begin);
    const end = this.x(block.begin + look.blockMs);
    if (end < this.view.left) return;
    context.globalAlpha = 0.15 + 0.6 * Math.min(1, block.busy / look.blockMs);
    context.fillStyle = style('--plain-bar');
    context.fillRect(begin, y + 4, end - begin, rowHeight - 8);
    context.globalAlpha = 1;
    const failed = block.failed ? Math.max(4, (rowHeight - 8) * block.failed / block.count) : 0;
    if (failed) hatch(context, begin, y + rowHeight - 4 - failed, end - begin, failed, true);
    this.hits.push({x: begin, end, y, text: `${block.count} tasks, ${block.failed} failed`});
  }

  drawBar(context, task, x, y, width, look) {
    const kind = kindOf(task);
    const half = kind === 'canceled';
    const top = y + (half ? rowHeight / 2 - 3 : 3);
    const height = half ? rowHeight / 2 - 2 : rowHeight - 6;
    const names = look.byFunction ? [task.function] : task.capabilities ? task.capabilities.split(' ') : [''];
    if (names.length === 1) {
      context.fillStyle = colourOf(names[0]);
      context.fillRect(x, top, width, height);
    } else {
      for (let at = 0, turn = 0; at < width; at += 6, ++turn) {
        context.fillStyle = colourOf(names[turn % names.length]);
        context.fillRect(x + at, top, Math.min(6, width - at), height);
      }
    }
    if (kind === 'failed' || half) hatch(context, x, top, width, height, !half);
    if (kind === 'failed' || width > 4) {
      context.strokeStyle = style(kind === 'failed' ? '--bad' : '--edge');
      context.strokeRect(x + 0.5, top + 0.5, Math.max(1, width - 1), height - 1);
    }
    this.hits.push({x, end: x + width, y, task});
  }

  // As many as the worker's processors have are running; the others wait at the worker.
  drawRunning(context, row, y, look) {
    const open = row.tasks.filter((task) => !task.end && task.begin);
    const running = open.slice(0, Math.max(row.busy, 1));
    const ended = row.tasks.reduce((last, task) => (kindOf(task) === 'canceled' ? last : Math.max(last, task.end || 0)), 0);
    for (const task of running) {
      const x = this.x(Math.max(task.begin, ended));
      const end = Math.max(x + 2, this.x(Math.min(look.now, this.view.to)));
      context.fillStyle = colourOf(look.byFunction ? task.function : task.capabilities.split(' ')[0]);
      context.globalAlpha = 0.7;
      context.fillRect(x, y + 3, end - x, rowHeight - 6);
      context.globalAlpha = 1;
      context.strokeStyle = style('--warn');
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 4, Math.max(1, end - x - 2), rowHeight - 8);
      context.lineWidth = 1;
      this.hits.push({x, end, y, task});
    }
    row.waiting = open.length - running.length;
  }

  drawAxis(context, y, now) {
    const {from, to, left, width} = this.view;
    context.fillStyle = style('--quiet');
    for (let tick = 0; tick <= 6; ++tick) {
      const time = from + (to - from) * tick / 6;
      const text = ((time - now) / 1000).toFixed(to - from < 30000 ? 1 : 0) + ' s';
      const size = context.measureText(text).width;
      const x = left + width * tick / 6;
      context.fillText(text, Math.min(left + width - size, Math.max(left, x - size / 2)), y + axisHeight / 2);
    }
  }

  drawCursor(context, height) {
    if (this.cursor === null) return;
    context.strokeStyle = style('--accent');
    context.beginPath();
    context.moveTo(this.cursor, 0);
    context.lineTo(this.cursor, height);
    context.stroke();
  }

  point(event) {
    this.tip.hidden = true;
    this.cursor = null;
    if (!event || !this.view) return;
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    let text = '';
    if (x < labelWidth) {
      const label = this.labels.find((one) => y >= one.y && y < one.y + rowHeight);
      if (label) text = `${label.name}\nmanager: ${label.manager}`;
    } else {
      this.cursor = x;
      const hit = this.hits.findLast((one) => x >= one.x - 1 && x <= one.end + 1 && y >= one.y && y < one.y + rowHeight);
      if (hit) text = hit.text || describe(hit.task);
    }
    if (!text) return;
    this.tip.textContent = text;
    this.tip.hidden = false;
    this.tip.style.left = Math.min(window.innerWidth - this.tip.offsetWidth - 8, event.clientX + 14) + 'px';
    this.tip.style.top = Math.min(window.innerHeight - this.tip.offsetHeight - 8, event.clientY + 14) + 'px';
  }
}

export function durationOf(task) {
  if (task.duration !== null) return seconds(task.duration / 1e6);
  return task.end && task.begin ? '\u2264 ' + seconds((task.end - task.begin) / 1000) : '';
}

function describe(task) {
  return [task.function || '(no name)', task.id, states[task.state], durationOf(task),
    task.peak ? 'peak ' + bytes(task.peak) : '', task.capabilities].filter(Boolean).join('\n');
}

// Peaks of the tasks that ran at the same time, added up: [[time, bytes]].
export function memorySteps(tasks, from) {
  const steps = [];
  for (const task of tasks) {
    if (!task.peak || !task.end || task.end < from) continue;
    steps.push([task.begin, task.peak], [task.end, -task.peak]);
  }
  steps.sort((a, b) => a[0] - b[0]);
  let sum = 0;
  for (const step of steps) step[1] = sum += step[1];
  return steps;
}

const gib = 1024 ** 3;

export function drawMemory(canvas, lines, from, to, now, scale) {
  const width = canvas.parentElement.clientWidth - 24;
  const height = 220;
  if (width <= 0) return;
  const context = prepare(canvas, width, height);
  let top = gib;
  for (const line of lines) for (const point of line.points) top = Math.max(top, point[1]);
  const low = 1024 * 1024;
  const part = (value) => (scale === 'linear' ? value / top : Math.max(0, Math.log(Math.max(value, low) / low) / Math.log(top / low)));
  const bottom = height - axisHeight;
  const y = (value) => bottom - part(value) * (bottom - 10);
  const x = (time) => labelWidth + (time - from) / (to - from) * (width - labelWidth - countWidth);
  for (let tick = 0; tick <= 4; ++tick) {
    const value = scale === 'linear' ? top * tick / 4 : low * (top / low) ** (tick / 4);
    context.fillStyle = style('--quiet');
    context.fillText(bytes(value), 8, Math.max(8, y(value)));
    context.fillStyle = style('--edge');
    context.fillRect(labelWidth, y(value), width - labelWidth - countWidth, 1);
  }
  context.save();
  context.beginPath();
  context.rect(labelWidth, 0, width - labelWidth - countWidth, bottom);
  context.clip();
  for (const line of lines) {
    context.beginPath();
    let last = 0;
    let column = null;  // of pixels: one line up to its most is enough
    if (line.steps) context.moveTo(x(from), y(0));
    else if (line.points.length) context.moveTo(x(Math.max(from, line.points[0][0])), y(line.points[0][1]));
    for (const [time, value] of line.points) {
      const place = Math.round(x(Math.max(from, time)));
      if (column && place !== column.place) {
        context.lineTo(column.place, y(column.most));
        context.lineTo(column.place, y(last));
      }
      if (!column || place !== column.place) {
        if (line.steps) context.lineTo(place, y(last));
        column = {place, most: value};
      }
      column.most = Math.max(column.most, value);
      last = value;
    }
    if (column) context.lineTo(column.place, y(column.most));
    if (line.steps) context.lineTo(x(Math.min(now, to)), y(last));
    context.strokeStyle = style(line.colour);
    context.setLineDash(line.dashed ? [5, 4] : []);
    context.stroke();
    if (!line.filled) continue;
    context.lineTo(x(Math.min(now, to)), bottom);
    context.lineTo(x(from), bottom);
    context.globalAlpha = 0.25;
    context.fillStyle = style(line.colour);
    context.fill();
    context.globalAlpha = 1;
  }
  context.restore();
  context.setLineDash([]);
  context.fillStyle = style('--quiet');
  for (let tick = 0; tick <= 6; ++tick) {
    const text = ((from + (to - from) * tick / 6 - now) / 1000).toFixed(0) + ' s';
    const size = context.measureText(text).width;
    context.fillText(text, Math.min(width - countWidth - size, Math.max(labelWidth, labelWidth + (width - labelWidth - countWidth) * tick / 6 - size / 2)), bottom + 10);
  }
}

// A line of numbers; the largest is the top.
export function drawSpark(canvas, values, colour, top) {
  const width = canvas.parentElement.clientWidth;
  if (width <= 0) return;
  const height = 44;
  const context = prepare(canvas, width, height);
  const most = top || Math.max(1, ...values);
  context.beginPath();
  values.forEach((value, index) => {
    const x = values.length < 2 ? width : index / (values.length - 1) * width;
    const y = height - 2 - Math.min(1, value / most) * (height - 4);
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.strokeStyle = style(colour);
  context.lineWidth = 1.5;
  context.stroke();
}

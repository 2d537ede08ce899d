// The tab Worker Task Stream: tasks by worker over time, and memory below on the same axis.
import {settings} from './app.js';
import {kindOf} from './model.js';
import {colourOf, drawMemory, memorySteps, Timeline} from './timeline.js';

const find = (id) => document.getElementById(id);
const shortest = 2000;  // ms that the window may show

let timeline = null;
let memoryShown = '';  // what the memory below was drawn for, and when: once a second is enough
let memoryAt = 0;
let frozen = null;  // the model's time when it was paused
const view = {zoom: 1, back: 0};  // the window is divided by zoom, and ends `back` ms before now

export function startStream(model, draw) {
  timeline = new Timeline(find('timeline'), find('tip'));
  const pause = (is) => {
    frozen = is ? model.now() : null;
    find('stream-pause').setAttribute('aria-pressed', String(is));
    find('stream-pause').textContent = is ? 'Go on' : 'Pause';
    draw();
  };
  find('stream-pause').onclick = () => pause(frozen === null);
  const zoom = (factor) => {
    view.zoom = Math.min(windowMs() / shortest, Math.max(1, view.zoom * factor));
    view.back = Math.min(view.back, windowMs() - windowMs() / view.zoom);
    draw();
  };
  const move = (part) => {
    const span = windowMs() / view.zoom;
    view.back = Math.min(windowMs() - span, Math.max(0, view.back + part * span));
    draw();
  };
  find('zoom-in').onclick = () => zoom(1.5);
  find('zoom-out').onclick = () => zoom(1 / 1.5);
  find('zoom-reset').onclick = () => {
    view.zoom = 1;
    view.back = 0;
    pause(false);
  };
  const box = find('timeline');
  box.addEventListener('scroll', draw, {passive: true});
  box.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.shiftKey && !event.deltaX) return;  // the rows scroll
    event.preventDefault();
    if (event.ctrlKey) zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
    else move(-(event.deltaX || event.deltaY) / 800);
  }, {passive: false});
  box.addEventListener('keydown', (event) => {
    const keys = {'+': () => zoom(1.5), '-': () => zoom(1 / 1.5), ArrowLeft: () => move(0.2), ArrowRight: () => move(-0.2), p: () => pause(frozen === null)};
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  setInterval(() => {  // time goes on without news
    if (settings.tab === 'stream' && frozen === null && !document.hidden) draw();
  }, 1000);
}

const windowMs = () => Number(settings.window) * 60000;

export function drawStream(model) {
  const now = frozen ?? model.now();
  const to = now - view.back;
  const from = to - windowMs() / view.zoom;
  const rows = rowsOf(model, from);
  const look = {now, byFunction: settings.colour === 'function', blockMs: model.limits.block_ms};
  timeline.draw(rows, from, to, look);
  find('stream-note').textContent = `${rows.length} workers, ${Math.round((to - from) / 1000)} s; Ctrl and wheel zoom, Shift and wheel move`;
  drawLegend(model, rows, from);
  const shown = [to - from, view.back, settings.scale, window.innerWidth, settings.theme].join();
  if (shown === memoryShown && performance.now() - memoryAt < 1000) return;
  memoryShown = shown;
  memoryAt = performance.now();
  const processors = model.chart.filter((point) => point[0] >= from - 2000 && point[0] <= to).map((point) => [point[0], point[9]]);
  drawMemory(find('memory'), [
    {points: memorySteps(model.tasks.values(), from), steps: true, filled: true, colour: '--accent'},
    {points: processors, dashed: true, colour: '--good'}], from, to, now, settings.scale);
  find('memory-note').textContent = 'filled: peaks of the tasks that ran at the same time, where they were measured; dashed: all processors now';
}

const goneManager = '\uffff';  // of workers that have gone: behind all others

function rowsOf(model, from) {
  const blocks = new Map();
  for (const block of model.blocks.values()) {
    if (block.begin + model.limits.block_ms < from) continue;
    const name = model.names.workers.get(block.worker) || '';
    if (!blocks.has(name)) blocks.set(name, []);
    blocks.get(name).push(block);
  }
  const names = new Set(blocks.keys());
  for (const [name, tasks] of model.byWorker)
    if (tasks.some((task) => task.begin && (!task.end || task.end >= from))) names.add(name);
  if (settings.idle === 'yes') for (const name of model.tables.workers.keys()) names.add(name);
  names.delete('');
  return [...names].map((name) => {
    const worker = model.tables.workers.get(name);
    const busy = worker ? worker.processors.filter((one) => one[2] && !one[3]).length : 0;
    return {name, manager: worker ? worker.manager_id : goneManager, tasks: model.byWorker.get(name) || [], blocks: blocks.get(name) || [], busy};
  }).sort((a, b) => (a.manager === b.manager ? (a.name < b.name ? -1 : 1) : a.manager < b.manager ? -1 : 1));
}

const legendMost = 24;
let legendShown = '';
let legendAt = 0;

function drawLegend(model, rows, from) {
  const byFunction = settings.colour === 'function';
  if (performance.now() - legendAt < 1000 && legendShown.startsWith(`[${byFunction}`)) return;
  legendAt = performance.now();
  const names = new Set();
  for (const row of rows)
    for (const task of row.tasks) {
      if (task.end && task.end < from) continue;
      if (byFunction) names.add(task.function);
      else for (const one of task.capabilities ? task.capabilities.split(' ') : ['']) names.add(one);
    }
  const managers = [...new Set(rows.map((row) => row.manager))].sort();
  const all = [...names].sort();
  const key = JSON.stringify([byFunction, all, managers, document.documentElement.dataset.theme]);
  if (key === legendShown) return;
  legendShown = key;
  const legend = find('legend');
  legend.replaceChildren();
  const add = (text, className, colour) => {
    const item = document.createElement('span');
    const swatch = document.createElement('i');
    swatch.className = className;
    if (colour) swatch.style.background = colour;
    item.append(swatch, text);
    legend.append(item);
  };
  add('running', 'running');
  add('failed', 'failed');
  add('canceled', 'canceled');
  add('+n: tasks that wait at the worker', 'none');
  for (const name of managers) add(name === goneManager ? 'workers that have gone' : 'manager ' + name, 'manager', colourOf(name));
  for (const name of all.slice(0, legendMost)) add(name || (byFunction ? '(no name)' : 'no capabilities'), '', colourOf(name));
  if (all.length > legendMost) add(`and ${all.length - legendMost} more`, 'none');
}

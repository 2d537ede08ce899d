// The page: tabs, settings, and which data goes where.
import {drawLive, startLive} from './live.js';
import {drawLog, startLog} from './log.js';
import {follow, Model} from './model.js';
import {drawProcessors} from './processors.js';
import {drawStream, startStream} from './stream.js';

const find = (id) => document.getElementById(id);

// ---- settings: of this browser, and in the page's address ----

const choices = {
  tab: ['live', 'log', 'stream', 'processors', 'settings'],
  window: ['5', '10', '30'],
  scale: ['linear', 'log'],
  theme: ['system', 'light', 'dark'],
  refresh: ['200', '1000', '5000'],
  colour: ['capability', 'function'],
  idle: ['yes', 'no'],
};
export const settings = Object.fromEntries(Object.entries(choices).map(([key, all]) => [key, all[0]]));

function readSettings() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem('scaler') || '{}');
  } catch { /* a browser that keeps nothing, or what it kept is of another page */ }
  const told = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  for (const [key, all] of Object.entries(choices))
    for (const value of [kept[key], told[key]]) if (all.includes(value)) settings[key] = value;
}

export function change(key, value) {
  if (!choices[key].includes(value)) return;
  settings[key] = value;
  keepSettings();
  showSettings();
  draw();
}

function keepSettings() {
  const others = Object.entries(settings).filter(([key, value]) => value !== choices[key][0]);
  history.replaceState(null, '', others.length ? '#' + new URLSearchParams(others) : location.pathname);
  try {
    localStorage.setItem('scaler', JSON.stringify(settings));
  } catch { /* then for this visit only */ }
}

function showSettings() {
  document.documentElement.dataset.theme = settings.theme;
  for (const input of find('settings-form').elements)
    if (input.name) input.checked = settings[input.name] === input.value;
  find('colour-by').value = settings.colour;
  find('idle-rows').checked = settings.idle === 'yes';
  for (const name of choices.tab) {
    const chosen = name === settings.tab;
    const tab = find('tab-' + name);
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    find(name).hidden = !chosen;
  }
}

function startSettings() {
  readSettings();
  find('settings-form').addEventListener('change', (event) => change(event.target.name, event.target.value));
  find('colour-by').onchange = (event) => change('colour', event.target.value);
  find('idle-rows').onchange = (event) => change('idle', event.target.checked ? 'yes' : 'no');
  choices.tab.forEach((name, place) => {
    const tab = find('tab-' + name);
    tab.onclick = () => change('tab', name);
    tab.onkeydown = (event) => {
      const steps = {ArrowRight: 1, ArrowLeft: -1, Home: -place, End: choices.tab.length - 1 - place};
      if (!(event.key in steps)) return;
      event.preventDefault();
      const next = choices.tab[(place + steps[event.key] + choices.tab.length) % choices.tab.length];
      change('tab', next);
      find('tab-' + next).focus();
    };
  });
  window.addEventListener('hashchange', () => {
    readSettings();
    showSettings();
    draw();
  });
  showSettings();
}

// ---- drawing ----

const model = new Model();
const painters = {live: drawLive, log: drawLog, stream: drawStream, processors: drawProcessors, settings: () => {}};
let drawn = 0;
let waiting = false;

export function draw() {
  drawn = performance.now();
  waiting = false;
  find('monitor').textContent = model.scheduler.monitor_address || '';
  find('summary').textContent = `${model.tables.workers.size} workers`;
  painters[settings.tab](model);
}

// At most as often as the settings say, and never for a page that is not looked at.
function drawSoon() {
  if (waiting) return;
  waiting = true;
  const pause = Math.max(0, drawn + Number(settings.refresh) - performance.now());
  setTimeout(() => requestAnimationFrame(draw), pause);
}

let connected = false;
function showState(isConnected) {
  connected = isConnected;
  const badge = find('badge');
  const fresh = connected && model.scheduler.connected;
  const text = !connected ? 'disconnected' : fresh ? 'connected' : 'no scheduler';
  if (badge.textContent === text) return;
  badge.textContent = text;
  badge.className = 'badge ' + (fresh ? 'good' : connected ? 'warn' : 'bad');
}

startSettings();
startLive(model);
startLog(model, draw);
startStream(model, draw);
follow(model, drawSoon, showState);
window.addEventListener('resize', drawSoon);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawSoon);

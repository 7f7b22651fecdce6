'use strict';

// Everything that comes from the server goes into the page as text: el sets no HTML.
const $ = (id) => document.getElementById(id);

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== 'list') node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== ''));
  return node;
}

let state = null; // the last one
let ahead = 0;    // of the sandbox's clock, in ms
const tokens = new Map(); // the texts of tokens that were made here, by fingerprint

// Calls.

let unsay = null;

// say shows what came of something: good news for a while, bad news until something else is said.
function say(what, kind = 'good') {
  clearTimeout(unsay);
  $('said').className = 'said ' + kind;
  $('said').replaceChildren(...[what].flat());
  $('said').hidden = false;
  if (kind === 'good') unsay = setTimeout(() => { $('said').hidden = true; }, 15000);
}

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => {
    throw new Error('The sandbox does not answer.');
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// act runs what a button does, once at a time, and says what came of it.
function act(button, does) {
  return async (event) => {
    event?.preventDefault();
    const it = button ?? event.currentTarget;
    it.disabled = true;
    try {
      say(await does());
    } catch (error) {
      say(error.message, 'bad');
    }
    it.disabled = false;
  };
}

const button = (key, text, does, className = '') => {
  const b = el('button', { type: 'button', className, 'data-key': key }, text);
  b.addEventListener('click', act(b, does));
  return b;
};

const copy = (key, what, text) => button(key, 'Copy ' + what, async () => {
  if (!navigator.clipboard) throw new Error('Browsers let a page copy at localhost or by https only. Show it instead.');
  await navigator.clipboard.writeText(text);
  return `Copied ${what}.`;
}, 'small');

// Lists. A row is made anew only where what it shows has changed, and keeps the focus then.

function show(list, items, keyOf, make) {
  const old = new Map([...list.children].map((node) => [node.dataset.row, node]));
  const focused = document.activeElement?.dataset?.key;
  const nodes = items.map((item) => {
    const key = keyOf(item);
    const text = JSON.stringify(item);
    const was = old.get(key);
    if (was && was.shown === text) return was;
    const node = make(item);
    node.dataset.row = key;
    if (!settled) node.classList.remove('new');
    node.shown = text;
    const [before, now] = [was, node].map((row) => row?.querySelector(':scope > details'));
    if (before && now) now.open = before.open;
    return node;
  });
  if (nodes.length !== list.children.length || nodes.some((node, i) => list.children[i] !== node)) {
    list.replaceChildren(...nodes);
    if (focused && document.activeElement?.dataset?.key !== focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
}

const appName = (id) => state.applications.find((a) => a.id === id)?.name ?? (id ? id : 'unknown key');
const others = (id) => state.applications.filter((a) => a.id !== id);
const sessionName = (id) => state.sessions.find((s) => s.id === id)?.name ?? 'a deleted session';

function tone(status) {
  if (['Approved', 'redeemed'].includes(status)) return 'good';
  if (['Declined', 'Expired', 'expired', 'Kyc Expired', 'Abandoned'].includes(status)) return 'bad';
  return 'wait';
}
const chip = (text, kind) => el('span', { className: 'chip ' + (kind ?? tone(text)) }, text);
const time = (iso) => new Date(iso).toISOString().slice(11, 19);
const moment = (iso) => (iso.slice(0, 10) === state.clock.slice(0, 10) ? '' : iso.slice(0, 10) + ' ') + time(iso) + ' UTC';

function application(a) {
  const curl = `curl -H 'x-api-key: ${a.api_key}' '${state.base_url}/v3/sessions/'`;
  const secret = (name, text, ...more) => {
    const value = el('code', {}, '••••••••');
    const b = el('button', { type: 'button', className: 'small', 'aria-pressed': 'false', 'data-key': a.id + name }, 'Show ' + name);
    b.addEventListener('click', () => {
      const shown = b.getAttribute('aria-pressed') === 'true';
      b.setAttribute('aria-pressed', String(!shown));
      b.textContent = (shown ? 'Show ' : 'Hide ') + name;
      value.textContent = shown ? '••••••••' : text;
    });
    return el('dd', { className: 'does' }, value, b, copy(a.id + 'copy' + name, name, text), ...more);
  };
  const form = el('form', { className: 'line' });
  const url = el('input', { type: 'url', name: 'url', value: a.webhook_url, placeholder: 'http://127.0.0.1:9000/webhook', 'data-key': a.id + 'url' });
  const set = el('button', { 'data-key': a.id + 'set' }, 'Set');
  form.append(el('label', { className: 'url' }, 'Webhooks go to', url), set);
  form.addEventListener('submit', act(set, async () => {
    const now = await call('POST', `applications/${a.id}/webhook`, { url: url.value.trim() });
    return now.webhook_url ? `Events of ${a.name} go to ${now.webhook_url}.` : `Events of ${a.name} go nowhere.`;
  }));
  return el('li', {}, el('details', { open: innerWidth >= 700 },
    el('summary', {}, el('h3', {}, a.name)),
    el('dl', {},
      el('dt', {}, 'Id'), el('dd', {}, el('code', {}, a.id)),
      el('dt', {}, 'User workflow'), el('dd', {}, el('code', {}, a.workflows.user)),
      el('dt', {}, 'Business workflow'), el('dd', {}, el('code', {}, a.workflows.business)),
      el('dt', {}, 'API key'), secret('key', a.api_key, copy(a.id + 'curl', 'curl line', curl)),
      el('dt', {}, 'Webhook secret'), secret('secret', a.webhook_secret)),
    form));
}

function session(s) {
  const to = (status) => button(s.id + status, status === 'Approved' ? 'Approve' : 'Decline', async () => {
    await call('POST', `sessions/${s.id}/status`, { status });
    return `${s.name} is ${status}.`;
  });
  const does = el('div', { className: 'does' });
  if (s.status !== 'Approved') does.append(to('Approved'));
  if (s.status !== 'Declined') does.append(to('Declined'));
  if (['Approved', 'Declined', 'In Review'].includes(s.status)) {
    for (const with_ of others(s.application)) {
      does.append(button(s.id + with_.id, `Share with ${with_.name}`, async () => {
        const token = await call('POST', `sessions/${s.id}/share`, { application: with_.id });
        tokens.set(token.fingerprint, token.share_token);
        renderSoon(); // the stream may have been faster
        return [`${appName(s.application)} has a token for ${with_.name}: ${token.fingerprint}. Import it from `, el('a', { href: '#tokens-title' }, 'Share tokens'), '.'];
      }, 'soft'));
    }
  }
  const words = [appName(s.application), s.kind];
  if (s.vendor_data) words.push(`vendor data ${s.vendor_data}`);
  if (s.shared_from_session) words.push(`copy of ${sessionName(s.shared_from_session)}`);
  return el('li', { className: 'new session' },
    el('div', {},
      el('div', { className: 'head' }, el('h3', {}, s.name), chip(s.status)),
      el('p', { className: 'quiet' }, words.join(' · ')),
      el('p', { className: 'quiet' }, el('code', {}, s.id))),
    does);
}

function token(t) {
  const to = appName(t.for_application_id);
  const row = el('li', { className: 'new' },
    el('div', { className: 'head' }, el('h3', {}, sessionName(t.session_id)), chip(t.state), el('code', {}, t.fingerprint)),
    el('p', { className: 'quiet' }, `${appName(t.from_application_id)} → ${to}, until ${moment(t.expires_at)}`,
      t.imported_as ? el('span', {}, ', now ', el('code', {}, t.imported_as)) : ''));
  const text = tokens.get(t.fingerprint);
  if (text) row.append(el('details', {}, el('summary', {}, 'Token'), el('code', {}, text), el('div', { className: 'does' }, copy(t.fingerprint + 'copy', 'token', text))));
  if (t.state === 'open') {
    const form = el('form', { className: 'does' });
    const data = el('input', { value: 'customer-' + t.fingerprint.slice(0, 4), autocomplete: 'off', 'data-key': t.fingerprint + 'data' });
    const trust = el('input', { type: 'checkbox', 'data-key': t.fingerprint + 'trust' });
    const go = el('button', { className: 'main', 'data-key': t.fingerprint + 'go' }, `Import into ${to}`);
    form.append(el('label', {}, 'Vendor data', data), el('label', { className: 'tick' }, trust, 'trust the review'), go);
    form.addEventListener('submit', act(go, async () => {
      const copy_ = await call('POST', `tokens/${t.fingerprint}/import`, { application: t.for_application_id, vendor_data: data.value, trust_review: trust.checked });
      return copy_.recovered
        ? `The answer was lost or refused; the client found the copy that Didit had made: ${copy_.session_id}, ${copy_.status}.`
        : `${to} has its copy: ${copy_.session_id}, ${copy_.status}.`;
    }));
    row.append(form);
  }
  return row;
}

function fault(f) {
  const left = f.times < 0 ? 'without end' : `${f.times} to come`;
  const words = [left];
  if (f.skip) words.push(`after ${f.skip}`);
  if (f.probability) words.push(`each with ${f.probability}`);
  if (f.status) words.push(`status ${f.status}`);
  if (f.application) words.push(`only ${appName(f.application)}`);
  words.push(`${f.fired} so far`);
  return el('li', { className: 'head' }, el('strong', {}, f.operation), chip(f.kind, 'wait'), el('span', { className: 'quiet' }, words.join(', ')));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function feedRow(item, status, ok, ...words) {
  const detail = el('dl', {});
  for (const [name, value] of Object.entries(item)) {
    if (value === '' || name === 'body') continue;
    detail.append(el('dt', {}, name), el('dd', {}, el('code', {}, name === 'application' ? `${appName(value)} ${value}` : String(value))));
  }
  return el('li', { className: 'new' }, el('details', {},
    el('summary', {}, el('time', { className: 'quiet' }, time(item.time)), chip(status, ok), ...words),
    detail, item.body ? el('pre', { tabIndex: 0, 'aria-label': 'Body' }, pretty(item.body)) : ''));
}

const request = (r) => feedRow(r, r.status ? String(r.status) : 'no answer', r.status === 0 ? 'wait' : r.status < 300 ? 'good' : 'bad',
  el('strong', {}, r.method), el('span', { className: 'path mono' }, r.path + (r.query ? '?' + r.query : '')),
  el('span', { className: 'quiet' }, r.application ? appName(r.application) : 'no key that is known'), r.fault ? chip(r.fault, 'wait') : '');

const delivery = (d) => feedRow(d, d.status ? String(d.status) : 'failed', d.status >= 200 && d.status < 300 ? 'good' : 'bad',
  el('strong', {}, d.type), el('span', { className: 'path mono' }, d.url),
  el('span', { className: 'quiet' }, `${appName(d.application)}, attempt ${d.attempt}`));

// Feeds hold the last that came, by number: a request comes when it arrives and again when it is answered.

const feeds = { request: new Map(), delivery: new Map() };
const kept = 200;

function renderFeeds() {
  for (const [name, list, none, make] of [['request', 'requests', 'no-requests', request], ['delivery', 'deliveries', 'no-deliveries', delivery]]) {
    const items = [...feeds[name].values()].sort((a, b) => b.n - a.n);
    for (const old of items.splice(kept)) feeds[name].delete(old.n);
    show($(list), items, (item) => String(item.n), make);
    $(none).hidden = items.length > 0;
  }
}

// The state.

const shownSessions = 40;

function options(select, values, chosen) {
  if (select.children.length === values.length && values.every(([value, text], i) => select.children[i].value === value && select.children[i].text === text)) return;
  const was = select.value || chosen;
  select.replaceChildren(...values.map(([value, text]) => el('option', { value, selected: value === was }, text)));
}

function render() {
  $('base').textContent = state.base_url;
  show($('applications'), state.applications, (a) => a.id, application);
  const named = state.applications.map((a) => a.name).join();
  show($('sessions'), state.sessions.slice(0, shownSessions).map((s) => ({ ...s, named })), (s) => s.id, session);
  $('more').hidden = state.sessions.length <= shownSessions;
  $('more').textContent = `and ${state.sessions.length - shownSessions} older ones, see GET /state`;
  show($('tokens'), state.tokens.slice(0, shownSessions).map((t) => ({ ...t, here: tokens.has(t.fingerprint), today: state.clock.slice(0, 10) })), (t) => t.fingerprint, token);
  $('no-tokens').hidden = state.tokens.length > 0;
  show($('faults'), state.faults.map((f, i) => ({ ...f, i })), (f) => String(f.i), fault);
  $('end-faults').hidden = state.faults.length === 0;
  $('no-faults').hidden = state.faults.length > 0;
  const same = (list) => list.map((value) => [value, value]);
  options($('add').application, state.applications.map((a) => [a.id, a.name]));
  options($('add').status, same(state.statuses), 'Approved');
  options($('fault').operation, same(['Any', ...state.operations]), 'ImportSharedSession');
  options($('fault').kind, same(state.kinds), 'answer-lost');
  options($('fault').application, [['', 'any'], ...state.applications.map((a) => [a.id, a.name])]);
}

function tick() {
  if (state) $('clock').textContent = new Date(Date.now() + ahead).toISOString().slice(0, 19).replace('T', ' ') + ' UTC';
}

// The stream. The browser comes back by itself, and says what it saw last.

let run = null;
let waiting = false;
let settled = false; // what comes from now on is new

function renderSoon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (!state) return;
    render();
    renderFeeds();
    settled = true;
  });
}

const stream = new EventSource('events');
const link = (text, kind) => {
  $('link').textContent = text;
  $('link').className = 'chip ' + kind;
};
stream.addEventListener('open', () => link('live', 'good'));
stream.addEventListener('error', () => link('not connected, trying again', 'bad'));
stream.addEventListener('state', (event) => {
  state = JSON.parse(event.data);
  ahead = new Date(state.clock) - Date.now();
  if (run !== null && run !== state.run) { // it was started anew
    for (const feed of Object.values(feeds)) feed.clear();
    tokens.clear();
  }
  run = state.run;
  tick();
  renderSoon();
});
for (const name of Object.keys(feeds)) {
  stream.addEventListener(name, (event) => {
    const item = JSON.parse(event.data);
    feeds[name].set(item.n, item);
    renderSoon();
  });
}
setInterval(tick, 500);

// What does not change.

for (const b of document.querySelectorAll('[data-advance]')) {
  b.addEventListener('click', act(b, async () => {
    await call('POST', 'clock', { advance: b.dataset.advance });
    const receivers = state.applications.some((a) => a.webhook_url) ? ' Receivers that go by their own clock refuse its webhooks as stale now.' : '';
    return `The sandbox's clock went on by ${b.textContent.slice(1)}.${receivers}`;
  }));
}
$('add').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = $('add');
  act(form.querySelector('button'), async () => {
    const patch = form.patch.value.trim();
    const body = { application: form.application.value, kind: form.kind.value, status: form.status.value, vendor_data: form.vendor_data.value };
    if (patch) {
      try {
        body.patch = JSON.parse(patch);
      } catch {
        throw new Error('The patch is not JSON.');
      }
    }
    return `Added session ${(await call('POST', 'sessions', body)).id}.`;
  })();
});
const setFault = async (body) => {
  const f = await call('POST', 'faults', body);
  return `${f.kind} for ${f.operation}, ${f.times < 0 ? 'without end' : f.times === 1 ? 'once' : f.times + ' times'}.`;
};
$('fault').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = $('fault');
  act(form.querySelector('button'), () => setFault({
    operation: form.operation.value, kind: form.kind.value, times: Number(form.times.value), skip: Number(form.skip.value),
    probability: Number(form.probability.value), status: Number(form.status.value), application: form.application.value,
  }))();
});
$('lose').addEventListener('click', act($('lose'), () => setFault({ operation: 'ImportSharedSession', kind: 'answer-lost' })));
$('end-faults').addEventListener('click', act($('end-faults'), async () => `${(await call('DELETE', 'faults')).ended} ended.`));

// The report without a script is whole: every finding is a row in the table of its rule. This script takes the rows out
// and puts those back that are asked for, a page at a time. It never makes markup out of text.
(() => {
  'use strict';
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const make = (name, className, text) => {
    const e = document.createElement(name);
    if (className) e.className = className;
    if (text) e.textContent = text;
    return e;
  };
  const counted = (n, thing) => n.toLocaleString('en') + ' ' + thing + (n === 1 ? '' : 's');

  // Colours: the system's until somebody chooses.
  const system = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme || (system.matches ? 'dark' : 'light')) === 'dark';
  const theme = find('theme');
  const paintTheme = () => { theme.textContent = isDark() ? 'Light' : 'Dark'; };
  theme.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try { localStorage.setItem('demarc-theme', root.dataset.theme); } catch (e) { /* may not keep anything */ }
    paintTheme();
  });
  system.addEventListener('change', paintTheme);
  paintTheme();

  // Copying a command. Buttons come with the rows that are shown.
  const addCopy = (within) => {
    for (const code of within.querySelectorAll('code.command:not(.copyable)')) {
      code.classList.add('copyable');
      const b = make('button', 'copy', 'Copy');
      b.type = 'button';
      b.setAttribute('aria-label', 'Copy ' + code.textContent);
      code.after(b);
    }
  };
  const copyOldWay = (text) => {
    const area = make('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  };
  document.addEventListener('click', async (event) => {
    const b = event.target.closest('button.copy');
    if (!b) return;
    const text = b.previousElementSibling.textContent;
    let done;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch (e) {
      done = copyOldWay(text);
    }
    b.textContent = done ? 'Copied' : 'Not copied';
    setTimeout(() => { b.textContent = 'Copy'; }, 1600);
  });

  find('print').addEventListener('click', () => print());
  const folded = [...document.querySelectorAll('details.kinds, details.yaml')];
  const fold = (open) => folded.forEach((d) => { d.open = open; });
  fold(false);
  addEventListener('beforeprint', () => fold(true));
  addEventListener('afterprint', () => fold(false));

  const box = find('groups');
  if (!box) return;

  // What is there.
  const PAGE = 25, GROUPS = 40, OPENED = 8;
  const gravity = ['unsupported', 'reverted', 'undiagnosed', 'advice', 'other'];
  const shared = box.querySelector('thead');
  const ruleGroups = new Map();
  const rows = [];
  for (const details of box.children) {
    const body = details.querySelector('tbody');
    const rule = details.dataset.rule;
    const heading = details.querySelector('.heading').textContent;
    ruleGroups.set(rule, { details, body, key: rule, rows: [], shown: PAGE });
    for (const el of body.rows) {
      const d = el.dataset;
      rows.push({ el, rule, heading, class: d.class, mode: d.mode, ns: d.ns, owner: d.owner, cluster: d.cluster || '', status: d.status || 'open' });
    }
  }
  const textOf = (r) => {
    r.text ??= [r.el.textContent, r.heading, r.owner, r.cluster].join(' ').toLowerCase();
    return r.text;
  };

  // What is asked for. It stands in the address, so that it can be sent to somebody.
  const form = find('tools');
  const fields = ['q', 'class', 'mode', 'cluster', 'ns', 'rule', 'show'].filter((f) => form.elements[f]);
  const read = () => {
    const s = Object.fromEntries(fields.map((f) => [f, form.elements[f].value]));
    s.by = form.elements.by.value || 'rule';
    return s;
  };
  const write = (s) => {
    for (const f of fields) {
      const e = form.elements[f];
      e.value = s[f] || '';
      if (e.selectedIndex === -1) e.value = '';
    }
    for (const radio of form.elements.by) radio.checked = radio.value === (s.by || 'rule');
    if (!form.elements.by.value) form.elements.by[0].checked = true;
  };
  const filtered = (s) => fields.some((f) => s[f]);
  const fromAddress = () => (location.hash.includes('=') ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : null);
  const toAddress = (s) => {
    const p = new URLSearchParams();
    for (const f of fields) if (s[f]) p.set(f, s[f]);
    if (s.by !== 'rule') p.set('by', s.by);
    const hash = p.toString();
    if (!hash && !location.hash.includes('=')) return;
    try { history.replaceState(null, '', location.href.split('#')[0] + (hash ? '#' + hash : '')); } catch (e) { /* no address of its own */ }
  };

  const matcher = (s) => {
    const words = (s.q || '').toLowerCase().split(/\s+/).filter(Boolean);
    return (r) => (s.show === 'all' || r.status === (s.show || 'open')) &&
      (!s.class || r.class === s.class) && (!s.mode || r.mode === s.mode) && (!s.cluster || r.cluster === s.cluster) &&
      (!s.ns || r.ns === s.ns) && (!s.rule || r.rule === s.rule) && words.every((w) => textOf(r).includes(w));
  };

  // Groups by namespace and by owner; their elements are made when they are first shown.
  const otherGroups = new Map();
  const groupOf = (r, by) => {
    if (by === 'rule') return ruleGroups.get(r.rule);
    const key = [by, r.cluster, r[by]].join('\n');
    let g = otherGroups.get(key);
    if (!g) otherGroups.set(key, g = { key, name: r[by], cluster: r.cluster });
    return g;
  };
  const groupsByElement = new WeakMap();
  const build = (g) => {
    if (!g.details) {
      g.details = make('details');
      g.body = make('tbody');
      g.chip = make('span', 'chip');
      const summary = make('summary');
      const heading = make('span', 'heading');
      heading.append(make('span', 'title', g.name === '-' ? 'cluster-scoped' : g.name));
      if (form.elements.cluster) heading.append(' ', make('code', '', g.cluster));
      summary.append(g.chip, heading, make('span', 'tally'));
      const inside = make('div', 'body');
      const table = make('table', 'findings');
      table.append(shared.cloneNode(true), g.body);
      inside.append(table);
      g.details.append(summary, inside);
    }
    groupsByElement.set(g.details, g);
    g.details.querySelector('.tally').textContent = counted(g.rows.length, 'finding');
    if (g.chip) {
      const sort = gravity[g.gravest];
      g.details.className = 'group ' + sort;
      g.chip.textContent = form.elements.class.querySelector('[value="' + sort + '"]').textContent;
    }
    return g.details;
  };

  const fill = (g) => {
    const part = g.rows.slice(0, g.shown).map((r) => r.el);
    g.body.replaceChildren(...part);
    g.filled = true;
    addCopy(g.details);
    g.more?.remove();
    const rest = g.rows.length - part.length;
    if (rest > 0) {
      g.more = make('button', 'more', 'Show ' + Math.min(rest, 4 * PAGE) + ' more of ' + counted(g.rows.length, 'finding'));
      g.more.type = 'button';
      g.more.addEventListener('click', () => {
        const next = g.shown;
        g.shown += 4 * PAGE;
        fill(g);
        const row = g.body.rows[next];
        row.tabIndex = -1;
        row.focus({ preventScroll: true });
      });
      g.body.parentElement.after(g.more);
    }
  };
  const unfold = (g, open) => {
    build(g).open = open;
    if (open && !g.filled) fill(g);
  };
  box.addEventListener('toggle', (event) => {
    const g = groupsByElement.get(event.target);
    if (g && g.details.open && !g.filled) fill(g);
  }, true);

  const ordered = (groups, by) => {
    if (by === 'rule') return [...ruleGroups.values()].filter((g) => groups.has(g));
    return [...groups].sort((a, b) => a.gravest - b.gravest || b.rows.length - a.rows.length || (a.name < b.name ? -1 : 1));
  };

  let current = [], groupsShown = GROUPS;
  const draw = (s, wanted, print) => {
    for (const g of current) { g.body?.replaceChildren(); g.more?.remove(); }
    const groups = new Set();
    for (const r of wanted) {
      const g = groupOf(r, s.by);
      if (!groups.has(g)) {
        groups.add(g);
        Object.assign(g, { rows: [], shown: print ? Infinity : PAGE, filled: false, gravest: gravity.length });
      }
      g.rows.push(r);
      g.gravest = Math.min(g.gravest, gravity.indexOf(r.class));
    }
    current = ordered(groups, s.by);
    const opened = print ? Infinity : filtered(s) ? OPENED : 1;
    current.forEach((g, i) => {
      if (i < opened) unfold(g, true);
      else if (g.details) g.details.open = false;
    });
    box.classList.toggle('regrouped', s.by !== 'rule');
    place(print ? Infinity : groupsShown);
  };
  const place = (limit) => {
    const parts = current.slice(0, limit).map(build);
    if (!current.length) parts.push(make('p', 'nothing', 'No finding matches.'));
    if (current.length > parts.length) {
      const more = make('button', 'more', 'Show more of ' + counted(current.length, 'group'));
      more.type = 'button';
      more.addEventListener('click', () => { groupsShown += 4 * GROUPS; place(groupsShown); });
      parts.push(more);
    }
    box.replaceChildren(...parts);
  };

  const expand = find('expand');
  const label = () => {
    expand.textContent = current.length && current.every((g) => g.details?.open) ? 'Collapse all' : 'Expand all';
  };
  box.addEventListener('toggle', label, true);
  expand.addEventListener('click', () => {
    const open = !current.every((g) => g.details?.open);
    groupsShown = Infinity;
    place(groupsShown);
    for (const g of current) unfold(g, open);
    label();
  });

  const update = () => {
    const s = read();
    const wanted = rows.filter(matcher(s));
    const total = s.show === 'all' ? rows.length : rows.filter((r) => r.status === (s.show || 'open')).length;
    groupsShown = GROUPS;
    draw(s, wanted, false);
    label();
    const sort = s.show && s.show !== 'all' ? s.show + ' ' : '';
    find('count').textContent = wanted.length === total ? counted(total, sort + 'finding')
      : wanted.length.toLocaleString('en') + ' of ' + counted(total, sort + 'finding');
    find('reset').hidden = !filtered(s) && s.by === 'rule';
    toAddress(s);
  };

  let pending;
  const soon = (event) => {
    clearTimeout(pending);
    pending = setTimeout(update, event.target.name === 'q' ? 120 : 0);
  };
  form.addEventListener('input', soon);
  document.querySelector('.by').addEventListener('input', soon);
  form.addEventListener('submit', (event) => { event.preventDefault(); clearTimeout(pending); update(); });
  find('reset').addEventListener('click', () => { write({}); update(); form.elements.q.focus(); });
  const follow = () => {
    const s = fromAddress();
    if (!s) return;
    write(s);
    update();
    find('findings').scrollIntoView();
    find('findings').focus({ preventScroll: true });
  };
  addEventListener('hashchange', follow);

  // On paper everything is shown that is asked for; if nothing is, all there is.
  addEventListener('beforeprint', () => {
    const s = read();
    draw(s, filtered(s) ? rows.filter(matcher(s)) : rows, true);
    if (!filtered(s)) find('count').textContent = counted(rows.length, 'finding') + ', with those that are exempt or documented';
  });
  addEventListener('afterprint', update);

  write(fromAddress() || {});
  update();
  box.classList.add('ready');
  if (fromAddress()) find('findings').scrollIntoView();
})();

// The page's only script: asks the gateway's JSON API and shows what it says.
// Law: what comes from the API enters the page as text, never as markup, an address or a style sheet; the key lives in
// sessionStorage and in the Authorization header and nowhere else; no other address is ever asked.

const EVERY = 2000; // milliseconds between two looks, while somebody can see the page
const PATIENCE = 10000; // milliseconds until an answer is given up
const SHOWN = 50; // decisions
const BARS = 8; // names, the rest is summed
const STORED = "pointsman-key";
const HOLDERS = ["deployments", "decisions", "routes", "providers", "told", "answer", "models", "detail-body"];

const $ = (id) => document.getElementById(id);
const count = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

let key = sessionStorage.getItem(STORED) ?? "";
let paused = false;
let turn = 0; // an answer to an earlier turn is not shown any more
let timer = 0;
let last = null; // the total and the moment of the look before, for the pace
const asked = new Map(); // place -> the question whose answer it waits for

// Asking

async function ask(path, body) {
  const headers = { accept: "application/json" };
  if (key) headers.authorization = `Bearer ${key}`;
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(new URL(path, document.baseURI), {
    method: body ? "POST" : "GET", body: body && JSON.stringify(body), headers,
    cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE),
  });
  const said = await answer.json().catch(() => null);
  if (answer.ok && said) return said;
  const message = said?.error?.message ?? `something else than the gateway answered, with status ${answer.status}`;
  throw Object.assign(new Error(message), { status: answer.status });
}

// Making elements

function make(tag, look, ...children) {
  const node = document.createElement(tag);
  if (look) node.className = look;
  node.append(...children.filter((child) => child !== null)); // a string becomes a text node
  return node;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function bar(share, faint = 0) {
  const node = make("span", "bar", make("i"));
  node.setAttribute("aria-hidden", "true");
  node.style.setProperty("--share", share);
  node.style.setProperty("--faint", Math.max(faint, share));
  return node;
}

/** A row with a cell for each label; the last few hold numbers. A narrow screen shows the labels beside the values. */
function cells(labels, numbers, look = "") {
  const row = make("tr", look, ...labels.map((_, at) => make("td", at < labels.length - numbers ? "" : "number")));
  labels.forEach((label, at) => { row.children[at].dataset.label = label; });
  return row;
}

/** Make parent's children those of items, keeping each known one in place, so that focus and selection stay. */
function sync(parent, items, idOf, build, refresh) {
  const wanted = new Set(items.map(idOf));
  const known = new Map();
  for (const node of [...parent.children]) {
    if (wanted.has(node.dataset.id)) known.set(node.dataset.id, node);
    else node.remove();
  }
  let at = parent.firstElementChild;
  for (const item of items) {
    const id = idOf(item);
    let node = known.get(id);
    if (!node) {
      node = build(item);
      node.dataset.id = id;
    }
    refresh?.(node, item);
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}

const HEALTH = ["Deployment", "Serves", "Health", "Breaker", "In flight", "Succeeded", "Failed"];
const DECISION = ["Time", "Asked for", "Went to", "Route", "Status", "Took", "Attempts"];

// Words

function seconds(value) {
  if (value < 0.001) return "< 1 ms";
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

function clock(unix) {
  const at = new Date(unix * 1000);
  const time = at.toLocaleTimeString("en-GB");
  const today = at.toDateString() === new Date().toDateString();
  const node = make("time", "", today ? time : `${at.toLocaleDateString()} ${time}`);
  node.dateTime = at.toISOString();
  node.title = at.toLocaleString();
  return node;
}

function figure(value) {
  return value === null ? "unknown" : Number(value.toPrecision(3)).toString();
}

function verdict(ok, status, failure) {
  const words = failure ? `${status} ${failure.replaceAll("_", " ")}` : `${status}${ok ? "" : " not served"}`;
  return make("span", `mark ${ok ? "good" : "bad"}`, words);
}

// The board

function showTotals(stats, rows) {
  const now = performance.now();
  say($("total"), count.format(stats.total_requests));
  const recent = last !== null && now - last.at < 3 * EVERY && stats.total_requests >= last.total;
  const pace = recent ? ((stats.total_requests - last.total) * 1000) / Math.max(now - last.at, 1) : null;
  say($("pace"), recent ? `${pace.toFixed(pace < 10 ? 1 : 0)} a second now` : "");
  last = { total: stats.total_requests, at: now };
  say($("failed"), count.format(stats.failed_requests));
  const share = stats.failed_requests / Math.max(stats.total_requests, 1);
  say($("failed-share"), share ? `${percent.format(share)} of all` : "none");
  $("failed").dataset.tone = share ? "bad" : "";
  say($("flying"), count.format(rows.reduce((sum, row) => sum + row.in_flight, 0)));
  const resting = rows.filter((row) => !row.fit).length;
  say($("fit"), `${rows.length - resting} of ${rows.length}`);
  say($("fit-note"), resting ? `${count.format(resting)} resting` : "all can be asked");
  $("fit").dataset.tone = resting ? "warn" : "";
  document.title = resting ? `(${resting} resting) Pointsman` : "Pointsman";
  showBars($("routes"), stats.routes);
  showBars($("providers"), stats.providers);
}

function showBars(list, counts) {
  const all = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const rows = all.slice(0, BARS).map(([name, number]) => ({ id: `=${name}`, name, number }));
  const others = all.slice(BARS).reduce((sum, [, number]) => sum + number, 0);
  if (others) rows.push({ id: "rest", name: "all others", number: others });
  const most = Math.max(...rows.map((row) => row.number), 1);
  const build = ({ name }) => make("li", "", make("span", "name", name), make("span", "number"), bar(0));
  sync(list, rows, (row) => row.id, build, (node, row) => {
    say(node.children[1], count.format(row.number));
    node.children[2].style.setProperty("--share", row.number / most);
  });
}

function showHealth(rows) {
  const sorted = [...rows].sort((a, b) => a.fit - b.fit); // the resting ones first, else as configured
  const build = (row) => {
    const node = cells(HEALTH, 3);
    const [id, serves, health] = node.children;
    id.append(make("span", "id", row.id), make("small"));
    serves.append(make("span"), make("small"));
    health.append(make("span", "mark"), make("small"));
    return node;
  };
  sync($("deployments"), sorted, (row) => row.id, build, (node, row) => {
    const [id, serves, health, breaker, flying, good, bad] = node.children;
    say(id.lastChild, row.provider);
    say(serves.firstChild, row.model_name);
    say(serves.lastChild, row.upstream_model === null ? "any name, as asked" : `as ${row.upstream_model}`);
    health.firstChild.className = `mark ${row.fit ? "good" : "warn"}`;
    say(health.firstChild, row.fit ? "fit" : "resting");
    say(health.lastChild, row.reason ?? "");
    say(breaker, row.breaker.replaceAll("_", "-"));
    say(flying, count.format(row.in_flight));
    say(good, count.format(row.successes));
    say(bad, count.format(row.failures));
  });
}

function showDecisions(rows) {
  const first = $("decisions").childElementCount === 0;
  $("no-decisions").hidden = rows.length > 0;
  sync($("decisions"), rows, (row) => row.request_id, (row) => {
    const node = cells(DECISION, 2, first ? "" : "new");
    const open = make("button", "link", clock(row.created));
    open.type = "button";
    open.setAttribute("aria-label", `Details of the request of ${open.textContent}`);
    const beside = make("small", "beside", row.fallbacks ? "fallback" : "");
    const went = make("span", "", row.deployment ?? "nobody", beside);
    const status = verdict(row.ok, row.status, row.failure);
    [open, row.model ?? "(none)", went, row.route ?? "–", status, seconds(row.seconds), String(row.attempts)]
      .forEach((part, index) => node.children[index].append(part));
    node.addEventListener("click", ({ target }) => {
      if (target.closest("button") || getSelection().isCollapsed) showDetail(row.request_id);
    });
    return node;
  });
}

// A decision, recorded or tried

function section(title, ...content) {
  return make("section", "part", make("h3", "", title), ...content);
}

function steps(all) {
  const most = Math.max(...all.map((step) => step.before), 1);
  return make("ol", "steps", ...all.map((step) => make("li", step.after < step.before ? "shrinks" : "",
    make("span", "stage", step.stage),
    make("span", "sizes", step.after === step.before ? `${step.after}` : `${step.before} → ${step.after}`),
    bar(step.after / most, step.before / most),
    make("span", "reason", step.reason))));
}

function plan(legs) {
  return make("ol", "plan", ...legs.map((leg) => make("li", "", make("span", "id", leg.deployment),
    make("small", "", `${leg.model} at ${leg.provider}${leg.fallback ? `, fallback ${leg.group}` : ""}`))));
}

function attempts(all) {
  if (!all.length) return make("p", "empty", "Nobody was asked.");
  return make("ol", "plan", ...all.map((one) => {
    const word = one.failure ? one.failure.replaceAll("_", " ") : "delivered";
    const more = [`${one.model} after ${seconds(one.seconds)}`, one.status && `status ${one.status}`, one.detail];
    const mark = make("span", `mark ${one.failure ? "bad" : "good"}`, word);
    return make("li", "", make("span", "id", one.deployment), mark, make("small", "", more.filter(Boolean).join(", ")));
  }));
}

function candidates(all) {
  const order = [...all].sort((a, b) => b.chosen - a.chosen || b.kept - a.kept);
  return make("ul", "plan", ...order.map((one) => {
    const word = one.chosen ? "chosen" : one.kept ? "kept" : "excluded";
    const figures = Object.entries(one.terms ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${figure(value)}`);
    const why = [
      one.kept ? figures.join(", ") : `by ${one.excluded_by}: ${one.reason}`,
      one.change && `to change it: ${one.change}`,
    ];
    const mark = make("span", `mark ${word}`, word);
    return make("li", word, make("span", "id", one.deployment), mark, make("small", "", why.filter(Boolean).join("; ")));
  }));
}

/** What the caller said beside the name, as far as it said anything. */
function said(hints) {
  const words = Object.entries(hints ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${[value].flat().join(", ")}`);
  return words.join("; ") || null;
}

function facts(pairs) {
  const shown = ([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value));
  return make("dl", "facts", ...pairs.filter(([, value]) => value !== null).map(shown));
}

/** Ask, and put what render makes of the answer in the place, unless it has asked again since or the key is gone. */
async function fill(place, path, body, render) {
  const mine = {};
  asked.set(place, mine);
  try {
    const told = await ask(path, body);
    if (asked.get(place) === mine) place.replaceChildren(...render(told));
  } catch (error) {
    if (asked.get(place) !== mine) return;
    const wrong = make("p", "wrong", words(error));
    wrong.setAttribute("role", "alert");
    place.replaceChildren(wrong);
    if (error.status === 401) lock(error.message);
  }
}

function showDetail(id) {
  say($("detail-title"), "Decision");
  $("detail-body").replaceChildren();
  if (!$("detail").open) $("detail").showModal();
  fill($("detail-body"), `v1/decisions/${encodeURIComponent(id)}`, undefined, detail);
}

function detail({ decision, outcome, ...record }) {
  const { prompt_tokens: read, completion_tokens: written, total_tokens: tokens } = outcome.usage;
  const first = outcome.first_token_seconds;
  const went = outcome.attempts.at(-1)?.deployment ?? "nobody";
  say($("detail-title"), `${record.model ?? "no model named"} → ${went}`);
  return [
    facts([
      ["Outcome", verdict(outcome.ok, outcome.status, outcome.failure)],
      ["At", clock(record.created)],
      ["Took", seconds(outcome.seconds)],
      ["First token", first === null ? null : `after ${seconds(first)}`],
      ["Tokens", tokens ? `${count.format(read)} in, ${count.format(written)} out` : null],
      ["Endpoint", record.endpoint], ["Route", decision?.route ?? null], ["Strategy", decision?.strategy ?? null],
      ["Said", said(record.hints)], ["Taken to be about", decision?.task ?? null],
      ["Request id", make("span", "id", record.request_id)],
    ]),
    record.error && make("p", "wrong", record.error),
    section("Attempts", attempts(outcome.attempts)),
    ...(decision ? [section("Steps", steps(decision.steps)), section("Plan", plan(decision.plan))] : []),
  ].filter(Boolean);
}

function tryIt() {
  const model = $("model").value.trim();
  const body = { messages: [{ role: "user", content: $("prompt").value }], stream: $("stream").checked };
  if (model) body.model = model;
  $("told").replaceChildren();
  fill($("answer"), "v1/route?verbose=1", body, (told) => {
    const how = `${told.upstream_model} at ${told.provider}; settled by ${told.route}, picked by ${told.strategy}`;
    $("told").append(model || "no model named", " → ", make("strong", "id", told.deployment), make("small", "", how));
    return [section("How the pool shrank", steps(told.steps)), section("Candidates", candidates(told.candidates)),
      section("Plan", plan(told.plan))];
  });
}

// Looking, again and again

function words(error) {
  if (error.status) return error.message;
  return error.name === "TimeoutError" ? "the gateway takes too long to answer" : "the gateway can't be reached";
}

function state(name, text) {
  $("state").dataset.state = document.body.dataset.state = name;
  say($("state"), text);
}

function lock(message) {
  pause(false);
  clearTimeout(timer);
  state("locked", "locked");
  say($("lock-said"), key ? message : "");
  key = "";
  last = null;
  asked.clear();
  sessionStorage.removeItem(STORED);
  $("detail").close();
  for (const id of HOLDERS) $(id).replaceChildren();
  $("board").hidden = $("forget").hidden = $("pause").hidden = $("notice").hidden = true;
  say($("seen"), "");
  document.title = "Pointsman";
  $("lock").hidden = false;
  $("key").value = "";
  $("key").focus();
}

async function listNames() {
  if ($("models").childElementCount) return;
  const { data } = await ask("v1/models");
  $("models").replaceChildren(...data.map(({ id }) => new Option(id, id)));
  if (!$("model").value && data.length) $("model").value = data[0].id;
}

async function look() {
  clearTimeout(timer);
  if (document.hidden || paused) return;
  const mine = ++turn;
  try {
    const paths = ["health", "stats", `v1/decisions?limit=${SHOWN}`];
    const [health, stats, decisions] = await Promise.all(paths.map((path) => ask(path)));
    if (mine !== turn) return;
    show(health, stats, decisions.data);
    await listNames();
  } catch (error) {
    if (mine !== turn) return;
    if (error.status === 401) return void lock(error.message);
    state("lost", "no answer");
    say($("notice"), `${words(error)}. Trying again; what is shown may be old.`);
    $("notice").hidden = false;
  }
  if (mine === turn) timer = setTimeout(look, EVERY);
}

function show(health, stats, decisions) {
  $("lock").hidden = $("notice").hidden = true;
  $("board").hidden = $("pause").hidden = false;
  $("forget").hidden = !key;
  state(health.status, health.status);
  $("seen").replaceChildren("as of ", clock(Date.now() / 1000));
  showTotals(stats, health.deployments);
  showHealth(health.deployments);
  showDecisions(decisions);
}

function pause(yes) {
  paused = yes;
  turn += 1;
  $("pause").setAttribute("aria-pressed", String(yes));
  if (yes) state("paused", "paused");
}

$("pause").addEventListener("click", () => {
  pause(!paused);
  look();
});
$("forget").addEventListener("click", () => {
  key = "";
  lock("");
});

function unlock() {
  const given = $("key").value.trim();
  const plain = /^[\x21-\x7e]+$/.test(given);
  say($("lock-said"), plain ? "" : "A key has only visible ASCII characters.");
  if (!plain) return;
  key = given;
  sessionStorage.setItem(STORED, key);
  look();
}

const SUBMITTED = { lock: unlock, ask: tryIt, find: () => showDetail($("find-id").value.trim()) };
for (const [id, act] of Object.entries(SUBMITTED)) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}
document.addEventListener("visibilitychange", look);
look();

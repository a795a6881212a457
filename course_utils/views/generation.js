const generations = GENERATIONS, chosenHeads = HEADS;
// Which columns of words a kind of attention joins, and which of the two asks; the other one is asked.
const KINDS = {
  encoder_self: {left: "words", right: "context", asks: "context",
    name: "encoder self-attention", says: "each source word gathers from all of them"},
  cross: {left: "context", right: "writes", asks: "writes",
    name: "cross-attention", says: "each new word gathers from the source"},
  decoder_self: {left: "writes", right: "read", asks: "writes",
    name: "decoder self-attention", says: "each new word gathers from those before it"},
};
const COLUMNS = {words: "the source", context: "in context", writes: "being written", read: "read so far"};
const MILLISECONDS = 1300;
const joins = (kind, name) => KINDS[kind].left == name || KINDS[kind].right == name;

function explore(root) {
  let generation, kinds, step, pinned, pointed, timer = null;
  const chosen = {};  // for each kind: [layer, head], counted from 0; the head after the last is the mean of all

  const rows = (kind, [layer, head]) => {
    const heads = generation[kind][layer];
    if (head < heads.length) return heads[head].map(row => row.map(weight => weight / 1000));
    const mean = (t, s) => heads.reduce((sum, one) => sum + one[t][s], 0) / heads.length / 1000;
    return heads[0].map((row, t) => row.map((_, s) => mean(t, s)));
  };
  const steps = () => generation.guesses.length;
  const headName = (layer, head, n) => `layer ${layer + 1}, ${head < n ? `head ${head + 1}` : "mean"}`;
  const chosenName = kind => headName(...chosen[kind], generation[kind][0].length);
  const read = t => generation.target[t], written = t => generation.target[t + 1];
  const before = () => generation.target.slice(1, step + 1).join(" ");
  const guess = t => generation.guesses[t].find(([token]) => token == written(t));
  const chance = t => guess(t) ? percent(guess(t)[1]) : "not among the most probable";

  // The source word whose gathering is shown: the pinned one, or else the one that the decoder looks at most.
  function asking(kind) {
    if (kind != "encoder_self") return step;
    if (pinned != null) return pinned;
    return kinds.includes("cross") ? largest(rows("cross", chosen.cross)[step]) : 0;
  }

  const picker = make("select");
  generations.forEach(({source, target}, i) => {
    picker.append(make("option", {value: i}, (source.length ? source : target).join(" ")));
  });
  const back = make("button", {type: "button"}, "‹ Back"), forward = make("button", {type: "button"}, "Forward ›");
  const play = make("button", {type: "button", class: "play"}, "Play");
  const slider = make("input", {type: "range", min: 1, "aria-label": "step"}), count = make("output");
  const line = make("p"), guesses = make("ol", {class: "guesses"});
  const told = make("p", {class: "told", role: "status", "aria-live": "polite"});
  const choosers = make("div", {class: "kinds"}), hint = make("p", {class: "hint"}), flow = make("div", {class: "flow"});
  const transport = make("div", {class: "bar"}, make("label", {}, "Sentence", picker), back, play, forward, slider, count);
  const now = make("div", {class: "now"}, make("div", {class: "written"}, titled("Written so far"), line),
    make("div", {class: "next"}, titled("Most probable next words"), guesses), told);
  root.replaceChildren(transport, now, choosers, hint, flow);

  function open(which) {
    pause();
    generation = generations[which];
    kinds = Object.keys(KINDS).filter(kind => generation[kind]);
    [step, pinned, pointed] = [0, null, null];
    slider.max = Math.max(steps(), 1);
    for (const part of [back, play, forward, slider, count, ...now.querySelectorAll("div")]) part.hidden = !steps();
    for (const kind of kinds) {
      const [layer, head] = chosenHeads[kind] || [generation[kind].length, generation[kind][0].length + 1];
      chosen[kind] ??= [layer - 1, head - 1];
    }
    choosers.replaceChildren(...kinds.map(chooser));
    drawFlow();
    update();
  }

  function chooser(kind) {
    const layers = generation[kind], n = layers[0].length;
    const grid = make("div", {class: "heads", role: "radiogroup", "aria-label": `heads of ${KINDS[kind].name}`});
    grid.style.gridTemplateColumns = `max-content repeat(${n}, minmax(8px, 40px)) minmax(${n > 5 ? 24 : 8}px, 40px)`;
    grid.style.setProperty("--thumbnail", `${Math.max(18, Math.min(34, 120 / layers.length))}px`);
    for (const label of ["head", ...layers[0].map((_, head) => head + 1), "mean"]) grid.append(make("span", {}, label));
    layers.forEach((_, layer) => {
      grid.append(make("span", {}, `layer ${layer + 1}`));
      for (let head = 0; head <= n; head++) grid.append(thumbnail(kind, layer, head, n));
    });
    return make("div", {class: `kind ${kind}`}, titled(KINDS[kind].name),
      make("p", {}, KINDS[kind].says), grid, make("p", {class: "most"}));
  }

  function thumbnail(kind, layer, head, n) {
    const weights = rows(kind, [layer, head]);
    const sharpness = weights.reduce((sum, row) => sum + Math.max(...row), 0) / weights.length;
    const label = `${headName(layer, head, n)}: the largest weight is ${sharpness.toFixed(2)} on average`;
    const picture = make("canvas", {width: weights.at(-1).length, height: weights.length});
    const button = make("button", {type: "button", role: "radio", "aria-label": label, title: label}, picture);
    Object.assign(button.dataset, {kind, layer, head});
    button.addEventListener("click", () => { chosen[kind] = [layer, head]; update(); });
    return button;
  }

  function paint(button) {
    const {kind, layer, head} = button.dataset, pen = button.firstChild.getContext("2d");
    const ink = getComputedStyle(button).getPropertyValue("--ink");
    pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
    rows(kind, [+layer, +head]).forEach((row, t) => row.forEach((weight, s) => {
      const later = kind != "encoder_self" && t > step;
      pen.fillStyle = `rgba(${ink}, ${Math.sqrt(weight) * (later ? 0.35 : 1)})`;
      pen.fillRect(s, t, 1, 1);
    }));
  }

  // The words in columns, and between two of them the lines of the attention that joins them.
  function drawFlow() {
    const shown = Object.keys(COLUMNS).filter(name => kinds.some(kind => joins(kind, name)));
    flow.style.gridTemplateColumns = shown.map(() => "auto").join(" minmax(34px, 240px) ");
    flow.replaceChildren();
    shown.forEach((name, i) => {
      const title = titled(COLUMNS[name]), column = tokens(name);
      title.style.gridArea = `1 / ${2 * i + 1}`;
      column.style.gridArea = `2 / ${2 * i + 1}`;
      flow.append(title, column);
    });
    const height = 24 * Math.max(generation.source.length, steps());
    for (const kind of kinds) {
      const place = {viewBox: `0 0 100 ${height}`, preserveAspectRatio: "none", "aria-hidden": true};
      const svg = make("svg", {class: kind, ...place});
      svg.style.gridArea = `2 / ${2 * shown.indexOf(KINDS[kind].left) + 2}`;
      svg.style.height = `${height}px`;  // as an attribute it would lose against JupyterLab's style
      flow.append(svg);
    }
  }

  function tokens(name) {
    const ofSource = name == "words" || name == "context";
    const names = ofSource ? generation.source : generation.guesses.map((_, t) => (name == "read" ? read : written)(t));
    const column = make("div", {class: `tokens ${name}`, role: "group", "aria-label": COLUMNS[name]});
    names.forEach((token, i) => {
      const button = make("button", {type: "button"}, make("span", {}, token), make("small"));
      button.addEventListener("click", () => {
        if (!ofSource) return move(i);
        pinned = pinned == i ? null : i;
        update();
      });
      for (const event of ["mouseenter", "focus"]) button.addEventListener(event, () => pointAt(button));
      for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => pointAt(null));
      column.append(button);
    });
    return column;
  }

  function pointAt(button) {
    pointed = button;
    const said = ["Point at a word for its exact weight."];
    if (generation.encoder_self) said.push("Click a source word to see where it gathers from.");
    if (steps()) said.push("Click a written word for its step. Arrow keys: back, forward.");
    hint.textContent = button?.ariaLabel || said.join(" ");
  }

  function go(to) {
    [step, pinned] = [Math.min(Math.max(to, 0), steps() - 1), null];
    update();
  }
  const move = to => { pause(); go(to); };

  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    told.setAttribute("aria-live", "polite");
  }

  function start() {
    if (step == steps() - 1) go(0);
    play.textContent = "Pause";
    told.setAttribute("aria-live", "off");  // it would talk on and on
    timer = setInterval(() => {
      go(step + 1);
      if (step == steps() - 1 || !root.isConnected) pause();
    }, MILLISECONDS);
  }

  function update() {
    slider.value = step + 1;
    count.textContent = `step ${step + 1} of ${steps()}`;
    [back.ariaDisabled, forward.ariaDisabled] = [step == 0, step == steps() - 1];  // they keep the focus
    if (steps()) showGuesses();
    for (const button of choosers.querySelectorAll("button")) {
      const {kind, layer, head} = button.dataset, checked = `${layer},${head}` == chosen[kind];
      button.ariaChecked = checked;
      button.tabIndex = checked ? 0 : -1;
      paint(button);
    }
    for (const column of flow.querySelectorAll(".tokens")) mark(column);
    for (const svg of flow.querySelectorAll("svg")) drawLines(svg);
    tell();
    pointAt(pointed);
  }

  function showGuesses() {
    line.replaceChildren(`${before()} `, make("b", {}, written(step)));
    guesses.replaceChildren(...generation.guesses[step].map(([token, p]) => {
      const bar = make("i");
      bar.style.width = `${100 * p}%`;
      const shown = [make("span", {}, token), make("span", {}, bar), make("span", {}, percent(p))];
      return make("li", {class: token == written(step) ? "chosen" : ""}, ...shown);
    }));
  }

  // Mark in a column the word that asks, and shade every word that is asked by its weight.
  function mark(column) {
    const name = column.classList[1], ofTarget = name == "writes" || name == "read";
    const asks = kinds.find(kind => KINDS[kind].asks == name);
    const asked = kinds.find(kind => joins(kind, name) && KINDS[kind].asks != name);
    const row = asked ? rows(asked, chosen[asked])[asking(asked)] : [];
    [...column.children].forEach((button, i) => {
      const [word, number] = button.children, weight = row[i], current = asks && i == asking(asks);
      button.className = [current ? "asks" : "", ofTarget && i > step ? "later" : ""].join(" ").trim();
      button.style.background = weight ? `rgba(var(--${asked}), ${0.6 * weight})` : "";
      number.textContent = weight >= 0.05 ? weight.toFixed(2) : "";
      button.tabIndex = (asks ? current : i == largest(row.length ? row : [0])) ? 0 : -1;
      button.ariaLabel = describe(name, i, asked, weight);
      if (!ofTarget) button.ariaPressed = pinned == i;
    });
  }

  function describe(name, i, kind, weight) {
    if (name == "writes" && i <= step) return `Step ${i + 1} wrote ${quoted(written(i))} (${chance(i)}).`;
    if (name == "writes" || (name == "read" && i > step)) return `Step ${i + 1}: still to come.`;
    const token = quoted(name == "read" ? read(i) : generation.source[i]);
    if (!kind) return `${token}, word ${i + 1} of the source.`;
    const asker = kind == "encoder_self" ? `for ${quoted(generation.source[asking(kind)])}` : `at step ${step + 1}`;
    return `${token} has the weight ${weight.toFixed(3)} ${asker} (${KINDS[kind].name}, ${chosenName(kind)}).`;
  }

  function drawLines(svg) {
    const kind = svg.classList[0], from = asking(kind), row = rows(kind, chosen[kind])[from];
    const leftAsks = KINDS[kind].asks == KINDS[kind].left;
    svg.replaceChildren(...row.flatMap((weight, to) => {
      if (weight < 0.005) return [];
      const [left, right] = (leftAsks ? [from, to] : [to, from]).map(place => 24 * place + 12);
      const look = {"stroke-width": 0.6 + 6 * weight, "stroke-opacity": 0.15 + 0.75 * weight};
      return [make("path", {d: `M0 ${left} C45 ${left} 55 ${right} 100 ${right}`, ...look})];
    }));
  }

  // What is seen at this step, in plain words; and for each kind of attention the same in short.
  function tell() {
    const most = {};
    for (const kind of kinds) {
      const row = rows(kind, chosen[kind])[asking(kind)], best = largest(row);
      const token = kind == "decoder_self" ? read(best) : generation.source[best];
      most[kind] = `${quoted(token)} (${row[best].toFixed(2)})`;
      choosers.querySelector(`.${kind} .most`).textContent = `${chosenName(kind)}: most from ${most[kind]}`;
    }
    const said = [];
    if (steps()) {
      const had = before() ? `having written ${quoted(before())}` : "with nothing written yet";
      said.push(`Step ${step + 1}: ${had}, the decoder chose ${quoted(written(step))} (${chance(step)}).`);
    }
    const looks = [];
    if (most.cross) looks.push(`at ${most.cross} in the source`);
    if (most.decoder_self) looks.push(`at ${most.decoder_self} among what it has read`);
    if (looks.length) said.push(`It looked most ${looks.join(", and ")}.`);
    if (most.encoder_self) {
      const word = quoted(generation.source[asking("encoder_self")]), chained = most.cross && pinned == null;
      said.push(`${chained ? `${word} itself` : `The word ${word}`} gathers most from ${most.encoder_self}.`);
    }
    told.textContent = said.join(" ");
  }

  // Arrow keys: among the heads they choose, in a column of words up and down move on; else they go back and forward.
  root.addEventListener("keydown", event => {
    const target = event.target;
    if (target.matches("input, select") || event.altKey || event.ctrlKey || event.metaKey) return;
    const head = target.closest("[role=radio]"), column = target.closest(".tokens");
    const n = head ? generation[head.dataset.kind][0].length + 1 : 1;
    const by = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -n, ArrowDown: n}[event.key];
    if (!by) return;
    if (head || (column && event.key.match(/Up|Down/))) {
      const all = [...(head ? head.parentElement.querySelectorAll("button") : column.children)];
      const next = all[all.indexOf(target) + by];
      next?.focus();
      if (head) next?.click();
    } else {
      if (!steps() || event.key.match(/Up|Down/)) return;
      move(step + by);
      if (column?.matches(".writes, .read")) column.children[step].focus();
    }
    event.preventDefault();
    event.stopPropagation();
  });
  picker.addEventListener("change", () => open(+picker.value));
  back.addEventListener("click", () => move(step - 1));
  forward.addEventListener("click", () => move(step + 1));
  play.addEventListener("click", () => timer ? pause() : start());
  slider.addEventListener("input", () => move(slider.value - 1));
  open(0);
}

// A page may hold the same view twice.
for (const root of document.querySelectorAll(".KEY:not([data-alive])")) {
  root.dataset.alive = "yes";
  explore(root);
}

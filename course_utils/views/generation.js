(() => {
  const generations = GENERATIONS, chosenHeads = HEADS;
  // Which columns of words a kind of attention joins, and which of the two asks; the other one is asked.
  const KINDS = {
    encoder_self: {
      name: "encoder self-attention", says: "each source word gathers from all of them",
      left: "words", right: "context", asks: "context",
    },
    cross: {
      name: "cross-attention", says: "each new word gathers from the source",
      left: "context", right: "writes", asks: "writes",
    },
    decoder_self: {
      name: "decoder self-attention", says: "each new word gathers from those before it",
      left: "writes", right: "read", asks: "writes",
    },
  };
  const COLUMNS = {
    words: "the source", context: "in context", writes: "being written", read: "read so far",
  };
  const MILLISECONDS = 1300;

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }
  const percent = p => (p > 0.995 && p < 1 ? ">99" : p < 0.005 ? "<1" : Math.round(100 * p)) + "\u00a0%";
  const quoted = token => `“${token}”`;
  const largest = row => row.reduce((best, weight, i) => weight > row[best] ? i : best, 0);

  function explore(root) {
    let generation, kinds, step, pinned, timer = null;
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
    const choosers = make("div", {class: "kinds"}), flow = make("div", {class: "flow"});
    const hint = make("p", {class: "hint"});
    const transport = make("div", {class: "bar"}, make("label", {}, "Sentence", picker), back, play, forward, slider, count);
    const now = make("div", {class: "now"},
      make("div", {class: "written"}, make("h4", {}, "Written so far"), line),
      make("div", {class: "next"}, make("h4", {}, "Most probable next words"), guesses), told);
    root.replaceChildren(transport, now, choosers, hint, flow);

    function open(which) {
      pause();
      generation = generations[which];
      kinds = Object.keys(KINDS).filter(kind => generation[kind]);
      [step, pinned] = [0, null];
      slider.max = Math.max(steps(), 1);
      for (const part of [back, play, forward, slider, count, ...now.querySelectorAll("div")]) part.hidden = !steps();
      for (const kind of kinds) {
        const n = generation[kind][0].length, [layer, head] = chosenHeads[kind] || [generation[kind].length, null];
        chosen[kind] ??= [layer - 1, head == null ? n : head - 1];
      }
      choosers.replaceChildren(...kinds.map(chooser));
      drawFlow();
      showHint();
      update();
    }

    function chooser(kind) {
      const layers = generation[kind], n = layers[0].length;
      const grid = make("div", {class: "heads", role: "radiogroup", "aria-label": `heads of ${KINDS[kind].name}`});
      grid.style.gridTemplateColumns = `max-content repeat(${n}, minmax(8px, 40px)) minmax(24px, 40px)`;
      grid.style.setProperty("--thumbnail", `${Math.max(18, Math.min(34, 120 / layers.length))}px`);
      const labels = ["head", ...layers[0].map((_, head) => head + 1), "mean"];
      grid.append(...labels.map(label => make("span", {}, label)));
      layers.forEach((_, layer) => {
        grid.append(make("span", {}, `layer ${layer + 1}`));
        for (let head = 0; head <= n; head++) grid.append(thumbnail(kind, layer, head, n));
      });
      const title = KINDS[kind].name[0].toUpperCase() + KINDS[kind].name.slice(1);
      return make("div", {class: `kind ${kind}`}, make("h4", {}, title), make("p", {}, KINDS[kind].says), grid,
        make("p", {class: "most"}));
    }

    function thumbnail(kind, layer, head, n) {
      const weights = rows(kind, [layer, head]);
      const sharpness = weights.reduce((sum, row) => sum + Math.max(...row), 0) / weights.length;
      const label = `${headName(layer, head, n)}: the largest weight is ${sharpness.toFixed(2)} on average`;
      const picture = make("canvas", {width: weights.at(-1).length, height: weights.length});
      const button = make("button",
        {type: "button", role: "radio", "aria-label": label, title: label, "data-layer": layer, "data-head": head}, picture);
      button.addEventListener("click", () => { chosen[kind] = [layer, head]; update(); });
      return button;
    }

    function paint(kind, button) {
      const pen = button.firstChild.getContext("2d"), ink = getComputedStyle(button).getPropertyValue("--ink");
      pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
      rows(kind, [+button.dataset.layer, +button.dataset.head]).forEach((row, t) => row.forEach((weight, s) => {
        const later = kind != "encoder_self" && t > step;
        pen.fillStyle = `rgba(${ink}, ${Math.sqrt(weight) * (later ? 0.35 : 1)})`;
        pen.fillRect(s, t, 1, 1);
      }));
    }

    // The words in columns, and between two of them the lines of the attention that joins them.
    function drawFlow() {
      const shown = Object.keys(COLUMNS).filter(name =>
        kinds.some(kind => KINDS[kind].left == name || KINDS[kind].right == name));
      flow.style.gridTemplateColumns = shown.map(() => "auto").join(" minmax(34px, 240px) ");
      flow.replaceChildren();
      shown.forEach((name, i) => {
        const title = make("h4", {}, COLUMNS[name]), column = tokens(name);
        title.style.gridColumn = column.style.gridColumn = 2 * i + 1;
        [title.style.gridRow, column.style.gridRow] = [1, 2];
        flow.append(title, column);
      });
      const height = 24 * Math.max(generation.source.length, steps());
      for (const kind of kinds) {
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        const place = {class: kind, viewBox: `0 0 100 ${height}`, preserveAspectRatio: "none", "aria-hidden": true};
        for (const [key, value] of Object.entries(place)) svg.setAttribute(key, value);
        svg.style.gridColumn = 2 * shown.indexOf(KINDS[kind].left) + 2;
        svg.style.gridRow = 2;
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
          if (!ofSource) return go(i);
          pinned = pinned == i ? null : i;
          update();
        });
        for (const event of ["mouseenter", "focus"]) button.addEventListener(event, () => hint.textContent = button.ariaLabel);
        for (const event of ["mouseleave", "blur"]) button.addEventListener(event, showHint);
        column.append(button);
      });
      return column;
    }

    function showHint() {
      const said = ["Point at a word to read its exact weight."];
      if (generation.encoder_self) said.push("Click a source word to see where it gathers from.");
      if (steps()) said.push("Click a written word to go back to it. The arrow keys go one step back or forward.");
      hint.textContent = said.join(" ");
    }

    function go(to) {
      step = Math.min(Math.max(to, 0), steps() - 1);
      pinned = null;
      update();
    }
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
        const kind = kinds.find(name => button.closest(`.${name}`)), own = [+button.dataset.layer, +button.dataset.head];
        const checked = String(own) == String(chosen[kind]);
        button.ariaChecked = checked;
        button.tabIndex = checked ? 0 : -1;
        paint(kind, button);
      }
      for (const column of flow.querySelectorAll(".tokens")) mark(column);
      for (const svg of flow.querySelectorAll("svg")) drawLines(svg);
      tell();
    }

    function showGuesses() {
      const before = generation.target.slice(1, step + 1).join(" ");
      line.replaceChildren(before ? before + " " : "", make("b", {}, written(step)));
      guesses.replaceChildren(...generation.guesses[step].map(([token, p]) => {
        const bar = make("i");
        bar.style.width = `${100 * p}%`;
        return make("li", {}, make("span", {}, token), make("span", {}, bar), make("span", {}, percent(p)));
      }));
    }

    // Mark in a column the word that asks, and shade every word that is asked by its weight.
    function mark(column) {
      const name = column.classList[1], ofTarget = name == "writes" || name == "read";
      const asks = kinds.find(kind => KINDS[kind].asks == name);
      const asked = kinds.find(kind => [KINDS[kind].left, KINDS[kind].right].includes(name) && KINDS[kind].asks != name);
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
      if (name == "writes") {
        if (i > step) return `Step ${i + 1}: not written yet.`;
        return `Step ${i + 1} wrote ${quoted(written(i))} (${percent(generation.guesses[i][0][1])}).`;
      }
      const token = name == "read" ? read(i) : generation.source[i];
      if (name == "read" && i > step) return `Place ${i + 1}: not read yet.`;
      if (!kind) return `${quoted(token)}, word ${i + 1} of the source.`;
      const asker = kind == "encoder_self" ? `for ${quoted(generation.source[asking(kind)])}` : `at step ${step + 1}`;
      return `${quoted(token)} has the weight ${weight.toFixed(3)} ${asker} (${KINDS[kind].name}, ${chosenName(kind)}).`;
    }

    function drawLines(svg) {
      const kind = svg.classList[0], from = asking(kind), row = rows(kind, chosen[kind])[from];
      const leftAsks = KINDS[kind].asks == KINDS[kind].left;
      svg.replaceChildren(...row.flatMap((weight, to) => {
        if (weight < 0.005) return [];
        const [left, right] = (leftAsks ? [from, to] : [to, from]).map(place => 24 * place + 12);
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        path.setAttribute("d", `M0 ${left} C45 ${left} 55 ${right} 100 ${right}`);
        path.setAttribute("stroke-width", 0.6 + 6 * weight);
        path.setAttribute("stroke-opacity", 0.15 + 0.75 * weight);
        return [path];
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
      const said = [], before = generation.target.slice(1, step + 1).join(" ");
      if (steps()) said.push(`Step ${step + 1}: ${before ? `having written ${quoted(before)}` : "with nothing written yet"}, ` +
        `the decoder chose ${quoted(written(step))} (${percent(generation.guesses[step][0][1])}).`);
      const looks = [most.cross && `at ${most.cross} in the source`, most.decoder_self && `at ${most.decoder_self} among what it has read`];
      if (steps()) said.push(`It looked most ${looks.filter(Boolean).join(", and ")}.`);
      const word = most.encoder_self && quoted(generation.source[asking("encoder_self")]);
      if (word) said.push(`${pinned == null && steps() ? `${word} itself` : `The word ${word}`} gathers most from ${most.encoder_self}.`);
      told.textContent = said.join(" ");
    }

    // Arrow keys: among the heads they choose, in a column of words up and down move on; else they go back and forward.
    root.addEventListener("keydown", event => {
      const target = event.target;
      if (target.matches("input, select") || event.altKey || event.ctrlKey || event.metaKey) return;
      const head = target.closest("[role=radio]"), column = target.closest(".tokens");
      const n = head ? generation[kinds.find(name => head.closest(`.${name}`))][0].length + 1 : 1;
      const by = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -n, ArrowDown: n}[event.key];
      if (event.key == "Escape" && pinned != null) {
        pinned = null;
        update();
      } else if (!by) {
        return;
      } else if (head || (column && event.key.match(/Up|Down/))) {
        const all = [...(head ? head.parentElement.querySelectorAll("button") : column.children)];
        const next = all[all.indexOf(target) + by];
        if (next) next.focus();
        if (next && head) next.click();
      } else if (steps() && event.key.match(/Left|Right/)) {
        pause();
        go(step + by);
        if (column?.matches(".writes, .read")) column.children[step].focus();
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    });
    picker.addEventListener("change", () => open(+picker.value));
    back.addEventListener("click", () => { pause(); go(step - 1); });
    forward.addEventListener("click", () => { pause(); go(step + 1); });
    play.addEventListener("click", () => timer ? pause() : start());
    slider.addEventListener("input", () => { pause(); go(slider.value - 1); });
    open(0);
  }

  // A page may hold the same view twice.
  for (const root of document.querySelectorAll(".KEY:not([data-alive])")) {
    root.dataset.alive = "yes";
    explore(root);
  }
})();

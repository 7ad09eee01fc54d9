// What the page does beyond htmx: errors beside their controls, a sentence for screen readers, opened details stay
// open, counts of what was entered. Without this file, and without JavaScript at all, the Answer button does it all.
(function () {
  "use strict";
  var form = document.getElementById("patient");
  var answer = document.getElementById("answer");
  var live = document.getElementById("live");
  var opened = {};
  var kept = "";

  function errorOf(name) {
    return document.querySelector('[data-error-for="' + CSS.escape(name) + '"]');
  }

  function markErrors() {
    form.querySelectorAll("[data-error-for]").forEach(function (span) { span.textContent = ""; });
    form.querySelectorAll("[aria-invalid]").forEach(function (control) { control.removeAttribute("aria-invalid"); });
    answer.querySelectorAll("#problems a[data-control]").forEach(function (link) {
      var span = errorOf(link.dataset.control);
      if (!span) { return; }
      span.textContent = (span.textContent + " " + link.parentNode.querySelector("span").textContent).trim();
      var control = document.getElementById(span.id.replace(/-error$/, ""));
      if (control) { control.setAttribute("aria-invalid", "true"); }
    });
  }

  function count(group) {
    var names = {};
    group.querySelectorAll("input:checked, select, input[type=text]").forEach(function (control) {
      var value = control.value.trim();
      if (value && value !== "unknown" && /^(findings|tests|causes\.\w+\.state|invasive)/.test(control.name) && !/\.(started|last_dose|igm_before|igm_recovered_after_stop)$/.test(control.name)) {
        names[control.name.replace(/(invasive\[\d+\]).*/, "$1")] = true;
      }
    });
    if (Object.keys(names).some(function (name) { return name.indexOf("invasive[") === 0; })) {
      delete names["findings.invasive_infection"]; // its episodes are counted
    }
    var n = Object.keys(names).length;
    var shown = group.querySelector("[data-count]");
    if (shown) { shown.textContent = n ? n + " entered" : ""; }
  }

  // An episode that is described is an infection that was there.
  function markInvasive(control) {
    if (!/^invasive\[/.test(control.name) || (control.type === "checkbox" ? !control.checked : control.value === "unknown")) { return; }
    var present = form.querySelector('[name="findings.invasive_infection"][value="present"]');
    var unknown = form.querySelector('[name="findings.invasive_infection"][value="unknown"]');
    if (unknown.checked) { present.checked = true; }
  }

  function clearCourse(radio) {
    var cause = radio.closest(".cause");
    if (!cause || radio.type !== "radio" || radio.value === "present") { return; }
    cause.querySelectorAll(".course input").forEach(function (input) { input.value = ""; });
    cause.querySelectorAll(".course select").forEach(function (select) { select.value = "unknown"; });
  }

  form.addEventListener("input", function (event) {
    clearCourse(event.target);
    markInvasive(event.target);
    var group = event.target.closest(".group");
    if (group) { count(group); }
  });

  // A link of the error summary opens the group that hides its control, and puts the cursor there.
  answer.addEventListener("click", function (event) {
    var link = event.target.closest("#problems a[data-control]");
    if (!link) { return; }
    var target = document.getElementById(link.getAttribute("href").slice(1));
    if (!target) { return; }
    event.preventDefault();
    for (var box = target.closest("details"); box; box = box.parentElement.closest("details")) { box.open = true; }
    (target.querySelector("input") || target).focus();
    target.scrollIntoView({ block: "center" });
  });

  document.body.addEventListener("htmx:beforeSwap", function (event) {
    answer.querySelectorAll("details[id]").forEach(function (box) { opened[box.id] = box.open; });
    var more = document.getElementById("more");
    if (event.detail.target === answer) { kept = more ? more.innerHTML : ""; }
  });

  document.body.addEventListener("htmx:afterSwap", function (event) {
    var more = document.getElementById("more");
    if (event.detail.target === answer && more && kept) {
      more.innerHTML = kept; // greyed, until what takes longer has come: nothing jumps
      more.classList.add("stale");
    } else if (more && event.detail.target === more) {
      more.classList.remove("stale");
    }
    answer.querySelectorAll("details[id]").forEach(function (box) { if (opened[box.id]) { box.open = true; } });
    if (event.detail.target !== answer) { return; }
    markErrors();
    var headline = document.getElementById("headline");
    live.textContent = headline ? live.dataset.answer + " " + headline.dataset.headline : answer.querySelector("h2") ? answer.querySelector("h2").textContent : "";
  });

  function failed() {
    live.textContent = live.dataset.failed;
    if (document.getElementById("lost")) { return; }
    var box = document.createElement("p");
    box.id = "lost";
    box.className = "card problems";
    box.textContent = live.dataset.lost;
    answer.prepend(box);
  }
  document.body.addEventListener("htmx:sendError", failed);
  document.body.addEventListener("htmx:responseError", failed);
}());
